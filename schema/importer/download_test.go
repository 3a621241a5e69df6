package importer

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// index serves a package index with three releases of vllm; the wheel of 1.1
// is not what its hash says.
func index(t *testing.T) (*httptest.Server, *int) {
	t.Helper()
	var wheel bytes.Buffer
	z := zip.NewWriter(&wheel)
	for _, name := range []string{"vllm/__init__.py", "../vllm/evil.py", "vllm/../../evil.py", "other/x.py"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(w, "x = 1")
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(wheel.Bytes())
	good := hex.EncodeToString(sum[:])
	downloads := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/simple/vllm/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"files": [
			{"filename": "vllm-1.0.tar.gz", "url": "/files/big", "size": 999, "hashes": {"sha256": "00"}},
			{"filename": "vllm-1.0-py3-none-any.whl", "url": "../../files/vllm-1.0-py3-none-any.whl", "size": 9, "hashes": {"sha256": %q}},
			{"filename": "vllm-1.1-cp38-abi3-linux_x86_64.whl", "url": "/files/vllm-1.1.whl", "size": 9, "hashes": {"sha256": "00"}},
			{"filename": "vllm-1.2rc1.tar.gz", "url": "/files/x", "size": 9},
			{"filename": "vllm-0.9.post1.tar.gz", "url": "/files/x", "size": 9, "yanked": "broken"}
		]}`, good)
	})
	mux.HandleFunc("/files/", func(w http.ResponseWriter, r *http.Request) {
		downloads++
		w.Write(wheel.Bytes())
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server, &downloads
}

func TestDownload(t *testing.T) {
	server, downloads := index(t)
	cache := t.TempDir()
	im := Importer{Index: server.URL + "/simple", Cache: cache}

	releases, err := im.Available(t.Context(), "vllm")
	if err != nil || !slices.Equal(releases, []string{"1.0", "1.1"}) {
		t.Errorf("Available gives %v, %v", releases, err)
	}
	for range 2 { // the second time from the cache
		file, err := im.download(t.Context(), Spec{"vllm", "1.0"})
		if err != nil || filepath.Base(file) != "vllm-1.0-py3-none-any.whl" {
			t.Fatalf("download gives %s, %v", file, err)
		}
	}
	if *downloads != 1 {
		t.Errorf("%d downloads, want 1", *downloads)
	}
	if _, err = im.download(t.Context(), Spec{"vllm", "1.1"}); err == nil || !strings.Contains(err.Error(), "does not have the sha256") {
		t.Errorf("a wrong hash gives %v", err)
	}
	if _, err = im.download(t.Context(), Spec{"vllm", "2.0"}); err == nil || !strings.Contains(err.Error(), "the package index has no release 2.0 of vllm") {
		t.Errorf("a missing release gives %v", err)
	}
	if left, _ := os.ReadDir(cache); len(left) != 1 {
		t.Errorf("the cache holds %d files, want 1", len(left))
	}
}

// TestExtract writes nothing outside its folder and nothing of other packages.
func TestExtract(t *testing.T) {
	server, _ := index(t)
	cache := t.TempDir()
	file, err := Importer{Index: server.URL + "/simple", Cache: cache}.download(t.Context(), Spec{"vllm", "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	top := t.TempDir()
	folder := filepath.Join(top, "in")
	if err := extract(file, folder, "vllm"); err != nil {
		t.Fatal(err)
	}
	var found []string
	err = filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, strings.TrimPrefix(path, top))
		}
		return err
	})
	if err != nil || !slices.Equal(found, []string{"/in/vllm/__init__.py"}) {
		t.Errorf("extracted %v, %v", found, err)
	}
}
