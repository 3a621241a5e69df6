package gitrev

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzSplit(f *testing.F) {
	f.Add("HEAD~1:models/a.yaml")
	f.Add("-x:y")
	f.Add(":")
	f.Fuzz(func(t *testing.T, arg string) {
		rev, path, ok := Split(arg)
		if ok && (rev == "" || rev[0] == '-' || rev+":"+path != arg) {
			t.Errorf("%q is %q and %q", arg, rev, path)
		}
	})
}

// FuzzReceive: whatever git says, files are written below the folder alone.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("100644 blob aa 2\tconfig.yaml\x00100644 blob bb 1\tm/o.yaml\x00"), []byte("aa blob 2\na:\nbb blob 1\nb\n"))
	f.Add([]byte("100644 blob aa 2\t../up.yaml\x00120000 blob aa 2\tlink.yaml\x00"), []byte("aa blob 2\na:\n"))
	f.Add([]byte("100644 blob aa -9\tx.yaml\x00100644 blob aa 9223372036854775807\ty.yaml\x00"), []byte("aa blob -9\n"))
	f.Add([]byte("100644 blob aa 1\tx.yaml\x00100644 blob aa 1\tx.yaml/y.yaml\x00"), []byte("aa blob 1\na\naa blob 1\na\n"))
	f.Fuzz(func(t *testing.T, tree, answer []byte) {
		files := parseTree(tree)
		outer := t.TempDir()
		dir := filepath.Join(outer, "copy")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		_ = receive(bufio.NewReader(bytes.NewReader(answer)), files, dir)
		err := filepath.WalkDir(outer, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !strings.HasPrefix(path, dir+string(filepath.Separator)) {
				t.Errorf("%s is written", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
