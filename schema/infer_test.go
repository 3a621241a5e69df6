package schema

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mlcfg/internal/source"
	"mlcfg/tools/sharedata"
)

// TestInferOnCorpus finds the release that each real overlay was written for.
func TestInferOnCorpus(t *testing.T) {
	corpus := sharedata.Corpus(t)
	base := sectionKeys(t, filepath.Join(corpus, "config.yaml"))
	files, _ := filepath.Glob(filepath.Join(corpus, "models", "*", "*.yaml"))
	if len(files) == 0 {
		t.Fatal("no overlays in the corpus")
	}
	for _, file := range files {
		overlay := sectionKeys(t, file)
		for _, engine := range Engines() {
			if overlay[engine+"_engine_config"] == nil {
				continue
			}
			t.Run(engine+"/"+filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
				keys := map[string][]string{}
				for _, section := range []string{EngineConfig, SamplingConfig, EnvConfig} {
					name := engine + "_" + section
					keys[section] = append(append(keys[section], base[name]...), overlay[name]...)
				}
				// num_scheduler_steps went in vLLM 0.10.1. SGLang knows all
				// names of the overlays to this day.
				release, why := Infer(engine, keys)
				if want := map[string]string{"vllm": "0.10.0", "sglang": newest("sglang")}[engine]; release != want {
					t.Errorf("inferred %s, want %s: %s", release, want, why)
				}
				if engine == "vllm" && !slices.Contains(why.Lost, "engine_config.num_scheduler_steps") {
					t.Errorf("the explanation does not name num_scheduler_steps: %s", why)
				}
				among := map[string][]string{"vllm": {"0.32.0", "0.9.2", "0.10.1"}, "sglang": {"0.4.9.post6"}}[engine]
				want := map[string]string{"vllm": "0.9.2", "sglang": "0.4.9.post6"}[engine]
				if release, why := Infer(engine, keys, among...); release != want {
					t.Errorf("inferred %s of %v, want %s: %s", release, among, want, why)
				}
			})
		}
	}
}

func sectionKeys(t *testing.T, file string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, found := source.Parse(file, text)
	if found.HasErrors() {
		t.Fatal(found)
	}
	keys := map[string][]string{}
	for _, section := range root.Fields {
		for _, f := range section.Value.Fields {
			keys[section.Key] = append(keys[section.Key], f.Key)
		}
	}
	return keys
}
