package dataset

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/plainfile"

	"github.com/klauspost/compress/gzip"
)

// file is a data set's file and what its first bytes tell.
type file struct {
	path   string
	packed *compression // nil where it is not compressed
	format string
}

// sniff finds out a file's format.
func sniff(path string) (file, error) {
	f := file{path: path}
	if st, err := os.Stat(path); err != nil {
		return f, err
	} else if !st.Mode().IsRegular() {
		return f, fmt.Errorf("not a regular file")
	}
	head, err := f.head()
	if err != nil {
		return f, err
	}
	for i := range compressions {
		if c := &compressions[i]; bytes.HasPrefix(head, []byte(c.magic)) {
			f.packed = c
			if head, err = f.head(); err != nil {
				return f, err
			}
			break
		}
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return f, errors.New("the text is UTF-16: write it as UTF-8")
	}
	f.format = formatOf(head, path)
	return f, nil
}

func (f file) head() ([]byte, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, 4096)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:n], nil
}

func formatOf(head []byte, path string) string {
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "parquet"
	case len(head) >= 2 && head[0] == 0x80 && head[1] < 16:
		return "pickle"
	}
	ext := extension(path)
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch ext {
	case ".pkl", ".pickle":
		return "pickle"
	case ".parquet":
		return "parquet"
	case ".csv", ".tsv":
		return "csv"
	case ".jsonl", ".ndjson":
		return "jsonl"
	}
	switch {
	case bytes.HasPrefix(text, []byte("[")):
		return "json"
	case bytes.HasPrefix(text, []byte("{")):
		if ext == ".json" {
			return "json" // which reads a sequence of objects too
		}
		return "jsonl"
	}
	return ext
}

// extension returns a file name's extension, which says its format, in lower case and
// without that of a compression.
func extension(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for _, c := range compressions {
		if short, ok := strings.CutSuffix(name, c.ext); ok {
			name = short
			break
		}
	}
	return filepath.Ext(name)
}

// compression is a way to compress a file: how it begins, how its name ends, and what
// undoes it.
type compression struct {
	magic, ext string
	open       func(io.Reader) (io.ReadCloser, error)
}

var compressions = []compression{
	{"\x1f\x8b", ".gz", func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"\x28\xb5\x2f\xfd", ".zst", openZstd},
	{"BZh", ".bz2", func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }},
	{"\xfd7zXZ\x00", ".xz", openXZ},
}

// open opens the file's content, decompressed.
func (f file) open() (io.ReadCloser, error) {
	r, err := plainfile.Open(f.path)
	if err != nil || f.packed == nil {
		return r, err
	}
	z, err := f.packed.open(bufio.NewReaderSize(r, 256<<10))
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return &packedFile{z, r}, nil
}

type packedFile struct {
	io.ReadCloser
	file *os.File
}

func (p *packedFile) Close() error {
	return errors.Join(p.ReadCloser.Close(), p.file.Close())
}
