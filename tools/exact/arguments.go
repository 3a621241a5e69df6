package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/compile/spell"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// compareArguments compiles every key of the engine's section with several values,
// plans each, and has the release's own parser read the command line. Where a value is
// refused here it is spelled all the same, to see what the engine would make of it.
func compareArguments(ctx context.Context, e *release) ([]tried, error) {
	c, remove, err := newCompiler(e, "")
	if err != nil {
		return nil, err
	}
	defer remove()
	blank, said, _, err := c.compile(c.backend.EngineSection(), c.backend.Model, model)
	if err != nil || blank == nil {
		return nil, fmt.Errorf("the configuration with nothing set does not compile: %s, %w", said, err)
	}
	var cases, unplanned []tried // unplanned are refused before there is something to ask
	var asked [][2]any
	var written []any
	for _, key := range e.schema.Section(schema.EngineConfig).Keys() {
		for _, v := range values(e.schema, key) {
			m, said, code, err := c.compile(c.backend.EngineSection(), key.Name, yamlText(v))
			if err != nil {
				return nil, err
			}
			t := tried{engine: e.Engine, key: key.Name, value: yamlText(v), ours: said, code: code}
			if m == nil {
				m = with(blank, key.Name, v)
				if len(spell.Manifest(m, e.schema, nil)) > 0 {
					continue // refused, and no word for it
				}
			}
			words, notes, err := planned(m, key.Name)
			t.ours += notes
			if err != nil {
				if code == "" {
					t.verdict, t.code, t.ours = refused, "plan", err.Error()
					unplanned = append(unplanned, t)
				}
				continue
			}
			cases, asked, written = append(cases, t), append(asked, [2]any{key.Name, words}), append(written, m.EngineConfig[key.Name])
		}
	}
	answers, err := e.ask(ctx, "arguments", asked)
	if err != nil {
		return nil, err
	}
	var judged []tried
	for i, a := range answers {
		if strings.HasPrefix(a.Error, "ImportError") || strings.HasPrefix(a.Error, "ModuleNotFoundError") {
			continue // what is installed here decides, and not the value
		}
		judged = append(judged, judge(cases[i], written[i], a, cases[i].code))
	}
	return append(judged, unplanned...), nil
}

// with is a manifest with another value of a key, unspelled.
func with(blank *manifest.Manifest, key string, v any) *manifest.Manifest {
	m := *blank
	m.EngineConfig = maps.Clone(blank.EngineConfig)
	m.EngineConfig[key] = v
	m.Roles = nil
	return &m
}

// planned are the words of mlrun's plan behind those that start the engine, and what
// it notes on the key.
func planned(m *manifest.Manifest, key string) (words []string, notes string, err error) {
	p, err := engine.NewPlan(m, engine.Options{DeviceEnv: engine.NoDevices})
	if err != nil {
		return nil, "", err
	}
	role, err := m.Serving()
	if err != nil {
		return nil, "", err
	}
	for _, n := range p.Notes {
		if strings.Contains(n, "engine_config."+key+" ") {
			notes += n
		}
	}
	words = slices.Clone(p.Replicas[0].Command[len(role.Program):])
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "{port}", "8000")
	}
	return words, notes, nil
}
