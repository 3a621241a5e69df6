package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/tools/sharedata"
)

func viewOf(t *testing.T, base, overlay, backend string, overrides ...string) (*View, compile.Outcome) {
	t.Helper()
	config, err := config.New(config.Options{Base: base, Overrides: overrides}).Load(overlay)
	if err != nil {
		t.Fatal(err)
	}
	out := compile.New(compile.Options{Backends: []string{backend}}).Check(config)
	if len(out.Targets) == 0 {
		return nil, out
	}
	return Of(config, out, out.Targets[0]), out
}

// TestCorpus explains every key of every real overlay on every backend: the
// values are the manifest's, each has a place, and each is found by its name.
func TestCorpus(t *testing.T) {
	dir := sharedata.Corpus(t)
	overlays, err := filepath.Glob(filepath.Join(dir, "models", "*", "*.yaml"))
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays in %s", dir)
	}
	for _, overlay := range overlays {
		for _, backend := range []string{"vllm", "sglang", "ray"} {
			t.Run(filepath.Base(filepath.Dir(overlay))+"/"+filepath.Base(overlay)+"/"+backend, func(t *testing.T) {
				view, out := viewOf(t, filepath.Join(dir, "config.yaml"), overlay, backend)
				if view == nil {
					if !out.Found.HasErrors() {
						t.Fatal("no target and no error")
					}
					return
				}
				checkView(t, view, out)
			})
		}
	}
}

func checkView(t *testing.T, view *View, out compile.Outcome) {
	t.Helper()
	m := out.Targets[0].Manifest
	count := map[Group]int{}
	for _, v := range view.Values {
		count[v.Group]++
		if v.Group != LoadGen && v.Origin().Pos.File == "" {
			t.Errorf("%s has no place", v.Name)
		}
		if v.Group == Engine && len(v.Name) > 0 {
			name := v.Name[strings.IndexByte(v.Name, '.')+1:]
			if _, ok := m.EngineConfig[name]; !ok && !strings.Contains(name, ".") {
				t.Errorf("%s is not in the manifest", v.Name)
			}
		}
		if v.Group == Environment && v.Set && m.EnvConfig[v.Name[len("env_config."):]] != v.Value {
			t.Errorf("%s is %v, the manifest has %v", v.Name, v.Value, m.EnvConfig[v.Name[len("env_config."):]])
		}
		found, err := view.Find(v.Name, false)
		if err != nil || len(found) == 0 || found[0].Name != v.Name {
			t.Fatalf("%s is not found by its name: %v", v.Name, err)
		}
		var text bytes.Buffer
		if err := WriteText(&text, view, found, TextOptions{}); err != nil || !strings.HasPrefix(text.String(), v.Name) {
			t.Errorf("%s: %v\n%s", v.Name, err, text.String())
		}
		if strings.Contains(text.String(), "\x1b") {
			t.Errorf("%s: colours without a terminal", v.Name)
		}
	}
	if n := len(m.EnvConfig); n > count[Environment] {
		t.Errorf("%d of %d environment variables", count[Environment], n)
	}
	if len(m.HarnessConfig) > count[Harness] || len(m.SamplingConfig) > count[Sampling] || count[LoadGen] == 0 {
		t.Errorf("values are missing: %v", count)
	}
	var blame, doc bytes.Buffer
	if err := WriteBlame(&blame, view, view.Values, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(blame.String()) {
		if !strings.HasPrefix(line, "#") && strings.Count(line, "│") != 1 {
			t.Errorf("no margin: %q", line)
		}
	}
	if err := WriteJSON(&doc, view, append(view.Values, view.Unread...)); err != nil {
		t.Fatal(err)
	}
	var decoded struct{ Values []map[string]any }
	if err := json.Unmarshal(doc.Bytes(), &decoded); err != nil || len(decoded.Values) != len(view.Values)+len(view.Unread) {
		t.Errorf("JSON: %v", err)
	}
	var missing *NotFound
	if _, err := view.Find("vllm_engine_config.no_such_key_at_all", true); !errors.As(err, &missing) {
		t.Errorf("a key that is nowhere: %v", err)
	}
}
