package merge

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// TestCorpus merges every real overlay over the base and compares the sections
// of each backend with what OmegaConf made of them.
func TestCorpus(t *testing.T) {
	corpus := sharedata.Corpus(t)
	want, err := filepath.Glob(filepath.Join(corpus, "expected", "*", "*.json"))
	if err != nil || len(want) == 0 {
		t.Fatalf("no expected values in %s (%v)", corpus, err)
	}
	base := parseFile(t, filepath.Join(corpus, "config.yaml"))
	for _, path := range want {
		model := filepath.Base(filepath.Dir(path))
		file := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(model+"/"+file, func(t *testing.T) {
			name, backend, ok := strings.Cut(file, ".")
			if !ok {
				t.Fatalf("%s names no backend", path)
			}
			overlay := parseFile(t, filepath.Join(corpus, "models", model, name+".yaml"))
			tree := Merge(Layer{"base", base}, Layer{"overlay", overlay})
			if diff := cmp.Diff(readJSON(t, path), plain(selectBackend(tree, backend))); diff != "" {
				t.Errorf("(-OmegaConf +ours)\n%s", diff)
			}
		})
	}
}

// selectBackend takes a backend's sections, as the compiler does later.
func selectBackend(tree *Tree, backend string) map[string]any {
	all := tree.Interface().(map[string]any)
	out := map[string]any{"backend": backend}
	prefix := map[string]string{"ray": "vllm"}[backend]
	if prefix == "" {
		prefix = backend
	}
	for key, value := range all {
		section, own := strings.CutPrefix(key, prefix+"_")
		switch {
		case key == "backend", key == "env_config", own && section == "env_config":
		case own:
			out[section] = value
		case !strings.HasPrefix(key, "vllm_") && !strings.HasPrefix(key, "sglang_"):
			out[key] = value
		}
	}
	env := map[string]any{}
	for _, section := range []string{"env_config", prefix + "_env_config"} {
		if m, ok := all[section].(map[string]any); ok {
			maps.Copy(env, m)
		}
	}
	out["env_config"] = env
	return out
}

func parseFile(t testing.TB, path string) *source.Node {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root, found := source.Parse(path, data)
	if root == nil || len(found) > 0 {
		t.Fatal(found)
	}
	return root
}

// readJSON reads a JSON file with its numbers as [plain] gives them.
func readJSON(t testing.TB, path string) (v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return plain(v)
}

// plain makes numbers text, so that the integer 1 and the float 1.0 differ.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = plain(value)
		}
	case []any:
		for i, value := range v {
			v[i] = plain(value)
		}
	case json.Number:
		return "number " + string(v)
	case int64, *big.Int, float64:
		return "number " + source.Of(v).PyStr()
	}
	return v
}
