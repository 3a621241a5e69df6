package compile

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mlcfg/internal/config"
)

// TestDeterminism compiles one input again and again: in other folders, from
// other working directories, by relative and absolute paths, in another
// environment, side by side. The bytes are the same.
func TestDeterminism(t *testing.T) {
	one := corpus(t)[0]
	baseData, err := os.ReadFile(one.base)
	if err != nil {
		t.Fatal(err)
	}
	overlayData, err := os.ReadFile(one.path)
	if err != nil {
		t.Fatal(err)
	}
	place := func() string {
		dir := filepath.Join(t.TempDir(), "some where")
		write(t, filepath.Join(dir, "config.yaml"), baseData)
		write(t, filepath.Join(dir, "models", "m", "offline_x.yaml"), overlayData)
		return dir
	}
	overrides := []string{"harness_config.target_qps=5", "vllm_env_config.A=1"}
	compileAt := func(o config.Options, overlay string) []byte {
		o.Overrides = overrides
		config, err := config.New(o).Load(overlay)
		if err != nil {
			t.Fatal(err)
		}
		out := New(Options{Backends: []string{"vllm"}}).Check(config)
		if out.Found.HasErrors() {
			t.Fatal(out.Found)
		}
		data, err := out.Targets[0].Manifest.YAML()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := place()
	want := compileAt(config.Options{}, filepath.Join(first, "models", "m", "offline_x.yaml"))
	check := func(how string, got []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes:\n%s\nwant\n%s", how, got, want)
		}
	}
	second := place()
	check("another folder", compileAt(config.Options{}, filepath.Join(second, "models", "m", "offline_x.yaml")))
	check("a base that is named", compileAt(config.Options{Base: filepath.Join(second, "config.yaml")}, filepath.Join(second, "models", "m", "offline_x.yaml")))
	t.Chdir(filepath.Join(second, "models"))
	check("a relative path", compileAt(config.Options{}, filepath.Join("m", "offline_x.yaml")))
	t.Chdir(filepath.Join(second, "models", "m"))
	check("the overlay's own folder", compileAt(config.Options{Base: "../../config.yaml"}, "offline_x.yaml"))
	for _, name := range []string{"HOME", "USER", "LANG", "LC_ALL", "TZ", "HOSTNAME", "TMPDIR"} {
		t.Setenv(name, "else")
	}
	check("another environment", compileAt(config.Options{}, "offline_x.yaml"))

	p, c := config.New(config.Options{Overrides: overrides}), New(Options{Backends: []string{"vllm"}})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			config, err := p.Load("offline_x.yaml")
			if err != nil {
				t.Error(err)
				return
			}
			data, err := c.Check(config).Targets[0].Manifest.YAML()
			if err != nil || !bytes.Equal(data, want) {
				t.Errorf("side by side: other bytes (%v)", err)
			}
		})
	}
	wg.Wait()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
