package explain

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/diag"
)

const testBase = `benchmark_name: MISSING
scenario: MISSING
test_mode: performance
env_config:
  A: 1
  B: shared
  C: 1
  MY_API_KEY: hf_abcdefghijklmnopqrstuv
vllm_env_config:
  B: own
harness_config:
  user_conf_path: null
  sorting:
    strategy: ignore
vllm_engine_config:
  model: MISSING
  max_num_seqs: 256
sglang_env_config:
  OTHER_SECRET: hunter2
`

const testOverlay = `benchmark_name: llama2-70b
scenario: offline
env_config:
  B: overlay
  C: null
  MY_API_KEY: null
harness_config:
  device_count: 1
  dataset_path: /d
vllm_engine_config:
  model: /m
  max_num_seqs: 512
  gpu_memory_utilization: 2.0
  compilation_config:
    level: 3
`

func testView(t *testing.T, overrides ...string) *View {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"config.yaml": testBase, "offline_x.yaml": testOverlay} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	view, out := viewOf(t, "", "offline_x.yaml", "vllm", overrides...)
	if view == nil {
		t.Fatal(out.Found)
	}
	return view
}

func one(t *testing.T, v *View, pattern string) Value {
	t.Helper()
	found, err := v.Find(pattern, false)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %d values, %v", pattern, len(found), err)
	}
	return found[0]
}

func TestChain(t *testing.T) {
	view := testView(t, "vllm_engine_config.max_num_seqs=1024", "vllm_engine_config.max_num_seqs=2048")
	v := one(t, view, "max_num_seqs")
	var got []string
	for _, s := range v.Chain {
		got = append(got, Margin(s)+" "+line(s.Value))
	}
	want := "default vllm " + view.Release + " null|base:17 256|overlay:12 512|override 1 1024|override 2 2048"
	if strings.Join(got, "|") != want {
		t.Errorf("chain %s, want %s", strings.Join(got, "|"), want)
	}
	if v.Value != int64(2048) || v.Group != Engine {
		t.Errorf("%+v", v)
	}
	if v := one(t, view, "strategy"); v.Name != "harness_config.sorting.strategy" || v.Value != "ignore" {
		t.Errorf("a key of a nested section: %+v", v)
	}
	if v := one(t, view, "vllm_engine_config.compilation_config.level"); v.Value != int64(3) {
		t.Errorf("a key of a nested map: %+v", v)
	}
}

// TestEnvironment: the backend's section goes over the shared one, whatever
// layer it is of; null takes a variable away.
func TestEnvironment(t *testing.T) {
	view := testView(t)
	b := one(t, view, "B")
	if b.Value != "own" || b.Name != "env_config.B" || b.Origin().Key != "vllm_env_config.B" || len(b.Chain) != 3 {
		t.Errorf("B: %+v", b)
	}
	if c := one(t, view, "vllm_env_config.B"); c.Name != "env_config.B" {
		t.Errorf("not found by the backend's key: %+v", c)
	}
	if a := one(t, view, "env_config.A"); a.Value != "1" {
		t.Errorf("A is text: %+v", a)
	}
	if c := one(t, view, "C"); c.Set {
		t.Errorf("C is set: %+v", c)
	}
}

// TestSecrets: what a layer above took away, or another backend reads, is not
// shown either.
func TestSecrets(t *testing.T) {
	view := testView(t)
	for _, name := range []string{"MY_API_KEY", "sglang_env_config.OTHER_SECRET"} {
		v := []Value{one(t, view, name)}
		var text, blame, doc bytes.Buffer
		for _, err := range []error{WriteText(&text, view, v, TextOptions{}), WriteBlame(&blame, view, v, TextOptions{}), WriteJSON(&doc, view, v)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if all := text.String() + blame.String() + doc.String(); strings.Contains(all, "hunter2") || strings.Contains(all, "hf_abc") || !strings.Contains(all, "not shown") {
			t.Errorf("%s shows a credential:\n%s", name, all)
		}
	}
}

func TestFaultsAndUnset(t *testing.T) {
	view := testView(t)
	v := one(t, view, "gpu_memory_utilization")
	if !v.Found.HasErrors() || v.Found[0].Severity != diag.Error || v.Value != 2.0 {
		t.Errorf("%+v", v)
	}
	unset, err := view.Find("vllm_engine_config.block_size", false)
	if err != nil || len(unset) != 1 || unset[0].Set || unset[0].Key == nil {
		t.Errorf("a key that the engine knows: %+v %v", unset, err)
	}
	for pattern, hint := range map[string]string{
		"max_num_seq": "did you mean max_num_seqs", "vllm_engine_config.gpu_memory_utilisation": "did you mean vllm_engine_config.gpu_memory_utilization",
		"sglang_engine_config.page_size": "ask for it with --backend sglang", "chunked_prefill_size": "chunked_prefill_size is in the engine_config of sglang ",
		"*zzz*": "",
	} {
		_, err := view.Find(pattern, false)
		var missing *NotFound
		if !errors.As(err, &missing) || !strings.HasPrefix(missing.Hint, hint) {
			t.Errorf("%s: %v, hint %q", pattern, err, missing.Hint)
		}
	}
}
