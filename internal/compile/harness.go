package compile

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
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
	AccuracyLayer = check.AccuracyLayer // the data set and limits of a run in accuracy mode
	HarnessLayer  = "harness"           // what is written shorter than the engine takes it, or in other letters
)

// accuracyTokens are the most tokens of an answer in accuracy mode, where the harness
// sets them, whatever the data set: by main.py from v6.1 on, by the command line that its
// documentation names in v6.0.
const accuracyTokens = 32768

// isGPTOSS reports whether a benchmark is one that the harness sets them for.
func isGPTOSS(benchmark string) bool { return strings.Contains(benchmark, "gpt-oss") }

// compilation is the path of the map that the capture range stands in, by the engine's section.
func compilation(section string) []string { return []string{section, "compilation_config"} }

var captureSections = []string{"vllm_engine_config", "vllm_engine_config_prefill", "vllm_engine_config_decode"}

// harness returns the layers that the harness puts on a configuration.
func (c *Compiler) harness(tree *merge.Tree, round *schema.Schema, found *diag.List) []merge.Layer {
	layers := append(c.inLowerCase(tree, round), accuracy(tree, round, found)...)
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
		tree = tree.Without(append(compilation(section), check.CaptureRange)...)
	}
	return tree
}

// inLowerCase are the layers with values that the harness takes in upper and lower case. Its
// own servers alone take engine_version so: offline it compares the text as it is, and so do
// workers over several machines.
func (c *Compiler) inLowerCase(tree *merge.Tree, round *schema.Schema) []merge.Layer {
	var layers []merge.Layer
	for _, key := range round.Section("config").Keys() {
		n := tree.Lookup(key.Name).Value()
		if n == nil || n.Kind != source.String {
			continue
		}
		if key.Name == "engine_version" && (!strings.EqualFold(textAt(tree, "scenario"), "server") || c.asserted()) {
			continue
		}
		if text := key.InLowerCase(n.Str); text != "" {
			lower := source.Of(text)
			lower.Pos = n.Pos
			layers = append(layers, merge.Layer{Name: HarnessLayer, Root: nested(lower, key.Name)})
		}
	}
	return layers
}

// asserted reports whether workers of a backend that was named assert their engine_version.
func (c *Compiler) asserted() bool {
	return slices.ContainsFunc(c.options.Backends, func(name string) bool {
		b, ok := backend.Of(name)
		return ok && b.Versions != nil
	})
}

// accuracyRun is a configuration whose test_mode is accuracy, as far as it is the harness's matter.
type accuracyRun struct {
	tree      *merge.Tree
	round     *schema.Schema
	found     *diag.List
	benchmark string
}

// accuracy is what a run in accuracy mode has instead of the performance run's values.
func accuracy(tree *merge.Tree, round *schema.Schema, found *diag.List) []merge.Layer {
	a := accuracyRun{tree, round, found, textAt(tree, "benchmark_name")}
	count := tree.Lookup("harness_config", accuracyCount)
	key, known := round.Section("harness_config").Key(accuracyCount)
	if !known || a.benchmark == "" || a.benchmark == "MISSING" {
		return nil // said already
	}
	isAccuracy := strings.EqualFold(textAt(tree, "test_mode"), "accuracy")
	size, has := loadgen.AccuracyCount(a.benchmark)
	n := count.Value()
	isSet := n != nil && n.Kind == source.Int && n.Int.Sign() > 0
	reads := check.ReadBy(check.HarnessOf(tree, round), key)
	switch {
	case isSet && !has && reads:
		a.noSet(count, isAccuracy)
		return nil
	case !isAccuracy || !has:
		return nil
	case !reads:
		a.warn(count, "the harness of round %s that runs %s has no accuracy_sample_count: data set and max_tokens are those of a performance run", round.Release, a.benchmark)
		return nil
	case !isSet:
		a.warn(count, "%s is not above 0: the accuracy run takes the data set of the performance run, not the %d samples that %s is scored by; max_tokens is %d all the same", accuracyCount, size, a.benchmark, accuracyTokens)
		return a.tokens(count)
	}
	path := tree.Lookup("harness_config", accuracyPath)
	if p := path.Value(); p == nil || p.Kind != source.String || p.Str == "MISSING" {
		d := diag.Diagnostic{
			Pos: n.Pos, Severity: diag.Error, Code: "must-be-set", Key: "harness_config." + accuracyPath,
			Message: fmt.Sprintf("%s must be set: %s is, and this is a run in accuracy mode", accuracyPath, accuracyCount),
		}
		if p != nil {
			d.Pos = p.Pos
		}
		found.Add(d)
		return nil
	}
	return append([]merge.Layer{
		{Name: AccuracyLayer, Root: nested(n, "harness_config", "total_sample_count")},
		{Name: AccuracyLayer, Root: nested(path.Value(), "harness_config", "dataset_path")},
	}, a.tokens(count)...)
}

const accuracyCount, accuracyPath = "accuracy_sample_count", "accuracy_dataset_path"

// noSet reports an accuracy set of a benchmark that has none.
func (a accuracyRun) noSet(count *merge.Tree, isAccuracy bool) {
	d := diag.Diagnostic{
		Pos: count.Value().Pos, Severity: diag.Warning, Code: "accuracy-set", Key: count.Path,
		Message: fmt.Sprintf("%s is set, and %s has no data set of its own for accuracy: the harness ends with an error in accuracy mode", accuracyCount, a.benchmark),
		Hint:    "set it to -1",
	}
	if isAccuracy {
		d.Severity = diag.Error
	}
	a.found.Add(d)
}

// warn reports how an accuracy run is not the benchmark's own, at the count of its
// samples, or at the mode where nothing sets the count.
func (a accuracyRun) warn(count *merge.Tree, format string, args ...any) {
	at := a.tree.Lookup("test_mode")
	if w := count.Winner(); w.Layer != "" && w.Layer != "base" {
		at = count
	}
	a.found.Add(diag.Diagnostic{
		Pos: at.Value().Pos, Severity: diag.Warning, Code: "accuracy-set", Key: at.Path,
		Message: fmt.Sprintf(format, args...),
		Hint:    fmt.Sprintf("set harness_config.%s and %s in the overlay", accuracyCount, accuracyPath),
	})
}

// tokens are the layers with the most tokens of an answer in accuracy mode.
func (a accuracyRun) tokens(count *merge.Tree) (layers []merge.Layer) {
	if !isGPTOSS(a.benchmark) {
		return nil
	}
	value := source.Of(int64(accuracyTokens))
	if value.Pos = a.tree.Lookup("test_mode").Value().Pos; count.Value() != nil {
		value.Pos = count.Value().Pos
	}
	for section, key := range map[string]string{"vllm_sampling_config": "max_tokens", "sglang_sampling_config": "max_new_tokens"} {
		now := a.tree.Lookup(section, key).Winner()
		switch {
		case a.tree.Lookup(section) == nil:
			continue
		case now.Layer == merge.OverrideLayer && a.round.Release == "v6.0":
			continue // there it is the command line that says it
		case now.Layer == merge.OverrideLayer && now.Node.Text != value.Text && now.Node.PyStr() != value.PyStr():
			a.found.Add(diag.Diagnostic{
				Pos: now.Node.Pos, Severity: diag.Warning, Code: "accuracy-set", Key: section + "." + key,
				Message: fmt.Sprintf("%s is %d in accuracy mode, whatever the command line says", key, accuracyTokens),
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

// cutsPerformance reports whether the harness sets LoadGen's performance sample count to a
// total_sample_count that is not the benchmark's own: main.py of gpt-oss-120b does from v6.1
// on, that of llama3.1-8b does not.
func cutsPerformance(tree *merge.Tree, round string) bool {
	return isGPTOSS(textAt(tree, "benchmark_name")) && loadgen.Reached(round, "v6.1") && treeOf(tree, round) != "llama3.1-8b"
}

const totalKey = "harness_config.total_sample_count"
