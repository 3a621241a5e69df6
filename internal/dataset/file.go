package dataset

import (
	"bufio"
	"bytes"
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
	gzip   bool
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
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		f.gzip = true
		if head, err = f.head(); err != nil {
			return f, err
		}
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
	name := strings.ToLower(strings.TrimSuffix(filepath.Base(path), ".gz"))
	ext := filepath.Ext(name)
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

// open opens the file's content, decompressed.
func (f file) open() (io.ReadCloser, error) {
	r, err := plainfile.Open(f.path)
	if err != nil || !f.gzip {
		return r, err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 256<<10))
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return &gzipFile{z, r}, nil
}

type gzipFile struct {
	*gzip.Reader
	file *os.File
}

func (g *gzipFile) Close() error {
	return errors.Join(g.Reader.Close(), g.file.Close())
}
