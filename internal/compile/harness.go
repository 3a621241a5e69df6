package compile

import (
	"fmt"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// The layers that stand for what the harness itself does to a configuration
// after the command line.
const (
	AccuracyLayer = "accuracy" // the data set and limits of a run in accuracy mode
	HarnessLayer  = "harness"  // what is written shorter than the engine takes it
)

// accuracyTokens are the most tokens of an answer in accuracy mode, where the harness
// sets them: by main.py from v6.1 on, by the command line that its documentation
// names in v6.0.
var accuracyTokens = map[string]int64{"gpt-oss-120b": 32768}

// compilation is the path of the map that the capture range stands in, by the engine's section.
func compilation(section string) []string { return []string{section, "compilation_config"} }

var captureSections = []string{"vllm_engine_config", "vllm_engine_config_prefill", "vllm_engine_config_decode"}

// harness returns the layers that the harness puts on a configuration.
func (c *Compiler) harness(tree *merge.Tree, round *schema.Schema, found *diag.List) []merge.Layer {
	layers := accuracy(tree, round, found)
	for _, section := range captureSections {
		in := tree.Lookup(compilation(section)...)
		if in.Lookup(check.CaptureRange) == nil {
			continue
		}
		sizes, said := check.ExpandCapture(in, round)
		found.Add(said...)
		root := source.Of(map[string]any{})
		if sizes != nil {
			root = nested(sizes, append(compilation(section), check.CaptureSizes)...)
		}
		layers = append(layers, merge.Layer{Name: HarnessLayer, Root: root})
	}
	return layers
}

// layered is a configuration with layers on top, and without what they have taken the place of.
func layered(config *config.Config, layers ...merge.Layer) *merge.Tree {
	if len(layers) == 0 {
		return config.Tree
	}
	tree := config.With(layers...)
	for _, section := range captureSections {
		if in := tree.Lookup(compilation(section)...); in != nil {
			in.Drop(check.CaptureRange)
		}
	}
	return tree
}

// accuracy is what a run in accuracy mode has instead of the performance run's values.
func accuracy(tree *merge.Tree, round *schema.Schema, found *diag.List) []merge.Layer {
	const countKey, pathKey = "accuracy_sample_count", "accuracy_dataset_path"
	harness := tree.Lookup("harness_config")
	count, path := harness.Lookup(countKey), harness.Lookup(pathKey)
	if _, known := round.Section("harness_config").Key(countKey); !known || count == nil {
		return nil
	}
	n := count.Value()
	if n.Kind != source.Int || n.Int.Sign() <= 0 {
		return nil
	}
	mode, benchmark := textAt(tree, "test_mode"), textAt(tree, "benchmark_name")
	if benchmark == "" || benchmark == "MISSING" {
		return nil // said already
	}
	if _, has := loadgen.AccuracyCount(benchmark); !has {
		d := diag.Diagnostic{
			Pos: n.Pos, Severity: diag.Warning, Code: "accuracy-set", Key: count.Path,
			Message: fmt.Sprintf("%s is set, and %s has no data set of its own for accuracy: the harness ends with an error in accuracy mode", countKey, benchmark),
			Hint:    "set it to -1",
		}
		if mode == "accuracy" {
			d.Severity = diag.Error
		}
		found.Add(d)
		return nil
	}
	if mode != "accuracy" {
		return nil
	}
	if p := path.Value(); p == nil || p.Kind != source.String || p.Str == "MISSING" {
		pos := n.Pos
		if p != nil {
			pos = p.Pos
		}
		found.Add(diag.Diagnostic{
			Pos: pos, Severity: diag.Error, Code: "must-be-set", Key: harness.Path + "." + pathKey,
			Message: fmt.Sprintf("%s must be set: %s is, and this is a run in accuracy mode", pathKey, countKey),
		})
		return nil
	}
	layers := []merge.Layer{
		{Name: AccuracyLayer, Root: nested(n, harness.Path, "total_sample_count")},
		{Name: AccuracyLayer, Root: nested(path.Value(), harness.Path, "dataset_path")},
	}
	tokens, has := accuracyTokens[benchmark]
	if !has {
		return layers
	}
	value := source.Of(tokens)
	value.Pos = n.Pos
	for section, key := range map[string]string{"vllm_sampling_config": "max_tokens", "sglang_sampling_config": "max_new_tokens"} {
		now := tree.Lookup(section, key).Winner()
		switch {
		case tree.Lookup(section) == nil:
			continue
		case now.Layer == merge.OverrideLayer && round.Release == "v6.0":
			continue // there it is the command line that says it
		case now.Layer == merge.OverrideLayer && now.Node.Text != value.Text && now.Node.PyStr() != value.PyStr():
			found.Add(diag.Diagnostic{
				Pos: now.Node.Pos, Severity: diag.Warning, Code: "accuracy-set", Key: section + "." + key,
				Message: fmt.Sprintf("%s is %d in accuracy mode, whatever the command line says", key, tokens),
			})
		}
		layers = append(layers, merge.Layer{Name: AccuracyLayer, Root: nested(value, section, key)})
	}
	return layers
}

// nested is a map that holds a value alone, at a path.
func nested(value *source.Node, path ...string) *source.Node {
	for i := len(path) - 1; i >= 0; i-- {
		value = &source.Node{Kind: source.Map, Pos: value.Pos, Fields: []source.Field{{Key: path[i], KeyPos: value.Pos, Value: value}}}
	}
	return value
}

// isAccuracy reports whether the tree is that of an accuracy run with a data set of its own.
func isAccuracy(tree *merge.Tree) bool {
	t := tree.Lookup(strings.Split(totalKey, ".")...)
	return t.Winner().Layer == AccuracyLayer
}

const totalKey = "harness_config.total_sample_count"
