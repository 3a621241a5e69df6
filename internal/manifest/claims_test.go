package manifest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestClaims holds what a manifest claims to what it is decoded to.
func TestClaims(t *testing.T) {
	files, _ := filepath.Glob("../../cmd/mlrun/testdata/manifests/*.yaml")
	if len(files) == 0 {
		t.Fatal("there are no manifests")
	}
	seen := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Decode(file, data)
		if err != nil {
			continue
		}
		seen++
		want := &Manifest{
			Backend: whole.Backend, Engine: whole.Engine, Harness: whole.Harness, Data: whole.Data,
			Overrides: whole.Overrides, Sources: whole.Sources, HarnessConfig: whole.HarnessConfig,
		}
		if diff := cmp.Diff(want, Claims(data)); diff != "" {
			t.Errorf("%s (-decoded +claimed):\n%s", file, diff)
		}
	}
	if seen == 0 {
		t.Error("none could be decoded")
	}
	for _, text := range []string{"", "\n", "{}\n", "kind: mlcfg/manifest\n", "a", " a: 1\n", "sources:\n", "format: 1\nkind: mlcfg/manifest\n"} {
		if m := Claims([]byte(text)); m != nil {
			t.Errorf("%q claims %+v", text, m)
		}
	}
}

func FuzzClaims(f *testing.F) {
	f.Add([]byte("backend: vllm\nengine:\n  name: vllm\n\nkind:"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m := Claims(data); m != nil && m.Backend == "" {
			t.Error("it claims no backend")
		}
	})
}
