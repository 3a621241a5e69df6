// Package compile turns a configuration into what is reported about it and,
// where nothing is wrong, into manifests: it chooses the backends and the
// releases of their engines, has package check check them, freezes LoadGen's
// settings and puts the manifest together.
//
//	c := compile.New(compile.Options{Backends: []string{"vllm"}})
//	out := c.Check(config)
//	if !out.Found.HasErrors() { data, err := out.Targets[0].Manifest.YAML() }
package compile

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/backend"
	"mlcfg/internal/check"
	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/compile/spell"
	"mlcfg/internal/diag"

	"mlcfg/internal/config"
	"mlcfg/internal/manifest"
	"mlcfg/internal/merge"

	"mlcfg/internal/source"
	"mlcfg/schema"
)

// Options say what to compile for. The zero value takes every backend that an
// overlay has a section for, at inferred releases.
type Options struct {
	// Backends are names; empty: all that the overlay has a section for.
	Backends []string
	// Releases are the exact releases of engines, by the engine's name, with a fork
	// behind a plus where one is meant (0.17.1+amd-mlperf, +amd-mlperf); an
	// engine without one gets the newest release that knows the most keys.
	Releases map[string]string
	// Maps translate paths of the configuration, for reading only.
	Maps pathmap.Map
	// Round is the round of MLPerf whose LoadGen settings and harness hold ("v5.1");
	// empty: that of the mlperf.conf which the configuration names, where it can be read,
	// else the newest that knows the most keys.
	Round string
	// ReadData looks at the data sets, which takes seconds where they are large:
	// for their size and digest. Only manifests need it.
	ReadData bool
	// Forks are the site's own; the embedded ones are known anyway.
	Forks []*schema.Fork
	// Site is the site's own schema, nil where it has none.
	Site *config.Site
	// Variables are names of environment variables that the site's fork reads.
	Variables []string
	// Machines are the machines that overlays are for; empty: any.
	Machines []string
	// GPUs are the machines' accelerators, as the project file says them.
	GPUs map[string]string
}

// Compiler compiles any number of configurations under the same options. It
// may be used from several goroutines.
type Compiler struct {
	options Options

	// named are the versions that the options name, by the engine.
	named map[string]namedVersion

	mu      sync.Mutex
	schemas map[string]*schema.Schema
	confs   map[string]conf
	data    map[string]*dataFile
}

// New makes a compiler.
func New(o Options) *Compiler {
	c := &Compiler{options: o, named: map[string]namedVersion{}, schemas: map[string]*schema.Schema{}, confs: map[string]conf{}, data: map[string]*dataFile{}}
	for engine, spec := range o.Releases {
		if spec != "" {
			var n namedVersion
			n.release, n.fork, n.err = schema.Version(engine, spec, o.Forks)
			c.named[engine] = n
		}
	}
	return c
}

// Outcome is what compiling one configuration gave.
type Outcome struct {
	// Found are all findings, sorted.
	Found diag.List
	// Targets are the backends that were compiled for.
	Targets []Target
	// Round is the harness's round that it was checked against.
	Round string
	// Loadgen is LoadGen's section as manifests have it; nil where the
	// configuration does not say what is run.
	Loadgen map[string]any
	// Err says that this build of the program cannot compile the configuration, but a
	// whole one can; nothing else is then to be used. See dataset.ErrLeftOut.
	Err error
	// Secrets are what no output may show; Found does not.
	Secrets check.Credentials
}

// Target is one backend's share of an outcome.
type Target struct {
	Backend *backend.Backend
	// Release is the engine's release, Assumed why it was chosen, empty where
	// the user named it.
	Release string
	Assumed string
	// Tree is the configuration that was checked: interpolations are resolved, and
	// the backend's own layer is on top.
	Tree *merge.Tree
	// Values are the resolved values; faulty keys are left out.
	Values *check.Config
	// Manifest is nil where there are errors.
	Manifest *manifest.Manifest
}

// Check checks a configuration for every backend that was asked for.
func (c *Compiler) Check(config *config.Config) Outcome { return c.Again(config, nil) }

// Again checks as Check does, for a manifest that is there already: what it says
// of the data set holds where the file is not here. It may be nil.
func (c *Compiler) Again(config *config.Config, known *manifest.Manifest) Outcome {
	out := Outcome{Found: config.Found}
	if config.Overlay.Root == nil || config.Base.Root == nil {
		return out // what cannot be read cannot be checked
	}
	in := check.Input{Tree: config.Tree, Overlay: config.Overlay.Path, Named: len(c.options.Backends) > 0, Site: c.options.Site, Variables: c.options.Variables, Forks: c.options.Forks, GPUs: c.options.GPUs}
	c.machine(config, &out.Found)
	scenarioOfName(config, &out.Found)
	var layers []merge.Layer
	resolved, said := merge.Resolve(config.Tree, config.OmegaConf)
	if out.Found.Add(said...); resolved != nil {
		layers = append(layers, *resolved)
		in.Tree = config.With(layers...)
	}
	round := c.round(config, &out.Found)
	if r, err := schema.Load(schema.Harness, harnessRound(round)); err == nil {
		in.Round, out.Round = r, r.Release
		layers = append(layers, c.harness(in.Tree, r, &out.Found)...)
		in.Tree = layered(config, layers...)
	}
	for _, b := range c.backends(config, &out.Found) {
		v, err := c.version(b, config.Tree)
		var s *schema.Schema
		if err == nil {
			s, err = c.schema(b.Engine, v)
		}
		if err != nil {
			out.Found.Add(diag.Diagnostic{Pos: fileOf(config), Severity: diag.Error, Code: "engine-version", Backend: b.Name, Message: err.Error()})
			continue
		}
		if v.why != "" {
			out.Found.Add(diag.Diagnostic{
				Pos: fileOf(config), Severity: diag.Info, Code: "engine-version-assumed", Backend: b.Name,
				Message: fmt.Sprintf("assuming %s %s, the newest release that knows the most of the keys: it %s", b.Engine, s.Version(), v.why),
				Hint:    fmt.Sprintf("name it with --engine-version %s=%s", b.Engine, s.Version()),
			})
		}
		tree := in.Tree
		if layer, ok := check.LayerOf(b); ok {
			tree = layered(config, append(slices.Clip(layers), layer)...)
		}
		in.Targets = append(in.Targets, check.Target{Backend: b, Schema: s, Tree: tree})
		out.Targets = append(out.Targets, Target{Backend: b, Release: s.Release, Assumed: v.why, Tree: tree})
	}
	result := check.Check(in)
	for _, d := range result.Found {
		if d.Code != merge.Code { // those left were told, with their reasons
			out.Found.Add(d)
		}
	}
	load := c.loadgen(config, in.Tree, round, result.Shared, known, &out.Found)
	for i, values := range result.Configs {
		out.Targets[i].Values = values
	}
	out.Loadgen, out.Err, out.Secrets = load.section, load.unbuilt, result.Secrets
	out.Secrets.Hide(out.Found)
	out.Found = out.Found.WithoutConsequences()
	out.Found.Sort()
	if out.Found.HasErrors() {
		return out
	}
	for i, values := range result.Configs {
		m := c.manifest(config, values, load)
		for _, fault := range spell.Manifest(m, values.Schema, c.own(values.Backend, values.Schema)) {
			out.Found.Add(c.unspelled(config, out.Targets[i], fault))
		}
		out.Targets[i].Manifest = m
	}
	if out.Found.HasErrors() {
		for i := range out.Targets {
			out.Targets[i].Manifest = nil
		}
		out.Found.Sort()
	}
	return out
}

// machine reports an overlay for a machine that the project does not have.
func (c *Compiler) machine(of *config.Config, found *diag.List) {
	_, machine := config.UseCase(of.Overlay.Path)
	if machine == "" || len(c.options.Machines) == 0 || slices.Contains(c.options.Machines, machine) {
		return
	}
	d := diag.Diagnostic{
		Pos: fileOf(of), Severity: diag.Warning, Code: "unknown-machine",
		Message: fmt.Sprintf("the overlay's name says machine %s, which is none of the project's", machine),
		Hint:    "the project file has " + strings.Join(c.options.Machines, ", "), Suggestion: schema.Nearest(c.options.Machines, machine),
	}
	if d.Suggestion != "" {
		d.Message += ", did you mean " + d.Suggestion
	}
	found.Add(d)
}

// scenarioOfName reports an overlay whose name says another scenario than it has:
// a copy in which nobody changed it.
func scenarioOfName(of *config.Config, found *diag.List) {
	variant, _ := config.UseCase(of.Overlay.Path)
	want, have := config.ScenarioOf(variant), textAt(of.Tree, "scenario")
	if want == "" || have == want || have != config.ScenarioOf(have) {
		return
	}
	found.Add(diag.Diagnostic{
		Pos: placeOf(of, "scenario"), Severity: diag.Warning, Code: "scenario-name", Key: "scenario",
		Message: fmt.Sprintf("the overlay's name says %s, its scenario is %s", variant, have), Hint: "write scenario: " + want + ", or rename the file",
	})
}

// Configured are the names of the backends that Check would check a
// configuration for.
func (c *Compiler) Configured(config *config.Config) []string {
	if config.Overlay.Root == nil || config.Base.Root == nil {
		return nil
	}
	var none diag.List
	var names []string
	for _, b := range c.backends(config, &none) {
		names = append(names, b.Name)
	}
	return names
}

// backends chooses what to check for, and reports a backend that the overlay
// has nothing for.
func (c *Compiler) backends(config *config.Config, found *diag.List) []*backend.Backend {
	var chosen []*backend.Backend
	if len(c.options.Backends) == 0 {
		for _, b := range backend.Engines() {
			if hasSection(config.Tree, b) {
				chosen = append(chosen, b)
			}
		}
		if len(chosen) == 0 && !misspelt(config.Tree, engineSections()) {
			found.Add(diag.Diagnostic{
				Pos: fileOf(config), Severity: diag.Error, Code: "no-backend-section",
				Message: "this overlay configures no engine: it has neither " + strings.Join(engineSections(), " nor "),
			})
		}
		return chosen
	}
	for _, name := range c.options.Backends {
		variants := backend.Variants(name)
		if i := slices.IndexFunc(variants, func(b *backend.Backend) bool { return hasSection(config.Tree, b) }); i >= 0 {
			chosen = append(chosen, variants[i])
		} else if len(variants) > 0 {
			found.Add(noSection(config, variants))
		}
	}
	return chosen
}

// misspelt reports whether a key at the top is most likely one of these.
func misspelt(tree *merge.Tree, names []string) bool {
	top := schema.Shared().Section("config")
	return slices.ContainsFunc(tree.Fields, func(t *merge.Tree) bool {
		_, known := top.Key(t.Key)
		return !known && slices.Contains(names, schema.Nearest(top.Names(), t.Key))
	})
}

func engineSections() []string {
	var names []string
	for _, b := range backend.Engines() {
		names = append(names, b.EngineSection())
	}
	return names
}

// hasSection reports whether the overlay or an override says anything to the
// backend's engine. The base alone does not count: it holds defaults only.
func hasSection(tree *merge.Tree, b *backend.Backend) bool {
	t := tree.Lookup(b.EngineSection())
	if t == nil {
		return false
	}
	for _, s := range t.Chain {
		if s.Layer != "base" && s.Node.Kind == source.Map {
			return true
		}
	}
	return false
}

// maxNamed bounds the use cases that a message names.
const maxNamed = 8

// noSection is for an overlay that says nothing to any engine that a backend's name may mean.
func noSection(config *config.Config, variants []*backend.Backend) diag.Diagnostic {
	b := variants[0]
	sections := make([]string, len(variants))
	for i, v := range variants {
		sections[i] = v.EngineSection()
	}
	d := diag.Diagnostic{
		Pos: fileOf(config), Severity: diag.Error, Code: "no-backend-section", Key: b.EngineSection(), Backend: b.Name,
		Message: fmt.Sprintf("this use case has no %s configuration yet: the overlay lacks %s", b.Name, strings.Join(sections, " and ")),
		Hint:    fmt.Sprintf("add %s with %s to %s", b.EngineSection(), b.Model, config.Overlay.Path),
	}
	others := config.WithSection(b.EngineSection())
	switch {
	case len(others) == 0:
		d.Hint += fmt.Sprintf("; no overlay beside %s has one", config.Base.Path)
	case len(others) > maxNamed:
		d.Hint += fmt.Sprintf("; those that have one: %s and %d more", strings.Join(others[:maxNamed], ", "), len(others)-maxNamed)
	default:
		d.Hint += "; those that have one: " + strings.Join(others, ", ")
	}
	return d
}

func fileOf(config *config.Config) diag.Pos { return diag.Pos{File: config.Overlay.Path} }
