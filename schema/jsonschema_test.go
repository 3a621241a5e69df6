package schema

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

func validator(t *testing.T, engines ...*Schema) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema(engines...)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mlcfg.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("mlcfg.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func loadBoth(t *testing.T, vllm, sglang string) (*Schema, *Schema) {
	t.Helper()
	v, err := Load("vllm", vllm)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load("sglang", sglang)
	if err != nil {
		t.Fatal(err)
	}
	return v, s
}

// TestJSONSchemaBooleans: the default of a boolean is no enum beside its type, which would be
// all that editors name as what is valid.
func TestJSONSchemaBooleans(t *testing.T) {
	vllm, sglang := loadBoth(t, newest("vllm"), newest("sglang"))
	text, err := JSONSchema(vllm, sglang)
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(text, []byte(`"enum": [`+"\n")); i < 0 {
		t.Fatal("no enum at all: the search is broken")
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			forms, _ := v["anyOf"].([]any)
			lone, general := false, false
			for _, f := range forms {
				form, _ := f.(map[string]any)
				enum, _ := form["enum"].([]any)
				lone = lone || len(enum) == 1 && (enum[0] == true || enum[0] == false)
				types, _ := form["type"].([]any)
				general = general || slices.Contains(types, any("boolean"))
			}
			if lone && general {
				t.Errorf("%s has the enum of one boolean beside the type", path)
			}
			for k, w := range v {
				walk(path+"."+k, w)
			}
		case []any:
			for _, w := range v {
				walk(path, w)
			}
		}
	}
	walk("", doc)
}

// TestJSONSchemaAgreesWithCheck asks a real validator about every key and the
// probes: it takes what Check takes and refuses what Check refuses.
func TestJSONSchemaAgreesWithCheck(t *testing.T) {
	for _, releases := range [][2]string{{"0.9.2", "0.4.9.post6"}, {newest("vllm"), newest("sglang")}} {
		vllm, sglang := loadBoth(t, releases[0], releases[1])
		trtllm, err := Load("trtllm", newest("trtllm"))
		if err != nil {
			t.Fatal(err)
		}
		v := validator(t, vllm, sglang, trtllm)
		for _, s := range []*Schema{vllm, sglang, trtllm} {
			for _, section := range []string{EngineConfig, SamplingConfig, EnvConfig} {
				for _, k := range s.Section(section).Keys() {
					for _, value := range slices.Concat(probes, unionProbes(k), k.Enum, []any{k.Default}) {
						if f, ok := value.(float64); ok && f == math.Trunc(f) {
							continue // an integer to JSON Schema
						}
						if value == nil && k.Kinds&Null == 0 && k.Default == nil {
							continue
						}
						// What several keys mean together a type does not say.
						want := !slices.ContainsFunc(k.Check(value), func(f Fault) bool { return f.Code != Refused })
						doc := map[string]any{s.Engine + "_" + section: map[string]any{k.Name: generic(value)}}
						if got := v.Validate(doc) == nil; got != want {
							t.Errorf("%s %s %s.%s: %v: the JSON Schema takes it: %v, Check: %v", s.Engine, s.Release, section, k.Name, value, got, want)
						}
					}
				}
			}
		}
	}
}

// unionProbes are maps that say of what they are, and such that do so wrongly.
func unionProbes(k *Key) []any {
	if k.Union == nil {
		return nil
	}
	values := []any{map[string]any{k.Union.By: "no such case"}, map[string]any{k.Union.By: int64(1)}}
	for _, value := range k.Union.Values() {
		values = append(values, map[string]any{k.Union.By: value}, map[string]any{k.Union.By: value, "no_such_key": int64(1)})
	}
	return values
}

// generic turns a value into what the validator reads.
func generic(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return v
	}
	return out
}

// TestJSONSchemaTakesCases: what the harness takes in upper and lower case an editor takes too.
func TestJSONSchemaTakesCases(t *testing.T) {
	vllm, sglang := loadBoth(t, newest("vllm"), newest("sglang"))
	v := validator(t, vllm, sglang)
	for text, want := range map[string]bool{"Server": true, "server": true, "OFFLINE": true, "Servers": false, "xserver": false} {
		if got := v.Validate(map[string]any{"scenario": text}) == nil; got != want {
			t.Errorf("scenario %s: taken: %v, want %v", text, got, want)
		}
	}
}

func TestJSONSchemaRefusesUnknownNames(t *testing.T) {
	vllm, sglang := loadBoth(t, "0.9.2", "0.4.9.post6")
	v := validator(t, vllm, sglang)
	for doc, want := range map[string]bool{
		`{}`: true,
		`{"vllm_engine_config": {"max_num_seqs": 8}}`:                                   true,
		`{"vllm_engine_config": {"max_num_seq": 8}}`:                                    false,
		`{"vllm_engine_config": {"compilation_config": {"level": 3}}}`:                  true,
		`{"vllm_engine_config": {"compilation_config": {"levle": 3}}}`:                  false,
		`{"vllm_engine_config": {"quantization": "None"}}`:                              true,
		`{"vllm_engine_config": {"enforce_eager": "true"}}`:                             false,
		`{"vllm_engine_config": {"model": "MISSING", "tensor_parallel_size": "???"}}`:   true,
		`{"vllm_env_config": {"VLLM_USE_V1": true}}`:                                    false,
		`{"vllm_env_config": {"VLLM_USE_TRITON_FLASH_ATTN": "TRUE", "SITE_OWN": 30.5}}`: true,
		`{"vllm_env_config": {"SITE_OWN": [1]}}`:                                        false,
		`{"sglang_engine_config": {"max_num_seqs": 8}}`:                                 false,
		`{"sglang_engine_config": null}`:                                                true,
		`{"harness_config": {"target_qps": 5.5, "sorting": {"strategy": "ignore"}}}`:    true,
		`{"harness_config": {"sorting": {"strategie": "ignore"}}}`:                      false,
		`{"harnes_config": {}}`:                                                         false,
		`{"scenario": "offlin"}`:                                                        false,
	} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(doc)))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Validate(value); (err == nil) != want {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

// TestJSONSchemaTakesCorpus: every real overlay passes.
func TestJSONSchemaTakesCorpus(t *testing.T) {
	corpus := sharedata.Corpus(t)
	vllm, sglang := loadBoth(t, "0.9.2", "0.4.9.post6")
	v := validator(t, vllm, sglang)
	overlays, _ := filepath.Glob(filepath.Join(corpus, "models", "*", "*.yaml"))
	for _, file := range append(overlays, filepath.Join(corpus, "config.yaml")) {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root, _ := source.Parse(file, text)
			value := generic(root.Interface())
			if reflect.TypeOf(value).Kind() != reflect.Map {
				t.Fatal("no map")
			}
			if err := v.Validate(value); err != nil {
				t.Error(err)
			}
		})
	}
}
