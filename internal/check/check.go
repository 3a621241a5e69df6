// Package check applies the schemas and the rules over several keys to a
// merged configuration: it reports every fault in one run and returns the
// resolved values, one set for each backend.
//
//	result := check.Check(check.Input{Tree: tree, Overlay: path, Targets: []check.Target{{Backend: vllm, Schema: s}}})
//	if !result.Found.HasErrors() { use(result.Configs[0]) }
//
// A rule over several keys is one file and one line of the slice rules; a key,
// its type, range and meaning stand in the CUE files of package schema alone.
package check

import (
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// Input is a merged configuration, and what it is to be checked for.
type Input struct {
	Tree *merge.Tree
	// Overlay is the file that lacks what is missing.
	Overlay string
	// Targets are the backends with the schemas of their engines' releases;
	// with none only the shared sections are checked.
	Targets []Target
	// Round is the schema of the harness's round; nil is the newest.
	Round *schema.Schema
	// Site is the site's own schema, nil where it has none.
	Site *config.Site
	// Variables are names of environment variables that the site's fork reads.
	Variables []string
	// GPUs are the machines' accelerators, where the project file says them.
	GPUs map[string]string
	// Forks are the site's own; findings name them, and the embedded ones, for what only they have.
	Forks []*schema.Fork
	// Named reports whether the user named the backend: then a backend in the
	// configuration has to agree.
	Named bool
}

// Target is a backend with the schema of its engine's release.
type Target struct {
	Backend *backend.Backend
	Schema  *schema.Schema
	// Tree is the configuration with the backend's own layer on top; nil where it
	// has none.
	Tree *merge.Tree
}

// Result is what a check found and made.
type Result struct {
	// Found are all findings, sorted.
	Found diag.List
	// Shared are the values that no backend changes.
	Shared Shared
	// Configs are the resolved values, one a target, in order. Where Found has
	// errors they lack what was faulty.
	Configs []*Config
	// Secrets are what no output may show; Found does not.
	Secrets Credentials
}

// Check checks the shared sections once and then each target's own.
func Check(in Input) Result {
	var r Result
	round := in.Round
	if round == nil {
		round = schema.Shared()
	}
	shared := &checker{schema: round, round: round, harnessTree: HarnessOf(in.Tree, round), site: in.Site, overlay: in.Overlay, tree: in.Tree, found: &r.Found, faulty: map[string]bool{}}
	r.Secrets = shared.credentials()
	r.Shared = Shared{Top: shared.top(), Harness: shared.harness()}
	shared.onlySome(in.Tree, round.Section(topSection), r.Shared.Top, r.Shared.Top)
	shared.onlySome(in.Tree.Lookup(harnessSection), round.Section(harnessSection), r.Shared.Harness, r.Shared.Top)
	for _, target := range in.Targets {
		tree := in.Tree
		if target.Tree != nil {
			tree = target.Tree
		}
		c := &Config{
			Backend: target.Backend, Schema: target.Schema, Round: round, Shared: r.Shared,
			named: in.Named, tree: tree, faulty: shared.faulty, overlay: in.Overlay, gpus: in.GPUs,
		}
		own := &checker{
			schema: target.Schema, round: round, harnessTree: shared.harnessTree, site: in.Site, variables: in.Variables, forks: in.Forks, overlay: in.Overlay, tree: tree, found: &r.Found,
			backend: target.Backend.Name, faulty: c.faulty,
		}
		c.Env = own.env(target.Backend)
		c.EngineConfig = own.engineSection(target.Backend.EngineSection(), schema.EngineConfig)
		for _, section := range target.Backend.RoleSections() {
			own.engineSection(section, schema.EngineConfig)
		}
		c.SamplingConfig = own.engineSection(target.Backend.SamplingSection(), schema.SamplingConfig)
		for _, rule := range slices.Concat(rules, rulesOf[target.Backend.Engine].rules) {
			rule(c, &r.Found)
		}
		r.Configs = append(r.Configs, c)
	}
	r.Secrets.Hide(r.Found)
	r.Found.Sort()
	return r
}

// checker checks sections against one schema and collects findings.
type checker struct {
	schema *schema.Schema
	// round is the schema of the harness's round.
	round *schema.Schema
	// harnessTree is the tree of the round's harness; see [HarnessOf].
	harnessTree string
	site        *config.Site
	variables   []string
	forks       []*schema.Fork
	overlay     string
	tree        *merge.Tree
	found       *diag.List
	// backend is named in findings; empty for shared sections.
	backend string
	// unread are variables of the engine's own prefix that no release reads.
	unread []*merge.Tree
	// faulty are the paths with errors, which rules leave alone.
	faulty map[string]bool
}

func (c *checker) add(d diag.Diagnostic) {
	d.Backend = c.backend
	if d.Severity == diag.Error {
		c.faulty[d.Key] = true
	}
	if meant := diag.Meant(d); meant != "" {
		// What was meant to be set is not known, unless it is set as well.
		if s := settingOf(c.tree.Lookup(strings.Split(meant, ".")...)); s == nil || s.Layer == "base" {
			c.faulty[meant] = true
		}
	}
	c.found.Add(d)
}
