package importer

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzArchive: whatever a package's archive holds, Python source is written
// below the folder alone, and no more of one file than is allowed.
func FuzzArchive(f *testing.F) {
	var zipped, tarred bytes.Buffer
	z := zip.NewWriter(&zipped)
	for _, name := range []string{"vllm/__init__.py", "vllm/../../up.py", "/vllm/abs.py", `vllm\win.py`} {
		if w, err := z.Create(name); err == nil {
			w.Write([]byte("x = 1\n"))
		}
	}
	z.Close()
	gz := gzip.NewWriter(&tarred)
	w := tar.NewWriter(gz)
	for _, name := range []string{"vllm-1/vllm/__init__.py", "vllm-1/vllm/../../../up.py"} {
		w.WriteHeader(&tar.Header{Name: name, Size: 2, Mode: 0o644, Typeflag: tar.TypeReg})
		w.Write([]byte("x\n"))
	}
	w.WriteHeader(&tar.Header{Name: "vllm-1/vllm/link.py", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink})
	w.Close()
	gz.Close()
	f.Add(zipped.Bytes(), true)
	f.Add(tarred.Bytes(), false)
	f.Fuzz(func(t *testing.T, data []byte, asZip bool) {
		outer := t.TempDir()
		name := filepath.Join(outer, "p.tar.gz")
		if asZip {
			name = filepath.Join(outer, "p.whl")
		}
		folder := filepath.Join(outer, "in", "folder")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = extract(name, folder, "vllm")
		err := filepath.WalkDir(outer, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path == name {
				return err
			}
			info, err := d.Info()
			if !strings.HasPrefix(path, folder+"/vllm/") || err != nil || !info.Mode().IsRegular() || info.Size() > maxSource {
				t.Errorf("%s is written: %v, %v", path, info.Mode(), err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzReader: the reader takes a package's source as text. It refuses it, or
// tells a record; it never runs any of it.
func FuzzReader(f *testing.F) {
	if _, err := exec.LookPath("python3"); err != nil {
		f.Skip("SKIPPED, no python3")
	}
	f.Add("import os\nopen('ran', 'w')\nclass EngineArgs:\n    model: str = 'x'\n    n: int | None = (1 << 99) * 3\n")
	f.Add("from dataclasses import dataclass\n@dataclass\nclass EngineArgs:\n    a: 'Literal[\"x\", 1]' = field(default_factory=lambda: [1][2])\n    def add_cli_args(parser):\n        parser.add_argument('--a', type=eval, default=__import__('os').system('true'))\n")
	f.Add("x = " + strings.Repeat("(", 300))
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 20_000 {
			return
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "vllm", "engine", "arg_utils.py")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{file: source, filepath.Join(dir, "vllm", "__init__.py"): ""} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Importer{}.Path(t.Context(), Spec{"vllm", "1.0"}, dir)
		if err == nil {
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		}
		for _, ran := range []string{"ran", filepath.Join(dir, "ran")} {
			if _, err := os.Stat(ran); err == nil {
				os.Remove(ran)
				t.Error("the source was run")
			}
		}
	})
}
