package edit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/config"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// Imported is an overlay made of a launch.
type Imported struct {
	Text []byte
	// Left are arguments and variables that an overlay does not take, each with the reason.
	Left []string
}

// ImportBase is a base for overlays made of launches: it sets nothing of an engine's.
const ImportBase = `# Shared defaults. What the engine gets is in the overlays alone.

benchmark_name: MISSING
scenario: MISSING
test_mode: performance
engine_version: async

harness_config:
  device_count: MISSING
  dataset_path: MISSING
  user_conf_path: MISSING
  output_log_dir: logs
`

// Import makes an overlay of a launch, for a benchmark: the arguments of the engine and its
// variables as the file has them. The scenario is that of the overlay's name, VARIANT_MACHINE.yaml,
// and offline where it has none. What the file does not tell is MISSING.
func Import(r *check.Resolved, benchmark, overlay string) Imported {
	b := r.Launch.Backend
	var out Imported
	var text strings.Builder
	variant, _ := config.UseCase(overlay)
	scenario := cmp.Or(config.ScenarioOf(variant), "offline")
	fmt.Fprintf(&text, "# Made of %s:%d: %s %s.\n\nbenchmark_name: %s\nscenario: %s\n", path.Base(r.Launch.Pos.File), r.Launch.Pos.Line, b.Engine, r.Values.Schema.Version(), source.Of(benchmark).Spell(), scenario)
	env, engine := r.Tree.Lookup(b.EnvSection()), r.Tree.Lookup(b.EngineSection())
	var unknown, unknownEnv []string
	for _, a := range r.Line.Arguments {
		section, name := check.NameOf(r.Launch, a)
		switch {
		case r.Tree.Lookup(section, name) != nil || section != b.EngineSection() || slices.Contains(unknown, name):
		default:
			unknown = append(unknown, name)
		}
		if section == check.CLISection && !slices.Contains(b.ListenKeys, name) {
			out.Left = append(out.Left, a.Flag+": an argument of the server alone, which a manifest does not have")
		}
	}
	for _, v := range r.Launch.Variables {
		if r.Tree.Lookup(b.EnvSection(), v.Name) == nil {
			unknownEnv = append(unknownEnv, v.Name)
		}
	}
	for _, f := range r.Line.Found {
		if f.Code == schema.UnknownKey && len(f.Words) > 0 {
			out.Left = append(out.Left, f.Words[0].Text+": "+f.Message)
		}
	}
	out.section(&text, b.EnvSection(), env, unknownEnv)
	out.section(&text, b.EngineSection(), engine, unknown)
	text.WriteString("\nharness_config:\n")
	fmt.Fprintf(&text, "  device_count: %d\n  dataset_path: MISSING # token ids: JSON lines, Parquet, a pickled data frame\n  user_conf_path: conf/user.conf\n", devices(r))
	out.Text = []byte(text.String())
	return out
}

// devices is the product of the parallel sizes, 1 where it is not known.
func devices(r *check.Resolved) int64 {
	b := r.Launch.Backend
	shared := b.DPShares != "" && r.Values.EngineConfig[b.DPShares] == true
	n := int64(1)
	for _, key := range b.Sizes(shared) {
		if size, ok := r.Values.EngineConfig[key].(int64); ok && size > 0 && n*size < 1<<20 {
			n *= size
		}
	}
	return n
}

// section writes one section of an overlay, with the keys whose values are not known behind it.
func (out *Imported) section(text *strings.Builder, name string, t *merge.Tree, unknown []string) {
	var lines strings.Builder
	if t != nil {
		for _, f := range t.Fields {
			value := f.Interface()
			if hasSecret(f.Key, value) {
				out.Left = append(out.Left, f.Key+": it looks like a credential: set it in the environment that mlrun is started in")
				continue
			}
			writeValue(&lines, "  ", f.Key, value)
		}
	}
	for _, key := range unknown {
		fmt.Fprintf(&lines, "  %s: MISSING # the file does not tell it\n", key)
	}
	if lines.Len() > 0 {
		fmt.Fprintf(text, "\n%s:\n%s", name, lines.String())
	}
}

func hasSecret(name string, value any) bool {
	switch v := value.(type) {
	case string:
		return check.IsSecret(name, v)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return hasSecret(name, item) })
	case map[string]any:
		for key, item := range v {
			if hasSecret(key, item) {
				return true
			}
		}
	}
	return false
}

// writeValue writes a key with its value, maps on lines of their own.
func writeValue(text *strings.Builder, indent, key string, value any) {
	name := source.Of(key).SpellKey()
	if plainKey.MatchString(key) {
		name = key
	}
	m, isMap := value.(map[string]any)
	if !isMap || len(m) == 0 {
		fmt.Fprintf(text, "%s%s: %s\n", indent, name, flow(value))
		return
	}
	fmt.Fprintf(text, "%s%s:\n", indent, name)
	for _, f := range source.Of(m).Fields {
		writeValue(text, indent+"  ", f.Key, f.Value.Interface())
	}
}

// plainKey is a key that needs no quotes.
var plainKey = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.-]+$`)

// plainText is a text that no reader of YAML takes for anything else.
var plainText = lazyregexp.New(`^[A-Za-z_/][A-Za-z0-9_/.-]*[A-Za-z0-9_/]$`)

// flow is a value on one line.
func flow(value any) string {
	switch v := value.(type) {
	case []any, map[string]any:
		data, err := json.Marshal(v) // JSON is YAML
		if err != nil {
			return "null"
		}
		return string(data)
	case string:
		n := &source.Node{Kind: source.String, Str: v, Text: v}
		if plainText.MatchString(v) {
			return n.Spell()
		}
		return source.Of(v).Spell()
	}
	return source.Of(value).Spell()
}

// BenchmarkOf is a name for the benchmark of a launch: its model's, as LoadGen can have it.
func BenchmarkOf(r *check.Resolved) string {
	model, _ := r.Values.EngineConfig[r.Launch.Backend.Model].(string)
	name := notPlain.ReplaceAllString(strings.ToLower(path.Base(strings.TrimRight(model, "/"))), "-")
	if name = strings.Trim(name, "-."); name == "" {
		return "imported"
	}
	return name
}

var notPlain = lazyregexp.New(`[^a-z0-9.-]+`)
