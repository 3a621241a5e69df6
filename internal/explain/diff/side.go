package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// The layers that a side has beside those of explain.
const (
	// CommandLine is the layer of what a flag says.
	CommandLine = "command line"
	// ManifestLayer is a value of a manifest, which does not say which file it is from.
	ManifestLayer = "manifest"
)

// FromView makes a side of an overlay. name translates the places' files, for
// copies that stand for others; nil leaves them.
func FromView(v *explain.View, name func(file string) string) Side {
	engine := v.Backend.Engine + " " + v.Release
	_, machine := config.UseCase(v.Overlay)
	s := Side{Name: v.Overlay, Machine: machine, Backend: v.Backend.Name, Engine: engine}
	s.Values = append(make([]explain.Value, 0, len(v.Values)+2), useCase("backend", v.Backend.Name), useCase("engine", engine))
	for _, value := range v.Values {
		if !value.Set || value.Name == "backend" || value.Group == explain.UseCase && value.Value == nil {
			continue
		}
		if name != nil {
			value.Chain = slices.Clone(value.Chain)
		}
		for i := range value.Chain {
			if pos := &value.Chain[i].Pos; name != nil && pos.File != "" {
				pos.File = name(pos.File)
			}
		}
		s.Values = append(s.Values, value)
	}
	s.Defaults = defaults(v.Backend, v.Schema)
	return s
}

func useCase(key, value string) explain.Value {
	return explain.Value{Name: key, Group: explain.UseCase, Value: value, Set: true, Chain: []explain.Step{{Layer: CommandLine, Key: key, Value: value}}}
}

// defaults looks the engine's own values up in its schema, which may be nil and
// is asked for once there is a key to look up.
func defaults(b *backend.Backend, load func() *schema.Schema) func(string) (any, bool) {
	return func(key string) (any, bool) {
		s := load()
		if s == nil {
			return nil, false
		}
		section, rest, _ := strings.Cut(key, ".")
		names := map[string]string{b.EngineSection(): schema.EngineConfig, b.SamplingSection(): schema.SamplingConfig}
		at, steps := s.Section(names[section]), strings.Split(rest, ".")
		for i, step := range steps {
			k, ok := at.Key(step)
			if !ok {
				break
			}
			if i == len(steps)-1 {
				return k.Default, k.HasDefault
			}
			at = s.Section(k.Config)
		}
		return nil, false
	}
}

// FromManifest makes a side of a manifest; keys are named as configurations
// name them, so that both compare.
func FromManifest(name string, m *manifest.Manifest) Side {
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok {
		b = &backend.Backend{Name: m.Backend, Engine: m.Engine.Name}
	}
	engine := m.Engine.Name + " " + m.Engine.Version
	s := Side{Name: name, Machine: m.Machine, Backend: m.Backend, Engine: engine}
	s.Defaults = defaults(b, sync.OnceValue(func() *schema.Schema {
		found, err := schema.Load(m.Engine.Name, m.Engine.Version)
		if err != nil {
			return nil // a release that is not known here: no defaults
		}
		return found
	}))
	r := manifestReader{file: name, overrides: m.Overrides, to: &s.Values}
	for _, top := range [][2]string{
		{"backend", m.Backend},
		{"engine", engine},
		{"benchmark_name", m.BenchmarkName},
		{"scenario", m.Scenario},
		{"test_mode", m.TestMode},
		{"engine_version", m.EngineVersion},
	} {
		if top[1] != "" {
			r.add(explain.UseCase, top[0], top[1])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.EnvConfig)) {
		r.add(explain.Environment, "env_config."+key, m.EnvConfig[key])
	}
	r.section(explain.Engine, b.EngineSection(), m.EngineConfig)
	r.section(explain.Sampling, b.SamplingSection(), m.SamplingConfig)
	r.section(explain.Harness, "harness_config", m.HarnessConfig)
	s.Values = append(s.Values, explain.LoadgenValues(m.Loadgen)...)
	return s
}

type manifestReader struct {
	file      string
	overrides []string
	to        *[]explain.Value
}

func (r *manifestReader) section(g explain.Group, path string, values map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if inner, ok := values[key].(map[string]any); ok && len(inner) > 0 {
			r.section(g, path+"."+key, inner)
			continue
		}
		r.add(g, path+"."+key, values[key])
	}
}

func (r *manifestReader) add(g explain.Group, key string, value any) {
	step := explain.Step{Layer: ManifestLayer, Key: key, Value: value, Pos: diag.Pos{File: r.file}}
	for i, o := range r.overrides {
		if strings.HasPrefix(o, key+"=") {
			step.Layer, step.Pos.File = "override", fmt.Sprintf("--set #%d", i+1)
		}
	}
	*r.to = append(*r.to, explain.Value{Name: key, Group: g, Value: value, Set: true, Chain: []explain.Step{step}})
}

// Combine makes one report of those of the same sides for several backends: a
// difference that all of them have stands once.
func Combine(reports []*Report) *Report {
	if len(reports) == 1 {
		return reports[0]
	}
	all := &Report{}
	for _, r := range reports {
		if all.Sides == nil {
			all.Sides, all.Table = r.Sides, r.Table
		} else {
			for i := range r.Sides {
				all.Sides[i].Engines = append(slices.Clip(all.Sides[i].Engines), r.Sides[i].Engines...)
			}
		}
		all.Backends = append(all.Backends, r.Backends...)
		all.Ignored = max(all.Ignored, r.Ignored)
		for _, row := range r.Rows {
			at := slices.IndexFunc(all.Rows, func(known Row) bool { return known.Key == row.Key && sameCells(known.Cells, row.Cells) })
			if at < 0 {
				all.Rows = append(all.Rows, row)
				continue
			}
			for _, b := range row.Backends {
				if !slices.Contains(all.Rows[at].Backends, b) {
					all.Rows[at].Backends = append(slices.Clip(all.Rows[at].Backends), b)
				}
			}
		}
	}
	all.sort()
	return all
}

func sameCells(a, b []Cell) bool {
	return slices.EqualFunc(a, b, func(x, y Cell) bool { return x.Set == y.Set && Equal(x.Value, y.Value) })
}
