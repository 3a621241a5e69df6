package compile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/tools/sharedata"
)

// overlay is a real overlay with the corpus that it is of.
type overlay struct{ corpus, base, path string }

// name is what tells the overlay apart from those of other corpora.
func (o overlay) name() string {
	rel, _ := filepath.Rel(o.corpus, o.path)
	return filepath.Base(o.corpus) + "/" + strings.TrimSuffix(strings.TrimPrefix(rel, "models/"), ".yaml")
}

// expected is the file that says what OmegaConf makes of it for a backend.
func (o overlay) expected(backend string) string {
	rel, _ := filepath.Rel(filepath.Join(o.corpus, "models"), o.path)
	return filepath.Join(o.corpus, "expected", strings.TrimSuffix(rel, ".yaml")+"."+backend+".json")
}

// corpus returns the real overlays of all corpora.
func corpus(t testing.TB) []overlay {
	t.Helper()
	var all []overlay
	for _, dir := range sharedata.Corpora(t) {
		paths, err := filepath.Glob(filepath.Join(dir, "models", "*", "*.yaml"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no overlays in %s", dir)
		}
		for _, path := range paths {
			all = append(all, overlay{dir, filepath.Join(dir, "config.yaml"), path})
		}
	}
	return all
}

func compileFor(t testing.TB, base, overlay, backend string) Outcome {
	t.Helper()
	config, err := config.New(config.Options{Base: base}).Load(overlay)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Backends: []string{backend}}).Check(config)
}

// TestCorpus compiles every real overlay for each engine that there is a result
// for and compares with what OmegaConf made of it.
func TestCorpus(t *testing.T) {
	for _, o := range corpus(t) {
		for _, engine := range []string{"vllm", "sglang"} {
			data, err := os.ReadFile(o.expected(engine))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			t.Run(o.name()+"/"+engine, func(t *testing.T) {
				if err != nil {
					t.Fatal(err)
				}
				want := decode(t, data)
				out := compileFor(t, o.base, o.path, engine)
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

// TestCorpusOverMachines compiles the overlays for several machines under the harness's
// own way over them: the values are those of the engine that they configure.
func TestCorpusOverMachines(t *testing.T) {
	tried := map[string]int{}
	for _, o := range corpus(t) {
		for _, engine := range []string{"vllm", "sglang"} {
			data, err := os.ReadFile(o.expected(engine))
			if err != nil || !strings.HasSuffix(o.path, "_mn.yaml") && engine != "sglang" || strings.HasSuffix(o.corpus, "corpus") {
				continue
			}
			want := decode(t, data)
			b, _ := backend.With("zmq", engine)
			if isMissing(want["engine_config"].(map[string]any)[b.Model]) {
				continue
			}
			tried[engine]++
			t.Run(o.name(), func(t *testing.T) {
				out := compileFor(t, o.base, o.path, "zmq")
				if out.Found.HasErrors() || len(out.Targets) != 1 {
					t.Fatalf("findings: %v", out.Found)
				}
				got, err := out.Targets[0].Manifest.JSON()
				if err != nil {
					t.Fatal(err)
				}
				want := normal(want)
				want["backend"] = "zmq"
				if diff := cmp.Diff(numbers(want), numbers(pick(decode(t, got), want))); diff != "" {
					t.Errorf("(-expected +manifest)\n%s", diff)
				}
			})
		}
	}
	if os.Getenv("MLCFG_CORPUS") == "" && (tried["vllm"] < 5 || tried["sglang"] < 1) {
		t.Errorf("tried %v", tried)
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
// open engine_version too, ranges of batch sizes are expanded, environment values are the text of Python's str(),
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
	if harness := want["harness_config"].(map[string]any); isMissing(harness["accuracy_dataset_path"]) {
		harness["accuracy_dataset_path"] = nil
	}
	if engine, ok := want["engine_config"].(map[string]any)["compilation_config"].(map[string]any); ok {
		if list, ok := engine["cudagraph_capture_range"].([]any); ok {
			delete(engine, "cudagraph_capture_range")
			engine["cudagraph_capture_sizes"] = expand(list)
		}
	}
	want["env_config"] = env
	return want
}

// expand writes out Python's ranges.
func expand(list []any) []any {
	out := []any{}
	for _, item := range list {
		triple, ok := item.([]any)
		if !ok {
			out = append(out, item)
			continue
		}
		var at [3]int64
		for i := range at {
			at[i], _ = triple[i].(json.Number).Int64()
		}
		for n := at[0]; at[2] > 0 && n < at[1] || at[2] < 0 && n > at[1]; n += at[2] {
			out = append(out, json.Number(strconv.FormatInt(n, 10)))
		}
	}
	return out
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
