package fit

import (
	"path"
	"slices"
	"strings"
)

// FindNamed finds what a model's name alone tells: the shapes of a card whose model differs from it in
// training or in the type of its weights, else the family and the quantization that the name says.
// The longest context and the weights are not known; nil where the name tells nothing.
func FindNamed(name string) *Model {
	name = ofPath(name)
	m := embedded(name)
	if m == nil {
		m = &Model{Type: familyByName(name)}
		if m.Type == "" && quantizationByName(name) == "" {
			return nil
		}
	}
	m.Name, m.MaxLen, m.Weights, m.Note, m.byShapes = name, 0, nil, "", nil
	m.Quant = Quantization{Method: byItsName}
	return m
}

// ofPath is the name of the model in a path: models--ORG--NAME of the Hugging Face cache, and the folder above
// one that is called model or the like.
func ofPath(name string) string {
	steps := strings.Split(strings.TrimRight(name, "/"), "/")
	for _, step := range steps {
		if model, ok := strings.CutPrefix(step, "models--"); ok {
			return strings.ReplaceAll(model, "--", "/")
		}
	}
	if n := len(steps); n > 1 && slices.Contains([]string{"model", "hf", "weights", "checkpoint", "snapshot"}, strings.ToLower(steps[n-1])) {
		return steps[n-2]
	}
	return name
}

// byItsName is the method of a checkpoint of which only the name is known.
const byItsName = "as the name says"

// families are beginnings of models' names with the model type of their config.json.
var families = []struct{ name, model string }{
	{"llama-4", "llama4"},
	{"llama-3", "llama"},
	{"llama-2", "llama"},
	{"gemma-4", "gemma4"},
	{"gemma-3n", "gemma3n"},
	{"gemma-3", "gemma3"},
	{"gemma-2", "gemma2"},
	{"gpt-oss", "gpt_oss"},
}

// familyByName is the model type that a name says; empty where it says none, or of which of two.
func familyByName(name string) string {
	base := strings.TrimPrefix(strings.ToLower(path.Base(name)), "meta-")
	if strings.Contains(base, "distill") {
		return ""
	}
	for _, f := range families {
		if strings.HasPrefix(base, f.name) {
			return f.model
		}
	}
	return ""
}

// quantizationWords are the words of names for quantizations; methods are those that a checkpoint's config.json
// calls so too.
var (
	quantizationWords   = []string{"gptq", "awq", "marlin", "autoround", "nvfp4", "mxfp4", "fp8"}
	quantizationMethods = []string{"gptq", "awq", "marlin"}
)

// quantizationByName is the method that a name says its weights are quantized with, empty for none, for several,
// and for those that checkpoints of other methods are named after too.
func quantizationByName(name string) string {
	found := ""
	for word := range strings.FieldsFuncSeq(strings.ToLower(path.Base(name)), func(r rune) bool { return strings.ContainsRune("-_.", r) }) {
		if !slices.Contains(quantizationWords, word) {
			continue
		}
		if found != "" && found != word {
			return ""
		}
		found = word
	}
	if slices.Contains(quantizationMethods, found) {
		return found
	}
	return ""
}

// kernels are the methods of which a name that says GPTQ or AWQ is no checkpoint; others, such as Quark and
// compressed-tensors, run the same algorithms.
var kernels = []string{"gptq", "gptq_marlin", "awq", "awq_marlin", "marlin", "auto-round", "inc"}

// namesMatch doubts a quantization that is another than the one that the model's name says.
func namesMatch(c *checked, r *Report) {
	if c.Model.Quant.Method != byItsName {
		return
	}
	asked, have := c.Args.text("quantization"), quantizationByName(c.Model.Name)
	if !slices.Contains(kernels, asked) {
		return
	}
	if fault := sameMethod(c, asked, have); fault != "" {
		r.doubt("quantization-of-checkpoint", ofQuantization[c.Engine], "%s by its name", fault)
	}
}
