package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/dataset"
	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"

	"mlcfg/internal/run"
)

// kind is a way in which inputs are read.
type kind struct {
	name, what string
	number     int
	damage     func(*rand.Rand) []byte
	read       func([]byte) result
}

func find(kinds []kind, name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

// kinds reads what is to be damaged below the repository's root. dir takes what
// readers want as files.
func kinds(root, dir string) ([]kind, error) {
	overlays, err := load(filepath.Join(root, "examples/models/*/*.yaml"), filepath.Join(root, "cmd/mlcfg/testdata/migrate/*.yaml"))
	if err != nil {
		return nil, err
	}
	base, err := os.ReadFile(filepath.Join(root, "examples/config.yaml"))
	if err != nil {
		return nil, err
	}
	pickles, err := load(filepath.Join(root, "internal/dataset/pandas/testdata/*.pkl"))
	if err != nil {
		return nil, err
	}
	manifests, err := compiled(root, overlays)
	if err != nil {
		return nil, err
	}
	c := compile.New(compile.Options{Maps: pathmap.Map{{From: "/conf", To: filepath.Join(root, "examples/conf")}}})
	return []kind{
		{"lint", "`mlcfg lint`, overlays", 0, anyOf(overlays), func(input []byte) result {
			return lint(c, filepath.Join(root, "examples/config.yaml"), input)
		}},
		{"compile", "`mlcfg compile`, shared configurations", 1, anyOf([][]byte{base}), func(input []byte) result {
			return compileBase(c, filepath.Join(dir, "config.yaml"), input, overlays[0])
		}},
		{"plan", "`mlrun plan`, manifests", 2, manifestOf(manifests), func(input []byte) result {
			return plan(filepath.Join(root, "examples/data/prompts.jsonl"), input)
		}},
		{"pickle", "the pickle reader, data frames", 3, anyOf(pickles), func(input []byte) result {
			return readPickle(filepath.Join(dir, "frame.pkl"), input)
		}},
	}, nil
}

// load reads the files that fit patterns.
func load(patterns ...string) ([][]byte, error) {
	var texts [][]byte
	for _, p := range patterns {
		paths, err := filepath.Glob(p)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			texts = append(texts, data)
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("nothing to damage in %v; name the repository with -root", patterns)
	}
	return texts, nil
}

// anyOf damages one of the texts.
func anyOf(texts [][]byte) func(*rand.Rand) []byte {
	return func(rng *rand.Rand) []byte {
		return damage(rng, texts[rng.IntN(len(texts))], texts[rng.IntN(len(texts))])
	}
}

// compiled are the manifests of the example.
func compiled(root string, overlays [][]byte) (all []*manifest.Manifest, err error) {
	p := config.New(config.Options{Base: filepath.Join(root, "examples/config.yaml")})
	c := compile.New(compile.Options{Maps: pathmap.Map{{From: "/conf", To: filepath.Join(root, "examples/conf")}}})
	for _, text := range overlays {
		for _, name := range []string{"server_alpha.yaml", "offline_alpha.yaml"} {
			config, err := p.LoadText(name, text)
			if err != nil {
				return nil, err
			}
			for _, target := range c.Check(config).Targets {
				if target.Manifest != nil {
					all = append(all, target.Manifest)
				}
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no overlay of the example compiles")
	}
	return all, nil
}

// lint checks an overlay and writes what was found.
func lint(c *compile.Compiler, base string, input []byte) result {
	p := config.New(config.Options{Base: base})
	config, err := p.LoadText("offline_alpha.yaml", input)
	if err != nil {
		return result{}
	}
	found := c.Check(config).Found
	text := diag.Options{Text: diag.TextOptions{Source: p.Text}}
	if err := diag.Write(io.Discard, "text", found, text); err != nil {
		return result{wrong: err.Error()}
	}
	return result{accepted: !found.HasErrors()}
}

// compileBase compiles an overlay over a shared configuration, and reads the
// manifests back.
func compileBase(c *compile.Compiler, path string, input, overlay []byte) result {
	if err := os.WriteFile(path, input, 0o644); err != nil {
		return result{wrong: err.Error()}
	}
	config, err := config.New(config.Options{Base: path}).LoadText("offline_alpha.yaml", overlay)
	if err != nil {
		return result{}
	}
	out := c.Check(config)
	for _, target := range out.Targets {
		if target.Manifest == nil {
			continue
		}
		data, err := target.Manifest.YAML()
		if err != nil {
			return result{wrong: "no finding, but no manifest: " + err.Error()}
		}
		if _, err := manifest.Decode("m.yaml", data); err != nil {
			return result{wrong: "a manifest that is not read back: " + err.Error()}
		}
	}
	return result{accepted: !out.Found.HasErrors()}
}

// plan works out what running a manifest would do.
func plan(data string, input []byte) result {
	m, err := manifest.Decode("m.yaml", input)
	if err != nil {
		return result{}
	}
	p, err := run.NewPlan(context.Background(), m, run.Options{
		Engine:    engine.Options{Host: engine.Host{Environ: []string{"PATH=/bin"}, Files: os.DirFS(filepath.Dir(data))}, Simulate: true, Self: "mlrun"},
		Translate: func(string) string { return data },
	})
	if err != nil {
		return result{}
	}
	p.Check(context.Background())
	if _, err := json.Marshal(p); err != nil {
		return result{wrong: "a plan that cannot be printed: " + err.Error()}
	}
	return result{accepted: true}
}

func readPickle(path string, input []byte) result {
	if err := os.WriteFile(path, input, 0o644); err != nil {
		return result{wrong: err.Error()}
	}
	set, err := dataset.Read(context.Background(), path, dataset.Options{})
	if err == nil && set.Len() == 0 {
		return result{wrong: "a set without samples"}
	}
	return result{accepted: err == nil}
}

// manifestOf damages the text of a manifest or, so that more than the digest is
// met, its values before it is sealed.
func manifestOf(all []*manifest.Manifest) func(*rand.Rand) []byte {
	return func(rng *rand.Rand) []byte {
		m := *all[rng.IntN(len(all))]
		if rng.IntN(4) == 0 {
			text, err := m.YAML()
			if err != nil {
				return nil
			}
			return damage(rng, text, text)
		}
		sections := []*map[string]any{&m.EngineConfig, &m.SamplingConfig, &m.HarnessConfig, &m.Loadgen, &m.Loadgen}
		for range 1 + rng.IntN(3) {
			s := sections[rng.IntN(len(sections))]
			*s = changed(rng, *s)
		}
		// Sealed as a careful hand would, so that the values themselves are met.
		m.Roles = slices.Clone(m.Roles)
		for i := range m.Roles {
			if spelled, err := m.EngineDigest(); err == nil {
				m.Roles[i].Spelled = spelled
			}
		}
		text, err := m.YAML()
		if err != nil {
			return bytes.Repeat([]byte("x"), 10)
		}
		return text
	}
}
