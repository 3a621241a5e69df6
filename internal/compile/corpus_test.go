package compile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/tools/sharedata"
)

// corpus returns the real overlays and their base.
func corpus(t testing.TB) (base string, overlays []string) {
	t.Helper()
	dir := sharedata.Corpus(t)
	overlays, err := filepath.Glob(filepath.Join(dir, "models", "*", "*.yaml"))
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays in %s", dir)
	}
	return filepath.Join(dir, "config.yaml"), overlays
}

func compileFor(t testing.TB, base, overlay, backend string) Outcome {
	t.Helper()
	config, err := config.New(config.Options{Base: base}).Load(overlay)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Backends: []string{backend}}).Check(config)
}

// TestCorpus compiles every real overlay for both engines and compares with
// what OmegaConf made of it.
func TestCorpus(t *testing.T) {
	base, overlays := corpus(t)
	for _, overlay := range overlays {
		model, name := filepath.Base(filepath.Dir(overlay)), strings.TrimSuffix(filepath.Base(overlay), ".yaml")
		for _, engine := range []string{"vllm", "sglang"} {
			t.Run(model+"/"+name+"/"+engine, func(t *testing.T) {
				expected := filepath.Join(sharedata.Corpus(t), "expected", model, name+"."+engine+".json")
				data, err := os.ReadFile(expected)
				if err != nil {
					t.Fatal(err)
				}
				want := decode(t, data)
				out := compileFor(t, base, overlay, engine)
				b, _ := backend.Of(engine)
				if isMissing(want["engine_config"].(map[string]any)[b.Model]) {
					if len(out.Targets) != 0 || !hasCode(out, "no-backend-section") {
						t.Errorf("an overlay without %s is not refused: %v", b.EngineSection(), out.Found)
					}
					return
				}
				if out.Found.HasErrors() {
					t.Fatalf("findings: %v", out.Found)
				}
				got, err := out.Targets[0].Manifest.JSON()
				if err != nil {
					t.Fatal(err)
				}
				read, err := manifest.Decode("m.json", got)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := loadgen.ReadSection(read.Loadgen); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(numbers(normal(want)), numbers(pick(decode(t, got), want))); diff != "" {
					t.Errorf("(-expected +manifest)\n%s", diff)
				}
			})
		}
	}
}

func decode(t testing.TB, data []byte) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func isMissing(v any) bool { return v == "MISSING" || v == "???" }

func hasCode(out Outcome, code string) bool {
	for _, d := range out.Found {
		if d.Code == code {
			return true
		}
	}
	return false
}

// pick takes the fields that want has.
func pick(got, want map[string]any) map[string]any {
	out := map[string]any{}
	for k := range want {
		out[k] = got[k]
	}
	return out
}

// numbers makes floats comparable however they are spelled; whole numbers stay
// apart from them.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			f, _ := v.Float64()
			return f
		}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = numbers(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = numbers(x)
		}
		return out
	}
	return v
}

// normal turns OmegaConf's values into a manifest's: the text None is null, an
// open engine_version too, environment values are the text of Python's str(),
// and those of null are not there.
func normal(want map[string]any) map[string]any {
	env := map[string]any{}
	for k, v := range want["env_config"].(map[string]any) {
		switch v := v.(type) {
		case nil:
		case bool:
			env[k] = map[bool]string{true: "True", false: "False"}[v]
		case json.Number:
			env[k] = v.String()
		default:
			env[k] = v
		}
	}
	want = none(want).(map[string]any)
	if isMissing(want["engine_version"]) {
		want["engine_version"] = nil
	}
	want["env_config"] = env
	return want
}

func none(v any) any {
	switch v := v.(type) {
	case string:
		if v == "None" {
			return nil
		}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = none(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = none(x)
		}
		return out
	}
	return v
}
