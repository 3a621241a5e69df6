package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/schema"
)

// texts are what every variable is set to.
var texts = []string{"0", "1", "true", "false", "yes", "no", "", "None", "abc", "7", "-1", "0.5"}

// words are texts that stand for on and off.
var words = map[string]bool{"1": true, "true": true, "yes": true, "0": false, "false": false, "no": false}

// compareVariables sets every variable that the release reads to twelve texts and has
// the release read them.
func compareVariables(ctx context.Context, e *release) ([]tried, error) {
	c, remove, err := newCompiler(e, "")
	if err != nil {
		return nil, err
	}
	defer remove()
	var cases []tried
	var asked [][2]any
	for _, name := range e.schema.Section(schema.EnvConfig).Names() {
		asked = append(asked, [2]any{name, nil})
		for _, text := range texts {
			m, said, code, err := c.compile(c.backend.EnvSection(), name, strconv.Quote(text))
			if err != nil {
				return nil, err
			}
			if m != nil && m.EnvConfig[name] != text {
				return nil, fmt.Errorf("%s: %q became %q", name, text, m.EnvConfig[name])
			}
			cases, asked = append(cases, tried{engine: e.Engine, key: name, value: strconv.Quote(text), ours: said, code: code}), append(asked, [2]any{name, text})
		}
	}
	answers, err := e.ask(ctx, "variables", asked)
	if err != nil {
		return nil, err
	}
	var judged []tried
	for i, block := range slices.Collect(slices.Chunk(answers, 1+len(texts))) {
		if strings.HasPrefix(block[1].Error, "KeyError") {
			continue // read where no single expression gives its value
		}
		negated := block[1].Value == true && block[2].Value == false // a place that asks for off: != "1"
		for j, a := range block[1:] {
			t := cases[i*len(texts)+j]
			if on, isBool := a.Value.(bool); isBool && negated {
				a.Value = !on
			}
			written := any("what " + texts[j] + " means")
			if a.Error == "" && means(texts[j], a.Value, block[0].Value) {
				written = a.Value
			}
			judged = append(judged, judge(t, written, a, t.code))
		}
	}
	return judged, nil
}

// means reports whether what an engine read is what a text means: the same number, the
// same text, on or off. An empty text means that nothing is set.
func means(text string, read, unset any) bool {
	if text == "" && (nothing(read) || read == false || fmt.Sprint(read) == fmt.Sprint(unset)) {
		return true
	}
	switch r := read.(type) {
	case bool:
		on, isWord := words[text]
		if n, err := strconv.Atoi(text); err == nil {
			on, isWord = n != 0, true
		}
		return isWord && r == on
	case json.Number:
		got, _ := r.Float64()
		want, err := strconv.ParseFloat(text, 64)
		if on, isWord := words[text]; err != nil && isWord {
			want, err = map[bool]float64{true: 1}[on], nil
		}
		return err == nil && got == want
	case string:
		return strings.Contains(strings.ToLower(r), strings.ToLower(text))
	case []any:
		return slices.ContainsFunc(r, func(v any) bool { return means(text, v, nil) })
	case map[string]any:
		return true // made of several things
	}
	return false
}
