package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// writePart writes rows of any form under the name of a part.
func writePart[R any](t *testing.T, dir string, number int, rows []R) (path string) {
	t.Helper()
	path = filepath.Join(dir, PartsDir, partName(number))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), parquet.WriteFile(path, rows)); err != nil {
		t.Fatal(err)
	}
	return path
}

// What looks like a part and is none is refused with its name and the reason.
func TestPartsRefused(t *testing.T) {
	long := strings.Repeat("x", longestText)
	longer := long + "x"
	type other struct {
		Seq uint64 `parquet:"seq"`
	}
	for name, c := range map[string]struct {
		put  func(dir string)
		want string
	}{
		"no row":              {func(dir string) { writePart(t, dir, 0, []partRow{}) }, ""},
		"the older form":      {func(dir string) { writePart(t, dir, 0, []olderRow{{Status: "ok"}}) }, ""},
		"as long as may be":   {func(dir string) { writePart(t, dir, 0, []partRow{{Status: "failed", Error: &long}}) }, ""},
		"longer":              {func(dir string) { writePart(t, dir, 0, []partRow{{Status: "ok", Error: &longer}}) }, ""},
		"other columns":       {func(dir string) { writePart(t, dir, 0, []other{{1}}) }, "reading records.parquet/part-00000.parquet: its columns are not those of a record file"},
		"a status":            {func(dir string) { writePart(t, dir, 0, []partRow{{Status: "fine"}}) }, `reading records.parquet/part-00000.parquet: unknown status "fine"`},
		"in the second place": {func(dir string) { writePart(t, dir, 0, []partRow{{Status: "ok"}}); writePart(t, dir, 1, []partRow{{}}) }, `reading records.parquet/part-00001.parquet: unknown status ""`},
		"no Parquet": {func(dir string) {
			if err := os.WriteFile(writePart(t, dir, 0, []partRow{}), []byte("PAR1"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "reading records.parquet/part-00000.parquet: "},
		"no folder": {func(string) {}, "reading Parquet records: "},
	} {
		dir := t.TempDir()
		c.put(dir)
		err := ReadParts(dir, func(r *Record) bool {
			if name == "as long as may be" && r.Error != long || name == "longer" && r.Error != "" {
				t.Errorf("%s: the text has %d bytes", name, len(r.Error))
			}
			return true
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	dir := t.TempDir()
	use := func(*parquet.File) error { return nil }
	for rows, want := range map[int]string{PartRows: "", PartRows + 1: "65537 rows; a part has 65536 at most"} {
		if err := openPart(writePart(t, dir, 0, make([]partRow, rows)), use); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
	path := writePart(t, dir, 1, []partRow{{}})
	if err := openPart(path, func(*parquet.File) error { panic("index out of range") }); err == nil || err.Error() != "the Parquet file is damaged: index out of range" {
		t.Errorf("the library gives up: %v", err)
	}
	if err := openPart(filepath.Join(dir, "none"), use); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Each part says of itself what it was given, and the file is closed once it is sealed.
func TestPartsSayWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	p, err := CreateParts(dir, nil, "simulated", "true", "model", "m", "odd")
	if err != nil {
		t.Fatal(err)
	}
	r := samples()[0]
	for number := range 2 {
		if err := p.Append(&r); err != nil {
			t.Fatal(err)
		}
		file := p.file
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("a sealed part is still open: %v", err)
		}
		err := openPart(filepath.Join(dir, PartsDir, partName(number)), func(f *parquet.File) error {
			for key, want := range map[string]string{"simulated": "true", "model": "m"} {
				if got, _ := f.Lookup(key); got != want {
					t.Errorf("part %d: %s is %q", number, key, got)
				}
			}
			if _, has := f.Lookup("odd"); has {
				t.Error("a key without a value is there")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// The first failure is the one that each later call tells.
func TestPartsStayFailed(t *testing.T) {
	dir := t.TempDir()
	p, err := CreateParts(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := samples()[0]
	if err := os.Remove(filepath.Join(dir, PartsDir)); err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"Append": func() error { return p.Append(&r) }, "SealOld": p.SealOld, "Close": p.Close,
	} {
		if p.err == nil {
			_ = p.Append(&r)
		}
		if err := do(); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "writing Parquet records: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A full part that cannot be sealed says so at the record that fills it, an old one when it is looked at.
	full := errors.New("no space left on device")
	for what, last := range map[string]func(*Parts) error{
		"full": func(p *Parts) error { p.limit = 2; return p.Append(&r) },
		"old":  func(p *Parts) error { p.MaxAge = 0; return p.SealOld() },
		"end":  (*Parts).Close,
	} {
		p, err := CreateParts(t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		p.sync = func(*os.File) error { return full }
		if err := p.Append(&r); err != nil {
			t.Fatal(err)
		}
		if err := last(p); !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "sealing Parquet records: ") {
			t.Errorf("%s: %v", what, err)
		}
		if err := p.Append(&r); !errors.Is(err, full) {
			t.Errorf("%s, then: %v", what, err)
		}
	}
}

// Parts that are whole are left as they are when the rest is written.
func TestCompleteKeepsWholeParts(t *testing.T) {
	const limit = 100
	dir, _ := journal(t, 3*limit+50)
	if n, err := complete(dir, limit, nil); err != nil || n != 3*limit+50 {
		t.Fatal(n, err)
	}
	name := func(i int) string { return filepath.Join(dir, PartsDir, partName(i)) }
	var before []os.FileInfo
	for i := range 4 {
		info, err := os.Stat(name(i))
		if err != nil {
			t.Fatal(err)
		}
		before = append(before, info)
	}
	if err := os.Truncate(name(2), before[2].Size()-1); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, PartsDir, partialPart), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := complete(dir, limit, nil); err != nil || n != 3*limit+50 {
		t.Fatal(n, err)
	}
	for i := range 2 {
		if info, err := os.Stat(name(i)); err != nil || !os.SameFile(info, before[i]) || !info.ModTime().Equal(before[i].ModTime()) {
			t.Errorf("part %d is not the file that it was: %v", i, err)
		}
	}
	if got := readParts(t, dir); len(got) != 3*limit+50 || got[3*limit].Seq != 3*limit {
		t.Errorf("%d records", len(got))
	}
	// Without a record file the parts are all that there is; without a folder nothing can be done.
	if err := os.Remove(filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := complete(dir, limit, nil); err != nil {
		t.Errorf("without the record file: %v", err)
	}
	if _, err := Complete(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "making the folder of Parquet records: ") {
		t.Errorf("without the run directory: %v", err)
	}
	// A folder instead of a part, or of the one under way, is nobody's to remove.
	for _, taken := range []string{name(1), filepath.Join(dir, PartsDir, partialPart)} {
		if err := errors.Join(os.RemoveAll(taken), os.MkdirAll(filepath.Join(taken, "x"), 0o755)); err != nil {
			t.Fatal(err)
		}
		if _, err := complete(dir, limit, nil); err == nil || !strings.HasPrefix(err.Error(), "removing ") {
			t.Errorf("a folder at %s: %v", taken, err)
		}
		if err := os.RemoveAll(taken); err != nil {
			t.Fatal(err)
		}
	}
}

// The copy is compared by what its parts state, and by the seal where there is one.
func TestCheckParts(t *testing.T) {
	const limit, n = 100, 250
	dir, _ := journal(t, n)
	if got := CheckParts(dir, n, nil); got != "" {
		t.Errorf("without a copy: %s", got)
	}
	if _, err := complete(dir, limit, nil); err != nil {
		t.Fatal(err)
	}
	if got := CheckParts(dir, n, nil); got != "" {
		t.Errorf("not sealed: %s", got)
	}
	if err := Seal(dir); err != nil {
		t.Fatal(err)
	}
	if got := CheckParts(dir, n, nil); got != "" {
		t.Errorf("as sealed: %s", got)
	}
	if got := CheckParts(dir, n+1, nil); got != "records.parquet has 250 records, records.jsonl has 251" {
		t.Error(got)
	}
	// Other files are not looked at here.
	if err := os.WriteFile(filepath.Join(dir, SummaryFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := CheckParts(dir, n, nil); got != "" {
		t.Errorf("with another file: %s", got)
	}
	for name, want := range map[string]string{
		FileName: "records.jsonl is not what was sealed", filepath.Join(PartsDir, partName(1)): "records.parquet/part-00001.parquet is not what was sealed",
	} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[20] ^= 1
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := CheckParts(dir, n, nil); !strings.HasPrefix(got, want) {
			t.Errorf("%s changed: %s", name, got)
		}
		text[20] ^= 1
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(filepath.Join(dir, PartsDir, partName(1)), 9); err != nil {
		t.Fatal(err)
	}
	if got := CheckParts(dir, n, nil); !strings.HasPrefix(got, "records.parquet/part-00001.parquet: ") {
		t.Error(got)
	}
}
