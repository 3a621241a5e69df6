package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersion(t *testing.T) {
	for described, want := range map[string]string{
		"v1.2.3":                  "1.2.3",
		"1.2":                     "1.2",
		"v1.2.0rc1":               "1.2.0rc1",
		"v1.2.3-4-g00bda8f":       "1.2.3.post4+g00bda8f",
		"v1.2.3-4-g00bda8f-dirty": "1.2.3.post4+g00bda8f.dirty",
		"00bda8f":                 "0.dev0+g00bda8f",
		"00bda8f-dirty":           "0.dev0+g00bda8f.dirty",
		"dev":                     "0.dev0",
		"release":                 "",
		"v1.2.3 ":                 "",
		"v1-beta":                 "",
	} {
		got, err := pep440(described)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", described, got, err, want)
		}
	}
}

// TestPin: a release that the hooks of the same commit would not install is refused, a commit is not.
func TestPin(t *testing.T) {
	if err := checkPin("987.6.5"); err == nil || !strings.Contains(err.Error(), "pyproject.toml") {
		t.Errorf("a release that pyproject.toml does not ask for: %v", err)
	}
	if err := checkPin("0.dev0+g00bda8f"); err != nil {
		t.Error(err)
	}
}

func TestWheel(t *testing.T) {
	binary := bytes.Repeat([]byte("a static binary\n"), 1000)
	w := &wheel{
		name: "mlcfg", version: "1.2.3", tags: platforms[0].tags, metadata: programs[0].metadata("1.2.3"), script: "mlcfg",
		binary: binary, licences: map[string][]byte{"LICENSE": []byte("free"), "go/LICENSE": []byte("free too")},
	}
	first, err := w.bytes()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := w.bytes(); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same content makes other bytes, %v", err)
	}
	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names, record []string
	for _, f := range archive.File {
		names = append(names, fmt.Sprint(f.Mode(), " ", f.Name))
		if y := f.Modified.Year(); y != 1980 {
			t.Errorf("%s is of %d", f.Name, y)
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		switch sum := sha256.Sum256(data); {
		case strings.HasSuffix(f.Name, "/RECORD"):
			if diff := cmp.Diff(strings.Join(record, "")+f.Name+",,\n", string(data)); diff != "" {
				t.Errorf("RECORD (-want +got)\n%s", diff)
			}
		case strings.HasSuffix(f.Name, "/WHEEL"):
			want := "Wheel-Version: 1.0\nGenerator: mlcfg/tools/wheels\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_17_x86_64\nTag: py3-none-manylinux2014_x86_64\nTag: py3-none-musllinux_1_1_x86_64\n"
			if diff := cmp.Diff(want, string(data)); diff != "" {
				t.Errorf("WHEEL (-want +got)\n%s", diff)
			}
			fallthrough
		default:
			record = append(record, fmt.Sprintf("%s,sha256=%s,%d\n", f.Name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data)))
		}
	}
	want := []string{
		"-rwxr-xr-x mlcfg-1.2.3.data/scripts/mlcfg",
		"-rw-r--r-- mlcfg-1.2.3.dist-info/licenses/LICENSE",
		"-rw-r--r-- mlcfg-1.2.3.dist-info/licenses/go/LICENSE",
		"-rw-r--r-- mlcfg-1.2.3.dist-info/METADATA",
		"-rw-r--r-- mlcfg-1.2.3.dist-info/WHEEL",
		"-rw-r--r-- mlcfg-1.2.3.dist-info/RECORD",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("entries (-want +got)\n%s", diff)
	}
	if !strings.Contains(w.metadata, "Provides-Extra: run\nRequires-Dist: mlrun==1.2.3; extra == \"run\"\n") {
		t.Errorf("the extra is not there:\n%s", w.metadata)
	}
}
