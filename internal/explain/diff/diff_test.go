package diff

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/explain"
)

const testBase = `benchmark_name: llama2-70b
scenario: offline
test_mode: performance
env_config:
  A: 1
  EVIL: "<script>alert('|')</script>"
harness_config:
  device_count: 8
  dataset_path: /d
  output_log_dir: /l
  user_conf_path: /c.conf
vllm_engine_config:
  model: /m
  gpu_memory_utilization: 0.9
`

var testOverlays = map[string]string{
	"models/m/offline_x.yaml": "vllm_engine_config: {max_num_seqs: 256, top: 1}\n",
	"models/m/offline_y.yaml": "vllm_engine_config: {max_num_seqs: 384, block_size: 16}\nvllm_env_config: {A: 2}\n",
	"models/m/offline_z.yaml": "vllm_engine_config: {max_num_seqs: 256.0, gpu_memory_utilization: 0.90}\nsglang_engine_config: {model_path: /m}\n",
	"models/m/offline_w.yaml": "vllm_engine_config: {max_num_seqs: 256}\n",
}

func testFolder(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("config.yaml", testBase)
	for name, text := range testOverlays {
		write(name, text)
	}
}

func compareFiles(t *testing.T, r *Reader, o Options, args ...string) *Report {
	t.Helper()
	var inputs []*Input
	for _, arg := range args {
		in, err := r.Open(t.Context(), arg)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	report, err := r.Compare(inputs, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// keys are a report's differences in short.
func keys(r *Report) string {
	var all []string
	for _, row := range r.Rows {
		text := string(row.Change) + " " + row.Key
		for _, c := range row.Cells {
			text += " " + explain.Margin(c.Origin)
		}
		if row.Ratio != 0 {
			text += " " + Ratio(row.Ratio)
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

func vllm() compile.Options {
	return compile.Options{Backends: []string{"vllm"}, Releases: map[string]string{"vllm": "0.10.1"}, Round: "v5.1"}
}

func TestCompare(t *testing.T) {
	testFolder(t)
	r := &Reader{Compile: vllm()}
	got := compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_y.yaml")
	want := "changed env_config.A base:5 overlay:2 ×2\nadded vllm_engine_config.block_size  overlay:1\nchanged vllm_engine_config.max_num_seqs overlay:1 overlay:1 ×1.5"
	if keys(got) != want {
		t.Errorf("got\n%s\nwant\n%s", keys(got), want)
	}
	if got.Rows[0].Group != explain.Environment || got.Rows[2].Group != explain.Engine {
		t.Error("wrong groups")
	}
	back := compareFiles(t, r, Options{}, "models/m/offline_y.yaml", "models/m/offline_w.yaml")
	if back.Count(Removed) != 1 || back.Count(Changed) != 2 {
		t.Errorf("the other way round:\n%s", keys(back))
	}
	if same := compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_w.yaml"); same.Differs() {
		t.Errorf("the same file differs:\n%s", keys(same))
	}
	some := compareFiles(t, r, Options{Ignore: []string{"env_config", "block_*"}}, "models/m/offline_w.yaml", "models/m/offline_y.yaml")
	if len(some.Rows) != 1 || some.Ignored != 2 {
		t.Errorf("ignoring: %d ignored\n%s", some.Ignored, keys(some))
	}
	three := compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_y.yaml", "models/m/offline_w.yaml")
	if three.Count(Varies) != 3 || len(three.Rows[0].Cells) != 3 || three.Rows[0].Ratio != 0 {
		t.Errorf("three:\n%s", keys(three))
	}
}

// TestFaultyOverlay: what has errors is compared as it stands, and named.
func TestFaultyOverlay(t *testing.T) {
	testFolder(t)
	r := &Reader{Compile: vllm()}
	got := compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_x.yaml")
	if want := "added vllm_engine_config.top  overlay:1"; keys(got) != want {
		t.Errorf("got %s", keys(got))
	}
	if f := r.Faulty(); len(f) != 1 || f[0].Name != "models/m/offline_x.yaml" {
		t.Errorf("faulty: %v", f)
	}
}

// TestBackends: without a word on it, every backend that any side configures.
func TestBackends(t *testing.T) {
	testFolder(t)
	r := &Reader{Compile: compile.Options{Round: "v5.1"}}
	got := compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_z.yaml")
	if !strings.Contains(keys(got), "added sglang_engine_config  overlay") {
		t.Errorf("got %s", keys(got))
	}
	r = &Reader{Compile: compile.Options{Backends: []string{"sglang"}}}
	if got := compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_z.yaml"); keys(got) != "added sglang_engine_config  overlay" {
		t.Errorf("got %s", keys(got))
	}
}

func TestManifests(t *testing.T) {
	testFolder(t)
	for _, name := range []string{"w", "y"} {
		config, err := config.New(config.Options{Overrides: []string{"harness_config.target_qps=7"}}).Load("models/m/offline_" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		out := compile.New(vllm()).Check(config)
		if out.Found.HasErrors() {
			t.Fatal(out.Found)
		}
		for ext, encode := range map[string]func() ([]byte, error){"yaml": out.Targets[0].Manifest.YAML, "json": out.Targets[0].Manifest.JSON} {
			data, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name+"."+ext, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := &Reader{}
	if got := compareFiles(t, r, Options{}, "w.yaml", "w.json"); got.Differs() {
		t.Errorf("YAML and JSON differ:\n%s", keys(got))
	}
	if got := compareFiles(t, r, Options{}, "w.yaml", "y.json"); len(got.Rows) != 3 {
		t.Errorf("two manifests:\n%s", keys(got))
	}
	// An overlay is resolved as the manifest was: the same release and round.
	got := compareFiles(t, r, Options{}, "w.yaml", "models/m/offline_w.yaml")
	want := "removed harness_config.target_qps override 1 \nchanged loadgen.offline_expected_qps target_qps default LoadGen ×0.1429\nchanged loadgen.server_target_qps target_qps default LoadGen ×0.1429"
	if keys(got) != want {
		t.Errorf("got\n%s\nwant\n%s", keys(got), want)
	}
	with := &Reader{Project: config.Options{Overrides: []string{"harness_config.target_qps=7"}}}
	if got := compareFiles(t, with, Options{}, "w.yaml", "models/m/offline_w.yaml"); got.Differs() {
		t.Errorf("a manifest and its own sources:\n%s", keys(got))
	}
}

func TestWriters(t *testing.T) {
	testFolder(t)
	if err := os.WriteFile("models/m/offline_y.yaml", []byte("vllm_engine_config: {max_num_seqs: 1}\nenv_config: {EVIL: \"</table><img src=x>|`\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &Reader{Compile: vllm()}
	report := []*Report{compareFiles(t, r, Options{}, "models/m/offline_w.yaml", "models/m/offline_y.yaml")}
	var html, markdown, text, doc bytes.Buffer
	for _, err := range []error{
		WriteHTML(&html, report, nil), WriteMarkdown(&markdown, report, nil),
		WriteText(&text, report, []Only{{"a\x1b[2J.yaml", []string{"x"}}}, TextOptions{}), WriteJSON(&doc, report, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"<script", "<img", "http:", "https:", "src=\"", "url("} {
		if strings.Contains(html.String(), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;", "&lt;img", "prefers-color-scheme: dark", "overlay:1"} {
		if !strings.Contains(html.String(), good) {
			t.Errorf("the page lacks %s", good)
		}
	}
	for line := range strings.Lines(markdown.String()) {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 0 && n != 6 {
			t.Errorf("a table's row with %d bars: %s", n, line)
		}
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("control characters in text")
	}
	var decoded struct {
		Equal       bool
		Comparisons []struct{ Differences []map[string]any }
	}
	if err := json.Unmarshal(doc.Bytes(), &decoded); err != nil || decoded.Equal || len(decoded.Comparisons[0].Differences) != 2 {
		t.Errorf("%v: %s", err, doc.String())
	}
	var color bytes.Buffer
	if err := WriteText(&color, report, nil, TextOptions{Color: true}); err != nil || !strings.Contains(color.String(), "\x1b[33m~") {
		t.Errorf("no colours: %v", err)
	}
}

func TestEqual(t *testing.T) {
	big1, _ := new(big.Int).SetString("9223372036854775808", 10)
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{int64(1), 1.0, true},
		{int64(1), int64(2), false},
		{"1", int64(1), false},
		{nil, nil, true},
		{nil, false, false},
		{big1, 9223372036854775808.0, true},
		{int64(9007199254740993), 9007199254740992.0, false},
		{true, int64(1), false},
		{[]any{int64(1), "a"}, []any{1.0, "a"}, true},
		{[]any{int64(1)}, []any{int64(1), nil}, false},
		{map[string]any{"a": int64(1)}, map[string]any{"a": 1.0}, true},
		{map[string]any{"a": nil}, map[string]any{"b": nil}, false},
	} {
		if Equal(c.a, c.b) != c.want || Equal(c.b, c.a) != c.want {
			t.Errorf("Equal(%v, %v) is not %v", c.a, c.b, c.want)
		}
	}
}

func TestTextsShowTheDifference(t *testing.T) {
	long := "/a/very/long/path/that/both/of/them/start/with/"
	row := Row{Cells: []Cell{{Set: true, Value: long + "x.conf"}, {Set: true, Value: long + "y.conf"}}}
	if got := row.texts(20); got[0] != "…x.conf" || got[1] != "…y.conf" {
		t.Errorf("%q", got)
	}
}
