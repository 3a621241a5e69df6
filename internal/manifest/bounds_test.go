package manifest

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"
)

// Reader and writer hold the same bound of depth, in maps, lists and both forms.
func TestDepth(t *testing.T) {
	in := map[string]func(any) any{
		"maps":  func(v any) any { return map[string]any{"a": v} },
		"lists": func(v any) any { return []any{v} },
	}
	for name, wrap := range in {
		t.Run(name, func(t *testing.T) {
			var v any = int64(1)
			for range maxDepth - 1 { // the section is the first level
				v = wrap(v)
			}
			m := example()
			m.HarnessConfig["deep"] = v
			if _, err := again(t, m); err != nil {
				t.Fatalf("%d levels: %v", maxDepth, err)
			}
			m.HarnessConfig["deep"] = wrap(v)
			inJSON := func() ([]byte, error) { return appendJSON(nil, m.fields()) }
			for form, encode := range map[string]func() ([]byte, error){"YAML": m.YAML, "JSON": m.JSON, "JSON alone": inJSON} {
				if _, err := encode(); !errors.Is(err, errDepth) {
					t.Errorf("%d levels in %s: %v", maxDepth+1, form, err)
				}
			}
		})
	}
	// What nobody here writes is refused by the readers as well, at its place.
	kind := "kind: mlcfg/manifest\n"
	for text, want := range map[string]string{
		kind + "a:\n  " + strings.Repeat("- ", maxDepth) + "1\n":                                                         "",
		kind + "a:\n  " + strings.Repeat("- ", maxDepth+1) + "1\n":                                                       errDepth.Error(),
		kind + "a:\n" + strings.Repeat("  - a: 1\n", maxDepth+10):                                                        "",
		`{"kind": "mlcfg/manifest", "a": ` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "}":         "",
		`{"kind": "mlcfg/manifest", "a": ` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + "}":     errDepth.Error(),
		`{"kind": "mlcfg/manifest", "a": ` + strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+2): errDepth.Error(),
	} {
		read := readYAML
		if text[0] == '{' {
			read = readJSON
		}
		_, err := read([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || err.Msg != want) {
			t.Errorf("%.60s…: %v, want %q", text, err, want)
		}
	}
}

// No text is longer than what is read, no number longer than what is held.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		size int
		want string
	}{{MaxSize, "empty: not a manifest"}, {MaxSize + 1, "larger than 16 MiB: not a manifest"}} {
		data := bytes.Repeat([]byte(" "), c.size)
		if _, err := Decode("m.yaml", data); err == nil || err.Error() != "m.yaml: "+c.want {
			t.Errorf("%d bytes: %v", c.size, err)
		}
	}
	digits := strings.Repeat("7", maxDigits)
	seven, _ := new(big.Int).SetString(digits, 10)
	for name, read := range map[string]func(string) (any, error){"YAML": readNumber, "JSON": jsonNumber} {
		if n, err := read(digits); err != nil || n.(*big.Int).Cmp(seven) != 0 {
			t.Errorf("%s: %v, %v", name, n, err)
		}
		if _, err := read(digits + "7"); err == nil || !strings.Contains(err.Error(), "of 1001 characters") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := read("1.0e+999"); err == nil || err.Error() != "1.0e+999 is out of a float's range" {
			t.Errorf("%s: %v", name, err)
		}
		if n, err := read("-9223372036854775808"); err != nil || n != int64(-1<<63) {
			t.Errorf("%s: %v, %v", name, n, err)
		}
	}
	for length, plain := range map[int]bool{512: true, 513: false} {
		if got := isPlain(strings.Repeat("a", length)); got != plain {
			t.Errorf("%d letters are plain: %t", length, got)
		}
	}
	for text, plain := range map[string]bool{
		"Zz": true, "Az": true, "za": true, "_0": true, "a9": true, "a0": true, "/": true, "[a": false, "@a": false, "`a": false, "{a": false, "a:": false, "a/b": true,
		"infinity": false, "Infinity": false, "infinity9": true, "INF": false, "nans": true,
	} {
		if isPlain(text) != plain {
			t.Errorf("%q is plain: %t", text, !plain)
		}
	}
}

// A whole number that the compiler holds as an int is written as any other.
func TestInt(t *testing.T) {
	m := example()
	m.HarnessConfig["int"] = 120
	m.HarnessConfig["integers"] = []any{int64(120), -7}
	back, err := again(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.HarnessConfig["integers"].([]any); back.HarnessConfig["int"] != int64(120) || got[0] != int64(120) || got[1] != int64(-7) {
		t.Errorf("%+v", back.HarnessConfig)
	}
}

// A cut file is no manifest, wherever it is cut.
func TestCut(t *testing.T) {
	for name, encode := range map[string]func() ([]byte, error){"YAML": example().YAML, "JSON": example().JSON} {
		whole, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		whole = bytes.TrimRight(whole, "\n")
		for n := 0; n < len(whole); n += 3 {
			_, err := Decode("m", whole[:n])
			var bad *Error
			if !errors.As(err, &bad) {
				t.Fatalf("%s, %d bytes of %d: %v", name, n, len(whole), err)
			}
			if name == "JSON" && strings.Contains(string(whole[:n]), Kind) && utf8.Valid(whole[:n]) && bad.Msg != "the file is cut off" {
				t.Errorf("%s, %d bytes of %d: %v", name, n, len(whole), err)
			}
		}
	}
}
