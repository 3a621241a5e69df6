package manifest

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFill(t *testing.T) {
	fill := func(p Place) (string, error) {
		if p.Name == "path" {
			return strings.Replace(p.Arg, "/model", "/mnt/\"m\"", 1), nil
		}
		return "<" + p.Name + ":" + p.Arg + ">", nil
	}
	for word, want := range map[string]string{
		"":                           "",
		"--port":                     "--port",
		"{port}":                     "<port:>",
		"--port={port}":              "--port=<port:>",
		"{head-port:29501}":          "<head-port:29501>",
		"{path:/model/x}":            `/mnt/"m"/x`,
		`{"a":"{path:/model/x}"}`:    `{"a":"/mnt/\"m\"/x"}`,
		`{"a":"{path:/<b>&}"}`:       `{"a":"/<b>&"}`,
		"{path:/<b>&}":               "/<b>&",
		"{path:/a%7Bb%7D%2525}":      "/a{b}%25",
		"{brace}port}":               "{port}",
		"{brace}brace}":              "{brace}",
		`{"level":3,"of":{"b":[]}}`:  `{"level":3,"of":{"b":[]}}`,
		"{}":                         "{}",
		"{Port}":                     "{Port}",
		"{path:/never/closed":        "{path:/never/closed",
		"!{prot}":                    `the open place "prot", which is not known here`,
		`!{"a":"{x-y:/model/{port}"`: "",
	} {
		text, refused := strings.CutPrefix(word, "!")
		got, err := Fill(text, fill)
		switch {
		case refused && want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		case !refused && (err != nil || got != want):
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

// Absolute paths alone are open.
func TestOpenPath(t *testing.T) {
	for path, want := range map[string]string{"/model/x": "{path:/model/x}", "model/x": "model/x", "org/{model}": "org/{brace}model}", "": "", "/a{b}%": "{path:/a%7Bb%7D%25}"} {
		if got := OpenPath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// FuzzLiteral: any text comes back as it was, as a literal and as a path, alone
// and inside JSON.
func FuzzLiteral(f *testing.F) {
	for _, text := range []string{"{port}", "{brace}", "/a/{path:/b}%7D", "{{a}}", "/", "{a", "%", "/\u2028<&>\"\\"} {
		f.Add(text)
	}
	same := func(p Place) (string, error) { return p.Arg, nil }
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := Fill(Literal(text), same); err != nil || got != text {
			t.Errorf("literal %q comes back as %q, %v", text, got, err)
		}
		if got, err := Fill(OpenPath(text), same); err != nil || got != text {
			t.Errorf("path %q comes back as %q, %v", text, got, err)
		}
		if !utf8.ValidString(text) {
			return // no manifest holds it
		}
		b, err := json.Marshal(map[string]any{Literal("k"): OpenPath(text)})
		if err != nil {
			t.Fatal(err)
		}
		filled, err := Fill(string(b), same)
		var back map[string]string
		if err != nil || json.Unmarshal([]byte(filled), &back) != nil || back["k"] != text {
			t.Errorf("path %q in JSON comes back as %q, %v", text, filled, err)
		}
	})
}

// FuzzSamplingTypes: no text of types makes the check fail otherwise than by an
// error, and a value of the type that it names passes.
func FuzzSamplingTypes(f *testing.F) {
	for _, types := range []string{"int >=1 | null", "number >0 <=1", "any", "text | list", "int >=", "int >=1e999", "|", "bool <1"} {
		f.Add(types, int64(3))
	}
	f.Fuzz(func(t *testing.T, types string, n int64) {
		m := Manifest{SamplingConfig: map[string]any{"a": n, "b": "x", "c": nil}, SamplingTypes: map[string]string{"a": types, "b": "any", "c": types}}
		err := m.CheckSampling()
		if err == nil && !strings.Contains(types, "int") && !strings.Contains(types, "number") && !strings.Contains(types, "any") {
			t.Errorf("%d is taken for %q", n, types)
		}
	})
}
