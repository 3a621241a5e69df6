package manifest

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
)

// What requests carry is of the types, and within the bounds, that the engine takes.
func TestCheckSampling(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 80)
	for _, c := range []struct {
		types string
		value any
		want  string // empty: it is taken
	}{
		{"number >=0", 0.0, ""},
		{"number >=0", int64(0), ""},
		{"number >=0", -0.5, "it is -0.5, the engine takes number >=0"},
		{"number >0", int64(0), "it is 0, the engine takes number >0"},
		{"number >0", 0.001, ""},
		{"number <=1", 1.0, ""},
		{"number <=1", 1.5, "it is 1.5"},
		{"number <1", 1.0, "it is 1,"},
		{"number <1", 0.5, ""},
		{"number >0 <=1 | null", 1.0, ""},
		{"number >0 <=1 | null", 2.0, "it is 2,"},
		{"int >=1 | null", int64(3), ""},
		{"int >=1", 3.0, ""}, // it is sent as 3
		{"int >=1", 3.5, "it is a float, the engine takes int >=1"},
		{"int >=1", 0.0, "it is 0, the engine takes int >=1"},
		{"int", huge, ""},
		{"int <5", 7, "it is 7,"},
		{"int", "3", "it is text"},
		{"text | list", "a", ""},
		{"text | list", []any{"a"}, ""},
		{"text | list", map[string]any{}, "it is a map"},
		{"text", []any{}, "it is a list"},
		{"bool", true, ""},
		{"bool", int64(1), "it is a whole number"},
		{"int", true, "it is a boolean, the engine takes int"},
		{"map", map[string]any{"a": int64(1)}, ""},
		{"map", nil, ""}, // null is not passed on
		{"any", 1.5, ""},
		{"any", []any{nil}, ""},
		{"any", "x", ""},
		{"any", map[string]any{}, ""},
		{"any", []any{"a"}, ""},
		{"int", map[string]any{}, "it is a map"},
		{"any", false, ""},
		{"any", int64(1), ""},
		{"", int64(1), `"" does not say of which type`},
		{"int | ", int64(1), "does not say of which type"},
		{"integer", int64(1), `"integer" does not say of which type`},
		{"int >=x", int64(1), `">=x" is no bound of a number`},
		{"int =1", int64(1), `"=1" is no bound of a number`},
		{"int 1", int64(1), `"1" is no bound of a number`},
	} {
		m := &Manifest{SamplingConfig: map[string]any{"key": c.value}, SamplingTypes: map[string]string{"key": c.types}}
		err := m.CheckSampling()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "sampling_config.key: ") || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q takes %v: %v, want %q", c.types, c.value, err, c.want)
		}
	}
	m := &Manifest{SamplingConfig: map[string]any{"b": int64(1), "a": "x", "c": int64(2), "none": nil}, SamplingTypes: map[string]string{"a": "int", "c": "int"}}
	want := "sampling_config.a: it is text, the engine takes int\nsampling_config.b: sampling_types does not say what it takes"
	if err := m.CheckSampling(); err == nil || err.Error() != want {
		t.Errorf("%v, want all faults in order:\n%s", err, want)
	}
}

// Faults of roles, sources and columns are told with what was found.
func TestRolesRefused(t *testing.T) {
	good, err := example().YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"name: serve", `name: ""`, "name is empty"},
		{"    replicas: 4\n", "    replicas: many\n", "replicas"},
		{"program:\n      - vllm\n      - serve\n", "program: []\n", "program is empty"},
		{`VLLM_USE_V1: "0"` + "\n    model", `VLLM_USE_V1: true` + "\n    model", "text, in environment.VLLM_USE_V1, it is a boolean"},
		{"name: RAY_ADDRESS", "nom: RAY_ADDRESS", "name must be text, it is null"},
		{"name: ray\n", "name: 7\n", "name must be text, it is a whole number"},
		{`address: "{head-address:6379}"`, `address: "{headaddress:6379}"`, `"headaddress", which is not known`},
		{"path: config.yaml", "path: 1.5", "an entry of sources must have exactly these texts: [path sha256]"},
		{"path: config.yaml", `path: ""`, "an entry of sources must have exactly these texts"},
	} {
		if !strings.Contains(string(good), c.old) {
			t.Errorf("%q is not in the example", c.old)
			continue
		}
		_, err := Decode("m.yaml", []byte(strings.Replace(string(good), c.old, c.new, 1)))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
	// A companion is there or is null.
	alone := example()
	alone.Roles[0].Companion = nil
	text, err := alone.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if m, err := Decode("m.yaml", text); err != nil || m.Roles[0].Companion != nil {
		t.Errorf("without a companion: %v", err)
	}
}

// Values that no manifest can hold are refused wherever they stand, with their key.
func TestEncodeRefusesWithin(t *testing.T) {
	for want, value := range map[string]any{
		"engine_config: deep: number: a number that is not finite":  map[string]any{"deep": map[string]any{"number": math.NaN()}},
		"engine_config: text: text that is not UTF-8":               map[string]any{"text": "\xff"},
		"engine_config: list: 1: a number that is not finite":       map[string]any{"list": []any{"a", math.Inf(1)}},
		"engine_config: key \"\\xff\": text that is not UTF-8":      map[string]any{"\xff": "text"},
		"engine_config: deep: list: 0: a number that is not finite": map[string]any{"deep": map[string]any{"list": []any{math.NaN()}}},
		"engine_config: kind: a struct {}":                          map[string]any{"kind": struct{}{}},
	} {
		m := example()
		m.EngineConfig = value.(map[string]any)
		if _, err := m.YAML(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if _, err := m.EngineDigest(); err == nil {
			t.Errorf("%s: it has a digest", want)
		}
		// JSON is made of what YAML took: its own refusals are those of its encoder.
		if _, err := appendJSON(nil, m.fields()); err == nil || !strings.Contains(err.Error(), strings.Replace(want, "key \"\\xff\": ", "", 1)) {
			t.Errorf("JSON: %v, want %s", err, want)
		}
	}
	m := example()
	m.HarnessConfig = map[string]any{"text": "a 😀 \u0001 \u2028 \U000e0001 \"q\" \\ \t\n"}
	text, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if want := "text: \"a 😀 \\u0001 \\u2028 \U000e0001 \\\"q\\\" \\\\ \\t\\n\""; !strings.Contains(string(text), want) {
		t.Errorf("%s lacks %s", text, want)
	}
	if back, err := Decode("m.yaml", text); err != nil || back.HarnessConfig["text"] != m.HarnessConfig["text"] {
		t.Errorf("%v", err)
	}
}

// Several places in a word are filled each, and what fills them may fail.
func TestFillSeveral(t *testing.T) {
	fill := func(p Place) (string, error) {
		if p.Name == "nodes" {
			return "", errors.New("there are none")
		}
		return p.Name, nil
	}
	if got, err := Fill("a{port}b{head-port:1}c", fill); err != nil || got != "aportbhead-portc" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Fill("a{port}{nodes}", fill); err == nil || err.Error() != "there are none" || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Fill(`{"a":"{path:/\x}"}`, fill); err == nil || !strings.Contains(err.Error(), "no text of JSON") {
		t.Errorf("%q, %v", got, err)
	}
}
