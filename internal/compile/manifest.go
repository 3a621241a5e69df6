package compile

import (
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/check"
	"mlcfg/internal/compile/spell"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// manifest puts a manifest together from values without faults.
func (c *Compiler) manifest(of *config.Config, v *check.Config, load frozen) *manifest.Manifest {
	variant, machine := config.UseCase(of.Overlay.Path)
	m := &manifest.Manifest{
		BenchmarkName: text(v.Top, "benchmark_name"), Scenario: text(v.Top, "scenario"), TestMode: text(v.Top, "test_mode"),
		Machine: machine, Variant: variant,
		Backend: v.Backend.Name, EngineVersion: text(v.Top, "engine_version"),
		Engine:    manifest.Engine{Name: v.Backend.Engine, Version: v.Schema.Release, Fork: v.Schema.Fork},
		EnvConfig: v.Env, EngineConfig: v.EngineConfig, SamplingConfig: v.SamplingConfig, HarnessConfig: v.Harness,
		Harness: load.round, Data: load.data, Loadgen: load.section,
		Sources: []manifest.Source{
			{Path: of.Relative(of.Base.Path), SHA256: of.Base.SHA256},
			{Path: of.Relative(of.Overlay.Path), SHA256: of.Overlay.SHA256},
		},
		Overrides: of.Overrides,
		Schema:    c.digest(v.Round, v.Schema),
	}
	if of.OmegaConf != source.OmegaConf23 {
		m.OmegaConf = of.OmegaConf.String()
	}
	if load.source.Path != "" {
		m.Sources = append(m.Sources, load.source)
	}
	return m
}

// own reports whether a key of an engine is one of the site's own, or of the fork.
func (c *Compiler) own(b *backend.Backend, s *schema.Schema) func(key string) bool {
	return func(key string) bool {
		return s.OfFork(schema.EngineConfig, key) || c.options.Site != nil && c.options.Site.Has(b.EngineSection(), key)
	}
}

// unspelled is a value that the server's command line cannot say.
func (c *Compiler) unspelled(config *config.Config, t Target, f *spell.Fault) diag.Diagnostic {
	key := f.Key
	if name, ok := strings.CutPrefix(key, schema.EngineConfig+"."); ok {
		key = t.Backend.EngineSection() + "." + name
	}
	return diag.Diagnostic{
		Pos: placeIn(t.Tree, config, key), Severity: diag.Error, Code: "no-argument", Key: key, Backend: t.Backend.Name,
		Message: f.Message, Hint: f.Hint,
	}
}

// digest is of all schemas that a configuration was held to.
func (c *Compiler) digest(round, engine *schema.Schema) string {
	parts := round.Digest + "\n" + engine.Digest + "\n"
	if c.options.Site != nil {
		parts += c.options.Site.Digest + "\n"
	}
	return manifest.Digest([]byte(parts))
}

func text(values map[string]any, key string) string {
	s, _ := manifest.Text(values, key)
	return s
}
