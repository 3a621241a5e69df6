package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/goldenfile"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// compare holds manifests equal that say the same.
var compare = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })}

func example() *Manifest {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	m := &Manifest{
		BenchmarkName: "llama2-70b", Scenario: "offline", TestMode: "performance",
		Machine: "mi325x", Variant: "offline", Backend: "vllm",
		Engine:    Engine{Name: "vllm", Version: "0.9.2"},
		EnvConfig: map[string]string{"VLLM_USE_V1": "0", "FLAG": "True", "PCT": "30.0", "EMPTY": ""},
		EngineConfig: map[string]any{
			"model": "/model/llama2-70b-chat-hf/fp8_quantized", "quantization": nil, "enforce_eager": true,
			"swap_space": int64(0), "gpu_memory_utilization": 0.98, "seed": huge,
			"hf_overrides": map[string]any{"rope": map[string]any{"theta": 1e16, "eps": 1e-05}, "empty": map[string]any{}},
			"lists":        []any{[]any{int64(1), []any{}}, map[string]any{"a": int64(1), "b": []any{"x"}}, "- dash", nil},
		},
		SamplingConfig: map[string]any{"temperature": 0.0, "stop": []any{"no", "1.2", "a: b", "line\nbreak", "ünï\u2028"}},
		HarnessConfig:  map[string]any{"target_qps": int64(-1), "sorting": map[string]any{"strategy": "buckets", "buckets": []any{12.5, 87.5}}},
		Harness:        "v5.1",
		Data:           Data{Samples: 24576, Digest: Digest([]byte("rows")), Columns: []string{"max-tokens", "tokens"}},
		Loadgen:        map[string]any{"frozen": false, "user_conf": "/conf/user.conf"},
		Sources:        []Source{{Path: "config.yaml", SHA256: strings.Repeat("0", 64)}},
		Overrides:      []string{"harness_config.target_qps=5"},
		Schema:         Digest(nil),
		Roles: []Role{{
			Name: "serve", Model: "{path:/model/llama2-70b-chat-hf/fp8_quantized}", Program: []string{"vllm", "serve"},
			Arguments: []Argument{
				{Key: "model", Words: []string{"{path:/model/llama2-70b-chat-hf/fp8_quantized}"}},
				{Key: "gpu_memory_utilization", Words: []string{"--gpu-memory-utilization", "0.98"}},
				{Key: "seed", Words: []string{"--seed", "123456789012345678901234567890"}},
				{Key: "swap_space", Words: []string{"--swap-space=0"}},
				{Key: "nnodes", When: "nodes", Words: []string{"--nnodes", "{nodes}"}},
				{Words: []string{"--port", "{port}"}},
			},
			Environment: map[string]string{"VLLM_USE_V1": "0", "FLAG": "True", "PCT": "30.0", "EMPTY": ""}, Variables: []Variable{{Name: "RAY_ADDRESS", Value: "local", When: "alone"}},
			Replicas: 4, Devices: 2, TokenIDs: true,
			Companion: &Companion{Name: "ray", Address: "{head-address:6379}", Arguments: []Argument{{Words: []string{"ray", "start"}}}},
		}},
		SamplingTypes: map[string]string{"temperature": "number >=0", "stop": "text | list | null"},
	}
	m.HarnessConfig["device_count"] = int64(8)
	m.Roles[0].Spelled, _ = m.EngineDigest()
	return m
}

func TestGolden(t *testing.T) {
	m := example()
	for name, encode := range map[string]func() ([]byte, error){"manifest.yaml": m.YAML, "manifest.json": m.JSON} {
		t.Run(name, func(t *testing.T) {
			got, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			goldenfile.Check(t, path, got)
			back, err := Decode(name, got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, back, compare); diff != "" {
				t.Errorf("reading back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONIsJSON(t *testing.T) {
	data, err := example().JSON()
	if err != nil || !json.Valid(data) {
		t.Fatalf("not valid JSON (%v):\n%s", err, data)
	}
}

func TestFloats(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", math.Copysign(0, -1): "-0.0", 30: "30.0", 0.9: "0.9", 1e-05: "1.0e-05", 1.5e-7: "1.5e-07",
		1e15: "1000000000000000.0", 1e16: "1.0e+16", 12.525056627215855: "12.525056627215855", math.MaxFloat64: "1.7976931348623157e+308",
	} {
		got, err := appendFloat(nil, f)
		if err != nil || string(got) != want {
			t.Errorf("%v is written %s (%v), want %s", f, got, err, want)
		}
		back, err := readScalar(string(got))
		if err != nil || back != f || math.Signbit(back.(float64)) != math.Signbit(f) {
			t.Errorf("%s is read back as %v (%v)", got, back, err)
		}
	}
}

func TestTexts(t *testing.T) {
	for s, want := range map[string]string{
		"fp8": "fp8", "/a/b-c.d": "/a/b-c.d", "e5": "e5", "": `""`, "0.9.2": `"0.9.2"`, "1e5": `"1e5"`, "None": `"None"`,
		"off": `"off"`, "Y": `"Y"`, "nan": `"nan"`, "a b": `"a b"`, "a:b": `"a:b"`, "2020-01-01": `"2020-01-01"`, "-x": `"-x"`,
		".inf": `".inf"`, "~": `"~"`, "<<": `"<<"`, "a#b": `"a#b"`, "tab\t\"\\": `"tab\t\"\\"`, "\x7f\u0085\ufeff": `"\u007f\u0085\ufeff"`, "é😀": `"é😀"`,
	} {
		got, err := appendText(nil, s)
		if err != nil || string(got) != want {
			t.Errorf("%q is written %s (%v), want %s", s, got, err, want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	deep := map[string]any{}
	for range maxDepth + 2 {
		deep = map[string]any{"x": deep}
	}
	for name, v := range map[string]any{"nan": math.NaN(), "inf": math.Inf(-1), "not UTF-8": "a\xff", "foreign": struct{}{}, "deep": deep} {
		m := example()
		m.HarnessConfig["at"] = v
		if _, err := m.YAML(); err == nil || !strings.Contains(err.Error(), "harness_config: at:") {
			t.Errorf("%s: YAML gave %v, want an error that names the key", name, err)
		}
		if _, err := m.JSON(); err == nil {
			t.Errorf("%s: JSON gave no error", name)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := example().YAML()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := example().JSON()
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) string {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in the example", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	tests := []struct {
		name, data string
		line       int
		msg, hint  string
	}{
		{"empty", " \n", 0, "empty", "mlcfg compile"},
		{"configuration", "benchmark_name: llama2-70b\nvllm_engine_config:\n  model: x # y\n", 0, "not a manifest", "mlcfg compile"},
		{"flat YAML map", "kind: else\n", 0, "not a manifest", "mlcfg compile"},
		{"other JSON", `{"kind": "x"}`, 0, "not a manifest", "mlcfg compile"},
		{"binary", "\x00\xff\xfe", 0, "not a manifest", "mlcfg compile"},
		{"edited value", edit("swap_space: 0", "swap_space: 1"), 9, "digest does not fit", "compile again"},
		{"edited JSON", strings.Replace(string(asJSON), `"swap_space": 0`, `"swap_space": 1`, 1), 12, "digest does not fit", "compile again"},
		{"int made float", edit("swap_space: 0", "swap_space: 0.0"), 9, "digest does not fit", "compile again"},
		{"comment", edit("backend: vllm\n", "backend: vllm\n# note\n"), 2, "expected key: value", "compile again"},
		{"quoted without need", edit("backend: vllm\n", "backend: \"vllm\"\n"), 1, "canonical", "compile again"},
		{"truncated", string(good[:len(good)-1]), bytes.Count(good, []byte("\n")), "cut off", "compile again"},
		{"truncated at a line", string(good[:bytes.Index(good, []byte("env_config"))]), 0, "", ""},
		{"key twice", edit("backend: vllm\n", "backend: vllm\nbackend: vllm\n"), 2, "second time", "compile again"},
		{"unknown field", edit("backend: vllm\n", "backend: vllm\nbackends: vllm\n"), 2, `"backends" is not known`, "same version"},
		{"newer format", edit("format: 2\n", "format: 3\n"), 39, "format 3 is not known", "same version"},
		{"no place", edit("{port}", "{prot}"), 57, `the open place "prot"`, "compile again"},
		{"no circumstance", edit("when: nodes", "when: sundays"), 57, `when "sundays" is not known`, "compile again"},
		{"no devices", edit("devices: 2", "devices: 0"), 57, "devices is 0", "compile again"},
		{"too many devices", edit("devices: 2", "devices: 60000"), 57, "more than 65536 together", "compile again"},
		{"a word that is a number", edit(`"{port}"`, "8000"), 57, "must be text, in words", "compile again"},
		{"a field of a role", edit("token_ids: true", "token_id: true"), 57, "token_ids must be a boolean, it is null", "compile again"},
		{"a type that is none", edit("\"number >=0\"", "3"), 114, "must be text", "compile again"},
		{"wrong type", edit("backend: vllm\n", "backend: 1\n"), 1, "backend must be text, it is a whole number", "compile again"},
		{"env value", edit(`VLLM_USE_V1: "0"`, `VLLM_USE_V1: 0`), 34, "env_config.VLLM_USE_V1 must be text", "compile again"},
		{"meaning", edit("meaning: \"sha256:", "meaning: \"sha256:0"), 54, "meaning does not fit", "compile again"},
		{"data without digest", edit("  samples: 24576\n", ""), 3, "data must have exactly samples", "compile again"},
		{"fewer than no samples", edit("samples: 24576", "samples: -1"), 3, "data must have exactly samples", "compile again"},
		{"indentation", edit("backend: vllm\n", "backend:\n      vllm\n"), 2, "a value is missing", "compile again"},
		{"flow map", edit("backend: vllm\n", "backend: {a: 1}\n"), 1, "neither", "compile again"},
		{"JSON twice", strings.Replace(string(asJSON), `"backend": "vllm"`, `"backend": "vllm", "backend": "vllm"`, 1), 2, "second time", "compile again"},
		{"JSON trailing", string(asJSON) + "{}", 0, "something follows", "compile again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode("m.yaml", []byte(tt.data))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if tt.line != 0 && e.Line != tt.line || !strings.Contains(e.Msg, tt.msg) || !strings.Contains(e.Hint, tt.hint) || e.File != "m.yaml" {
				t.Errorf("got %v (hint %q), want line %d, %q, hint %q", e, e.Hint, tt.line, tt.msg, tt.hint)
			}
		})
	}
}

// TestFormer takes a manifest of format 1, which is refused with the command
// that makes it again.
func TestFormer(t *testing.T) {
	data, err := example().YAML()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"format: 2\n", "format: 1\n", "  frozen: false\n", "  frozen: false\n  round: v5.1\n", "harness: v5.1\n", "",
		"sources:\n  - path: config.yaml\n", "sources:\n  - path: config.yaml\n    sha256: aa\n  - path: \"models/it's/offline_x.yaml\"\n",
	).Replace(string(data))
	refuse := func(text string) *Error {
		_, err := Decode("m.yaml", []byte(text))
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v, want an *Error", err)
		}
		return e
	}
	e := refuse(text)
	want := `in the configuration's folder: mlcfg compile 'models/it'\''s/offline_x.yaml' --base config.yaml --backend vllm --engine-version vllm=0.9.2 --round v5.1 harness_config.target_qps=5 -o FILE`
	if e.Line != 39 || e.Format != 1 || !strings.Contains(e.Msg, "compile again") || e.Hint != want {
		t.Errorf("got %v (hint %q)\nwant the hint %q", e, e.Hint, want)
	}
	if e.Old == nil || e.Old.Harness != "v5.1" || len(e.Old.Overrides) != 1 {
		t.Errorf("what it was compiled for is lost: %+v", e.Old)
	}
	for _, field := range []string{"backend:", "sources:", "loadgen:", "engine:"} {
		if e := refuse(strings.Replace(text, field, "x"+field, 1)); e.Old != nil || e.Hint != hintRecompile {
			t.Errorf("without %s: %v (hint %q), %+v", field, e, e.Hint, e.Old)
		}
	}
}

// TestMeaning holds the meaning to what a run depends on: all but where the
// values are from.
func TestMeaning(t *testing.T) {
	meaning := func(change func(*Manifest)) string {
		m := example()
		change(m)
		if _, err := m.YAML(); err != nil {
			t.Fatal(err)
		}
		return m.Meaning
	}
	same := meaning(func(*Manifest) {})
	for name, change := range map[string]func(*Manifest){
		"source":    func(m *Manifest) { m.Sources[0].SHA256 = "aa" },
		"overrides": func(m *Manifest) { m.Overrides = nil },
		"schema":    func(m *Manifest) { m.Schema = "sha256:aa" },
		"omegaconf": func(m *Manifest) { m.OmegaConf = "2.4" },
		"user.conf": func(m *Manifest) { m.Loadgen["user_conf"] = "/elsewhere/user.conf" },
		"origins":   func(m *Manifest) { m.Loadgen["origins"] = map[string]any{"mode": "test_mode"} },
		"conf path": func(m *Manifest) { m.HarnessConfig["user_conf_path"] = "user.conf" },
	} {
		if meaning(change) != same {
			t.Errorf("%s changes the meaning", name)
		}
	}
	for name, change := range map[string]func(*Manifest){
		"scenario": func(m *Manifest) { m.Scenario = "server" }, "machine": func(m *Manifest) { m.Machine = "x" },
		"engine": func(m *Manifest) { m.Engine.Version = "0.9.3" }, "env": func(m *Manifest) { m.EnvConfig["X"] = "" },
		"argument": func(m *Manifest) { m.EngineConfig["model"] = "x" }, "sampling": func(m *Manifest) { m.SamplingConfig["top_p"] = 1.0 },
		"harness": func(m *Manifest) { m.HarnessConfig["target_qps"] = 1.0 }, "setting": func(m *Manifest) { m.Loadgen["frozen"] = true },
		"round": func(m *Manifest) { m.Harness = "v6.0" }, "samples": func(m *Manifest) { m.Data.Samples = 1 },
		"digest": func(m *Manifest) { m.Data.Digest = "" }, "words": func(m *Manifest) { m.Roles[0].Arguments[1].Words[0] = "--nodes" }, "columns": func(m *Manifest) { m.Data.Columns = nil },
	} {
		if meaning(change) == same {
			t.Errorf("%s does not change the meaning", name)
		}
	}
}

func TestReadFileStdin(t *testing.T) {
	data, err := example().YAML()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile("-", bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
	if _, err := ReadFile("-", strings.NewReader("x")); err == nil || !strings.HasPrefix(err.Error(), "standard input: ") {
		t.Errorf("got %v, want an error that names standard input", err)
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "absent"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want a file-not-found error", err)
	}
}

func TestValues(t *testing.T) {
	section := map[string]any{"int": 5, "big": new(big.Int).Lsh(big.NewInt(1), 80), "i": int64(3), "f": 2.5, "whole": 4.0, "s": "x", "b": true, "m": map[string]any{"k": "v"}, "null": nil}
	if n, ok := Int(section, "i"); n != 3 || !ok {
		t.Error(n, ok)
	}
	if n, ok := Int(section, "whole"); n != 4 || !ok {
		t.Error(n, ok)
	}
	if n, ok := Int(section, "int"); n != 5 || !ok {
		t.Error(n, ok)
	}
	for key, want := range map[string]float64{"int": 5, "big": 0x1p80, "f": 2.5} {
		if f, ok := Float(section, key); f != want || !ok {
			t.Error(key, f, ok)
		}
	}
	for key, value := range map[string]float64{"most": 1 << 62, "least": -1 << 62} {
		if _, ok := Int(map[string]any{key: value}, key); ok {
			t.Errorf("%v is a whole number that can be held with certainty", value)
		}
	}
	if f, ok := Float(section, "s"); f != 0 || ok {
		t.Error(f, ok)
	}
	for _, key := range []string{"f", "s", "null", "absent", "big"} {
		if _, ok := Int(section, key); ok {
			t.Errorf("%s is taken for a whole number", key)
		}
	}
	if f, ok := Float(section, "i"); f != 3 || !ok {
		t.Error(f, ok)
	}
	if s, ok := Text(section, "s"); s != "x" || !ok {
		t.Error(s, ok)
	}
	if b, ok := Bool(section, "b"); !b || !ok {
		t.Error(b, ok)
	}
	if Section(section, "m")["k"] != "v" || Section(section, "null") != nil {
		t.Error("Section")
	}
}

// FuzzDecode: no input panics, and what is accepted is written back as it was.
func FuzzDecode(f *testing.F) {
	data, _ := example().YAML()
	f.Add(data)
	asJSON, _ := example().JSON()
	f.Add(asJSON)
	f.Add([]byte("kind: mlcfg/manifest\n- - - x\n"))
	f.Add([]byte("kind: mlcfg/manifest\na:\n  - - \"x\": 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode("fuzz", data)
		if err != nil {
			return
		}
		again, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if data[0] != '{' && !bytes.Equal(again, data) && bytes.TrimSpace(data)[0] != '{' {
			t.Errorf("accepted, but written differently:\n%s", again)
		}
	})
}

// FuzzReadYAML: what the reader reads and the writer writes is a fixed point.
func FuzzReadYAML(f *testing.F) {
	data, _ := example().YAML()
	f.Add(data)
	f.Add([]byte("a:\n  - - - 1\n    - {}\n  - b: []\n    c: -0.0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, problem := readYAML(data)
		if problem != nil {
			return
		}
		first, err := appendYAML(nil, doc.fields)
		if err != nil {
			return
		}
		if len(doc.fields) == 0 {
			return // no manifest is empty; "{}" is not read back
		}
		again, problem := readYAML(first)
		if problem != nil {
			t.Fatalf("cannot read what was written: %v\n%s", problem, first)
		}
		if diff := cmp.Diff(doc.fields, again.fields, compare, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("(-first +again)\n%s", diff)
		}
		second, err := appendYAML(nil, again.fields)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("not a fixed point (%v):\n%s\n%s", err, first, second)
		}
	})
}

// FuzzText: any text survives both forms.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "None", "a: b", "\u2028\x00", "😀", "- x", "\\u0041", "</script>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := example()
		m.HarnessConfig["text"], m.HarnessConfig[s] = s, "key"
		for _, encode := range []func() ([]byte, error){m.YAML, m.JSON} {
			data, err := encode()
			if err != nil {
				return
			}
			back, err := Decode("fuzz", data)
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if diff := cmp.Diff(m, back, compare); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func BenchmarkYAML(b *testing.B) {
	m := example()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.YAML(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data, err := example().YAML()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode("m.yaml", data); err != nil {
			b.Fatal(err)
		}
	}
}
