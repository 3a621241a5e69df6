package config

import (
	"os"
	"path/filepath"
	"testing"
)

// A site's file is refused with findings, or checks values.
func FuzzRead(f *testing.F) {
	f.Add("harness_config: target_qps?: number & >0 @message(\"more\")", "target_qps", 3.5)
	f.Add("import \"strings\"\nengine_config: dtype?: strings.MinRunes(2) | null", "dtype", 1.0)
	f.Add("engine_config: {x: y, y: x, if x == null {z: 1}}", "z", 0.0)
	f.Add("engine_config: close({a?: [...int], [string]: _|_})", "a", 2.0)
	f.Add("x: {a: x}", "a", 0.0)
	f.Fuzz(func(t *testing.T, text, key string, value float64) {
		file := filepath.Join(t.TempDir(), "site.cue")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, found, err := ReadSite([]string{file})
		if err != nil {
			t.Fatal(err)
		}
		if s == nil {
			if !found.HasErrors() {
				t.Error("refused without a word")
			}
			return
		}
		for _, section := range []string{"engine_config", "harness_config"} {
			s.Has(section, key)
			s.Check([]string{section, key}, value)
			s.Check([]string{section}, map[string]any{key: value})
			s.Want(section, key)
			s.Keys(section)
		}
	})
}

// FuzzStartsAs: what is sure to be an overlay without being read is one when it is read.
func FuzzStartsAs(f *testing.F) {
	f.Add("# a\n\nbenchmark_name: x\nvllm_engine_config:\n  model: y\n")
	f.Add("benchmark_name: [\n\"kin\\x64\": 1\n")
	f.Add("harness_config:\n? kind\n: x\n")
	f.Add("vllm_engine_config_x: |\n a\n...\n---\nb: c\n")
	f.Add("harness_config: *a\n<<: {\"k\": 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if startsAs(text, sectionsOfOverlays()) && !hasAtTop("x.yaml", []byte(text), sectionsOfOverlays()) {
			t.Errorf("%q starts as an overlay and is none", text)
		}
	})
}
