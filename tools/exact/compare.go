package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/schema/importer"
)

// verdict is how what is said here and what the engine does go together.
type verdict string

// The verdicts.
const (
	equal    verdict = "equal"    // taken by both, and read as the manifest says
	refused  verdict = "refused"  // by both, or the engine would read another value than was written
	told     verdict = "told"     // taken here with a finding on the key, and the engine refuses it or reads another
	stricter verdict = "stricter" // refused here, though the engine reads it as written
	silent   verdict = "silent"   // taken here without a word, and the engine refuses it or reads another
)

// tried is one case and its verdict.
type tried struct {
	engine, key, value string
	verdict            verdict
	// ours is what is said here, theirs what the engine said or read.
	ours, theirs string
	// code is that of the finding that refuses it here, empty where nothing does.
	code string
}

// kind is one kind of comparison.
type kind struct {
	name    string
	compare func(ctx context.Context, e *release) ([]tried, error)
}

var kinds = []kind{
	{"arguments", compareArguments},
	{"variables", compareVariables},
	{"requests", compareRequests},
	{"chats", compareChats},
}

func kindNames() (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// report is what one kind came to for one release.
type report struct {
	spec  importer.Spec
	kind  kind
	cases []tried
}

func (r report) of(v verdict) (cases []tried) {
	for _, c := range r.cases {
		if c.verdict == v {
			cases = append(cases, c)
		}
	}
	return cases
}

// judge compares what was written with what the engine read. said are the findings
// on the key, code that of an error among them.
func judge(c tried, written any, a answer, code string) tried {
	c.theirs, c.code = "reads "+text(a.Value), code
	if a.Error != "" {
		c.theirs = strings.TrimSpace(a.Error)
	}
	same := a.Error == "" && (holds(a.Value, written) || code == "" && meant(c, a, written))
	switch {
	case code != "" && same:
		c.verdict = stricter
	case code != "":
		c.verdict = refused
	case same:
		c.verdict = equal
	case c.ours != "":
		c.verdict = told
	default:
		c.verdict = silent
	}
	return c
}

// meant reports whether a value that is taken here, and which the engine reads as another
// one, means the same to it: nothing, JSON text of it, or what its documentation says.
func meant(c tried, a answer, written any) bool {
	return nothing(written) && nothing(a.Value) || sameJSON(a.Value, written) || namedByItself(a.Value, written) || alike(c, a)
}

// namedByItself reports whether a map names each text of a list by the text: a LoRA path without
// a name, in releases of SGLang that keep them by name.
func namedByItself(read, written any) bool {
	named, isMap := read.(map[string]any)
	list, isList := written.([]any)
	return isMap && isList && len(named) == len(list) && !slices.ContainsFunc(list, func(v any) bool {
		name, isText := v.(string)
		return !isText || named[name] != v
	})
}

// nothing reports whether a value is empty, which is what null is to the engines.
func nothing(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

// spoken are values that the engine reads as another of the same meaning, as its own
// documentation has it.
var spoken = []struct{ engine, key, written, read string }{
	// Without lora_paths nothing turns it on, and with them false is refused.
	{backend.SGLang, "enable_lora", `false`, `null`},
	// A switch that is read as text, of which every one is on.
	{backend.SGLang, "debug_tensor_dump_inject", `true`, `"true"`},
	// The empty text is the default, which is chosen when the class is made.
	{backend.VLLM, "compilation_config", `{"backend": ""}`, `"backend":"inductor"`},
	// "none disables reasoning parsing, the same as leaving it unset."
	{backend.VLLM, "reasoning_parser", `"none"`, `""`},
	{backend.VLLM, "reasoning_parser", `"None"`, `""`},
}

func alike(c tried, a answer) bool {
	return slices.ContainsFunc(spoken, func(s struct{ engine, key, written, read string }) bool {
		return s.engine == c.engine && s.key == c.key && s.written == c.value && strings.Contains(text(a.Value), s.read)
	})
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// holds reports whether the value that an engine read is the one that was written. A
// class that a map became has its defaults besides.
func holds(got, want any) bool {
	if member, isMap := got.(map[string]any); isMap && len(member) == 2 && member["member"] != nil {
		name, isText := want.(string) // of an Enum, by name or by value
		return isText && strings.EqualFold(name, fmt.Sprint(member["member"])) || holds(member["of"], want)
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range w {
			v, has := g[name]
			if !has || !holds(v, value) {
				return false
			}
		}
		return true
	case []any:
		if set, isMap := got.(map[string]any); isMap && len(set) == 1 {
			members, isSet := set["set"].([]any)
			return isSet && len(members) == len(w) && !slices.ContainsFunc(w, func(v any) bool {
				return !slices.ContainsFunc(members, func(m any) bool { return holds(m, v) })
			})
		}
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !holds(g[i], w[i]) {
				return false
			}
		}
		return true
	}
	if sameJSON(got, want) || sameJSON(want, got) {
		return true // one side has the text, the other what it says
	}
	if g, ok := got.([]any); ok && len(g) == 1 {
		return holds(g[0], want) // where one or several are taken, one is a list of one
	}
	if g, ok := number(got); ok {
		w, ok := number(want)
		return ok && g.Cmp(w) == 0
	}
	return got == want
}

// sameJSON reports whether one value is a map or a list that the other is JSON text of.
func sameJSON(said, made any) bool {
	s, isText := said.(string)
	switch made.(type) {
	case map[string]any, []any:
	default:
		return false
	}
	var v any
	if !isText || json.Unmarshal([]byte(s), &v) != nil {
		return false
	}
	return holds(made, v)
}

// number is exact: 0.1 of one program is 0.1 of another.
func number(v any) (*big.Rat, bool) {
	switch v.(type) {
	case json.Number, float64, int, int64, *big.Int:
		return new(big.Rat).SetString(strings.Trim(text(v), `"`))
	}
	return nil, false
}
