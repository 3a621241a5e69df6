package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// builtInOf names the list that a key of a nested map is held to.
var builtInOf = map[string]string{
	"attention_config.backend":                   "attention_backend",
	"structured_outputs_config.reasoning_parser": "reasoning_parser",
}

// overridden are names on no list that only a model is started with which puts its own in their
// place (INCConfig.override_quantization_method of vllm/model_executor/layers/quantization/inc).
var overridden = struct {
	engine, first, list string
	names               []string
}{backend.VLLM, "0.16.0", "quantization", []string{"auto_round", "auto-round"}}

// builtIn holds a text to the list that the engine holds it to when it starts,
// where the argument's type takes any. A list that plugins may add to is a matter
// for a warning. It reports whether the value can be used.
func (c *checker) builtIn(t *merge.Tree, key *schema.Key, v any) bool {
	m, isMap := v.(map[string]any)
	if !isMap {
		return c.inBuiltIn(t, nil, t.Key, key, v)
	}
	ok := true
	for path, list := range builtInOf {
		if section, name, _ := strings.Cut(path, "."); section == t.Key && m[name] != nil {
			ok = c.inBuiltIn(t, []string{name}, list, nil, m[name]) && ok
		}
	}
	return ok
}

func (c *checker) inBuiltIn(t *merge.Tree, below []string, list string, key *schema.Key, v any) bool {
	text, isText := v.(string)
	built, known := c.schema.Section(schema.BuiltIn).Key(list)
	if !isText || !known || key != nil && len(key.Enum) > 0 {
		return true // the type itself says what is legal
	}
	names := make([]string, 0, len(built.Enum))
	for _, name := range built.Enum {
		names = append(names, fmt.Sprint(name))
	}
	if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, text) }) {
		return true
	}
	if o := overridden; o.engine == c.schema.Engine && o.list == list && slices.Contains(o.names, text) && schema.CompareReleases(c.schema.Release, o.first) >= 0 {
		return true
	}
	if key != nil && built.Limit == "" && (v == key.Default || strings.EqualFold(text, "none") && key.Default == "") {
		return true // nothing of the list; vLLM takes the word none for it
	}
	at := descend(t, below)
	d := diag.Diagnostic{
		Pos: at.node.Pos, Severity: diag.Warning, Code: "not-built-in", Key: at.path,
		Message: fmt.Sprintf("%s has no %s %q built in", c.engineRelease(), strings.ReplaceAll(list, "_", " "), text),
		Hint:    "unless a plugin adds it the engine refuses it when it starts; built in are " + strings.Join(names, ", "),
	}
	if built.Limit != "" { // a class of constants, which nothing adds to
		d.Severity, d.Code, d.Hint = diag.Error, schema.NotInEnum, "the engine takes "+strings.Join(names, ", ")
	}
	if near := schema.Nearest(names, text); near != "" {
		didYouMean(&d, near)
	}
	c.add(d)
	return d.Severity != diag.Error
}
