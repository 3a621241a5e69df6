package compile

import (
	"os"
	"path/filepath"
	"testing"

	"mlcfg/internal/config"
	"mlcfg/internal/manifest"
	"mlcfg/tools/sharedata"
)

// FuzzLint: no overlay makes the check panic, every finding in the overlay has
// a place in it, and a manifest without faults is read back.
func FuzzLint(f *testing.F) {
	root := filepath.Join(sharedata.Root(f), "testdata")
	cases, err := filepath.Glob(filepath.Join(root, "*", "*.yaml"))
	if err != nil || len(cases) == 0 {
		f.Fatal("no cases")
	}
	for _, path := range cases {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	p := config.New(config.Options{Base: filepath.Join(root, "config.yaml"), Overrides: []string{"harness_config.target_qps=5", "a.b.0=[1"}})
	clean := config.New(config.Options{Base: filepath.Join(root, "config.yaml")})
	c := New(Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []*config.Project{p, clean} {
			config, err := p.LoadText("offline_x.yaml", data)
			if err != nil {
				t.Fatal(err)
			}
			out := c.Check(config)
			for _, d := range out.Found {
				if d.Severity == 0 || d.Code == "" || d.Message == "" || d.Pos.File == "" {
					t.Errorf("incomplete finding %+v", d)
				}
			}
			for _, target := range out.Targets {
				if target.Manifest == nil {
					continue
				}
				encoded, err := target.Manifest.YAML()
				if err != nil {
					t.Fatalf("no finding, but no manifest either: %v", err)
				}
				if _, err := manifest.Decode("m.yaml", encoded); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
