package run

import (
	"slices"
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
)

func TestDifferences(t *testing.T) {
	for _, c := range []struct {
		name     string
		external bool
		endpoint engine.Endpoint
		want     []string
	}{
		{"the manifest's release", false, engine.Endpoint{Release: "0.9.2", Model: "x"}, nil},
		{"a build of it", false, engine.Endpoint{Release: "0.9.2+rocm641"}, nil},
		{"another", false, engine.Endpoint{Release: "0.32.0"}, []string{"replica 0 is vllm 0.32.0; the manifest was checked against 0.9.2"}},
		{"a candidate of it", false, engine.Endpoint{Release: "0.9.2rc1"}, []string{"replica 0 is vllm 0.9.2rc1; the manifest was checked against 0.9.2"}},
		{"unknown", false, engine.Endpoint{}, []string{"replica 0 does not say which release it is; the manifest was checked against vllm 0.9.2"}},
		{"another model", true, engine.Endpoint{Release: "0.9.2", Model: "y"}, []string{`replica 0 serves "y"; the manifest's model is "/model"`}},
		{"simulated", true, engine.Endpoint{Simulated: true, Model: "y"}, nil},
	} {
		b, _ := backend.Of("vllm")
		p := &Plan{
			Engine:   &engine.Plan{External: c.external, Facts: b},
			Manifest: &manifest.Manifest{Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EngineConfig: map[string]any{"model": "/model"}},
		}
		if got := p.differences([]engine.Endpoint{c.endpoint}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
