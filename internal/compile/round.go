package compile

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// round is the round whose LoadGen settings and harness hold: the user's word, else
// that of the mlperf.conf which the configuration names, else the newest that knows
// the most of the keys, and that is said.
func (c *Compiler) round(config *config.Config, found *diag.List) string {
	if c.options.Round != "" {
		return c.options.Round
	}
	if path := textAt(config.Tree, "harness_config", "mlperf_conf_path"); path != "" {
		if conf := c.conf(path, config.Root, loadgen.MLPerfConf).conf; conf != nil {
			if round := loadgen.RoundOf(conf); round != "" {
				return round
			}
			found.Add(diag.Diagnostic{
				Pos: placeOf(config, "harness_config.mlperf_conf_path"), Severity: diag.Warning, Code: "loadgen-round",
				Key: "harness_config.mlperf_conf_path", Message: conf.Name + " has the seeds of no known round",
			})
		}
	}
	round, why := inferRound(config.Tree, c.options.Backends)
	found.Add(diag.Diagnostic{
		Pos: fileOf(config), Severity: diag.Info, Code: "loadgen-round", Key: "round",
		Message: fmt.Sprintf("assuming round %s, the newest that reads the most of the keys: it %s", round, why),
		Hint:    "name it with --round " + round + ", or with round in the project file",
	})
	return round
}

// harnessRound is the harness's round that a round of LoadGen's rules belongs to.
func harnessRound(round string) string {
	known := schema.Releases(schema.Harness)
	at := known[0]
	for _, r := range known {
		// v6.0.0pre is of v6.0.
		if r == round || strings.HasPrefix(round, r+".") || schema.CompareReleases(r, round) < 0 {
			at = r
		}
	}
	return at
}

// inferRound is the newest round that knows, and reads, the most of a configuration's keys.
// Of equals that one counts first whose own base has the values that this base
// has, where rounds differ in them. A round that lacks a backend that was named does
// not count.
func inferRound(tree *merge.Tree, backends []string) (round, why string) {
	var keys [][]*schema.Key // the definitions of each key that some round reads
	add := func(section string, t *merge.Tree) {
		if t == nil {
			return
		}
		for _, f := range t.Fields {
			definitions := schema.Definitions(schema.Harness, section, f.Key)
			if slices.ContainsFunc(definitions, func(d *schema.Key) bool { return !d.Unread }) {
				keys = append(keys, definitions)
			}
		}
	}
	harness := tree.Lookup("harness_config")
	add("config", tree)
	add("harness_config", harness)
	add("sorting", harness.Lookup("sorting"))
	for _, name := range []string{"env_config", "vllm_env_config", "sglang_env_config"} {
		add("harness_env", tree.Lookup(name))
	}
	benchmark := textAt(tree, "benchmark_name")
	all := schema.Releases(schema.Harness)
	candidates := slices.DeleteFunc(slices.Clone(all), func(r string) bool { return !loadgen.HasBenchmark(r, benchmark) })
	if len(candidates) == 0 {
		candidates = all
	}
	for _, name := range append(slices.Clip(backends), textAt(tree, "backend")) {
		if in := check.RoundsWith(name); len(in) > 0 {
			candidates = slices.DeleteFunc(candidates, func(r string) bool { return !slices.Contains(in, r) })
		}
	}
	if len(candidates) == 0 {
		candidates = all[len(all)-1:]
	}
	best, bestAgrees := -1, 0
	for _, candidate := range candidates {
		reads, of := 0, treeOf(tree, candidate)
		for _, definitions := range keys {
			if slices.ContainsFunc(definitions, func(d *schema.Key) bool { return d.In(candidate) && !d.Unread && check.ReadBy(of, d) }) {
				reads++
			}
		}
		agrees := agreesWithBase(candidate, harness)
		if reads > best || reads == best && agrees >= bestAgrees {
			round, best, bestAgrees = candidate, reads, agrees
		}
	}
	return round, fmt.Sprintf("reads %d of %d keys", best, len(keys))
}

// treeOf names the tree of a round's harness that a configuration is for.
func treeOf(tree *merge.Tree, round string) string {
	s, err := schema.Load(schema.Harness, harnessRound(round))
	if err != nil {
		return ""
	}
	return check.HarnessOf(tree, s)
}

// agreesWithBase counts the values of a base that are the round's own and not those of all rounds.
func agreesWithBase(round string, harness *merge.Tree) (n int) {
	if harness == nil {
		return 0
	}
	for _, f := range harness.Fields {
		definitions := schema.Definitions(schema.Harness, "harness_config", f.Key)
		if len(definitions) < 2 || f.Chain[0].Layer != "base" {
			continue
		}
		for _, d := range definitions {
			if d.In(round) && d.DefaultNote == f.Chain[0].Node.Text {
				n++
			}
		}
	}
	return n
}

func textAt(tree *merge.Tree, path ...string) string {
	if n := tree.Lookup(path...).Value(); n != nil {
		return n.Str
	}
	return ""
}
