package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"mlcfg/internal/plainfile"
)

// ReadParts calls yield for each record of the Parquet parts in the run directory
// dir, in the order in which they were written, and stops when yield returns
// false. The record is only valid during the call. A directory without parts
// returns os.ErrNotExist.
func ReadParts(dir string, yield func(*Record) bool) error {
	path := filepath.Join(dir, PartsDir)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("reading Parquet records: %w", err)
	}
	for number := 0; ; number++ {
		name := filepath.Join(path, partName(number))
		stopped := false
		err := readPart(name, func(r *Record) bool {
			stopped = !yield(r)
			return !stopped
		})
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("reading %s/%s: %w", PartsDir, partName(number), err)
		case stopped:
			return nil
		}
	}
}

// CheckParts compares the Parquet parts in the run directory dir with a record file
// of so many records, without reading a row: by the counts that the parts state, and
// by the seal, where there is one. It returns what is not as it should be, empty where
// all is. A directory without parts has none that could differ. Files whose digests are
// known are not read again.
func CheckParts(dir string, records int, known Digests) string {
	have := 0
	for number := 0; ; number++ {
		err := openPart(filepath.Join(dir, PartsDir, partName(number)), func(f *parquet.File) error {
			have += int(f.NumRows())
			return nil
		})
		switch {
		case errors.Is(err, os.ErrNotExist) && number == 0:
			return ""
		case errors.Is(err, os.ErrNotExist):
			if have != records {
				return fmt.Sprintf("%s has %d records, %s has %d", PartsDir, have, FileName, records)
			}
			return sealedParts(dir, known)
		case err != nil:
			return fmt.Sprintf("%s/%s: %v", PartsDir, partName(number), err)
		}
	}
}

// sealedParts says which of the parts, or the record file, is not what was sealed.
func sealedParts(dir string, known Digests) string {
	changed, err := checkSeal(dir, known, func(name string) bool { return name == FileName || strings.HasPrefix(name, PartsDir+"/") })
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "" // not sealed yet
	case err != nil:
		return err.Error()
	case len(changed) > 0:
		return changed[0]
	}
	return ""
}

// longestText bounds texts out of a part as the record file's lines are.
const longestText = longestLine

// openPart opens a part and checks that it has the columns of one. The library
// guards against damaged files, but not at every place.
func openPart(path string, use func(*parquet.File) error) (err error) {
	f, err := plainfile.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the Parquet file is damaged: %v", p)
		}
	}()
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	if !isPart(file.Schema()) {
		return errors.New("its columns are not those of a record file")
	}
	if n := file.NumRows(); n < 0 || n > PartRows {
		return fmt.Errorf("%d rows; a part has %d at most", n, PartRows)
	}
	return use(file)
}

// isPart reports whether a file's columns are those of partRow, or the first of them.
// The name of the schema, which is that of its Go type, does not count.
func isPart(got *parquet.Schema) bool {
	columns := func(s *parquet.Schema) string {
		_, text, _ := strings.Cut(s.String(), "{")
		return strings.TrimSuffix(text, "}")
	}
	return len(got.Columns()) >= firstColumns && strings.HasPrefix(columns(parquet.SchemaOf(partRow{})), columns(got))
}

func readPart(path string, yield func(*Record) bool) error {
	return openPart(path, func(file *parquet.File) error { return readRows(file, yield) })
}

// Complete writes the records that the record file in the run directory dir has
// and its Parquet parts have not: those of a run that was killed. A part that
// cannot be read, and all after it, is written again. It tells how many records
// the parts then hold.
func Complete(dir string, about ...string) (records int, err error) {
	return complete(dir, PartRows, about)
}

func complete(dir string, limit int, about []string) (records int, err error) {
	path := filepath.Join(dir, PartsDir)
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return 0, fmt.Errorf("making the folder of Parquet records: %w", err)
	}
	number, have, err := whole(path)
	if err != nil {
		return 0, err
	}
	p := newParts(path, number, limit, about)
	var failed error
	err = ReadFile(filepath.Join(dir, FileName), func(r *Record) bool {
		if records++; records > have {
			failed = p.Append(r)
		}
		return failed == nil
	})
	if errors.Is(err, ErrTorn) || errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, failed, p.Close()); err != nil {
		return 0, err
	}
	// The part under way when the run ended is in a part of its own now.
	if err := os.Remove(filepath.Join(path, partialPart)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return records, fmt.Errorf("removing the part that was under way: %w", err)
	}
	return records, nil
}

// whole counts the parts that can be read, and their rows, up to the first that
// cannot, and removes that one and those after it.
func whole(path string) (parts, rows int, err error) {
	bad := false
	for number := 0; ; number++ {
		name := filepath.Join(path, partName(number))
		n := 0
		if !bad {
			err := readPart(name, func(*Record) bool { n++; return true })
			if errors.Is(err, os.ErrNotExist) {
				return parts, rows, nil
			}
			if bad = err != nil; !bad {
				parts, rows = parts+1, rows+n
				continue
			}
		}
		if err := os.Remove(name); errors.Is(err, os.ErrNotExist) {
			return parts, rows, nil
		} else if err != nil {
			return 0, 0, fmt.Errorf("removing a damaged part of the Parquet records: %w", err)
		}
	}
}
