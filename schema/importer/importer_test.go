package importer

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/goldenfile"
)

func needPython(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIPPED, no python3")
	}
}

// TestRead reads small packages, one for each way in which releases have
// written down their arguments.
func TestRead(t *testing.T) {
	needPython(t)
	for _, name := range []string{"vllm_parser", "vllm_settings", "sglang_dataclass", "sglang_records", "trtllm_jsonschema", "trtllm_classes"} {
		t.Run(name, func(t *testing.T) {
			engine, _, _ := strings.Cut(name, "_")
			text := importText(t, Spec{engine, "1.0"}, filepath.Join("testdata", name))
			golden := filepath.Join("testdata", name+".cue")
			goldenfile.Check(t, golden, text)
			s, err := parse(golden, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, section := range s.Sections() {
				for _, k := range s.Section(section).Keys() {
					if faults := k.Check(k.Default); k.HasDefault && len(faults) > 0 {
						t.Errorf("%s refuses its default: %s", k.Name, faults[0].Message)
					}
				}
			}
		})
	}
}

func importText(t *testing.T, spec Spec, path string) string {
	t.Helper()
	record, err := Importer{}.Path(t.Context(), spec, path)
	if err != nil {
		t.Fatal(err)
	}
	store := NewStore(spec.Engine)
	if err := store.Add(record); err != nil {
		t.Fatal(err)
	}
	return store.Text()
}

// TestForms reads one package as a folder, a wheel, a source archive and an
// installed package: the same bytes.
func TestForms(t *testing.T) {
	needPython(t)
	spec := Spec{"vllm", "1.0"}
	folder := filepath.Join("testdata", "vllm_parser")
	want := importText(t, spec, folder)
	dir := t.TempDir()
	wheel, sdist := filepath.Join(dir, "vllm-1.0-py3-none-any.whl"), filepath.Join(dir, "vllm-1.0.tar.gz")
	writeArchives(t, folder, wheel, sdist)
	python := filepath.Join(dir, "python")
	script := "#!/bin/sh\nPYTHONPATH='" + abs(t, folder) + "' exec python3 \"$@\"\n"
	if err := os.WriteFile(python, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(folder, "vllm"), wheel, sdist, python} {
		if got := importText(t, spec, path); got != want {
			t.Errorf("%s gives other bytes than the folder", filepath.Base(path))
		}
	}
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func writeArchives(t *testing.T, folder, wheel, sdist string) {
	t.Helper()
	var zipped, tarred bytes.Buffer
	z := zip.NewWriter(&zipped)
	gz := gzip.NewWriter(&tarred)
	tw := tar.NewWriter(gz)
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return err
		}
		w, err := z.Create(path)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		if err := tw.WriteHeader(&tar.Header{Name: "vllm-1.0/" + path, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err = tw.Write(text)
		return err
	})
	for _, e := range []error{err, z.Close(), tw.Close(), gz.Close(), os.WriteFile(wheel, zipped.Bytes(), 0o644), os.WriteFile(sdist, tarred.Bytes(), 0o644)} {
		if e != nil {
			t.Fatal(e)
		}
	}
}
