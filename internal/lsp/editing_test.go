package lsp

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
)

// lines asks for something of a range of lines.
func lines(id int, method, uri string, from, to int) string {
	return message(id, "textDocument/"+method, object{
		"textDocument": object{"uri": uri}, "range": object{"start": object{"line": from, "character": 0}, "end": object{"line": to, "character": 0}},
		"context": object{"diagnostics": []object{}}, "options": object{"tabSize": 2, "insertSpaces": true},
	})
}

// edited makes an edit of the protocol in a text of ASCII.
func edited(text string, edit object) string {
	at := func(end string) (n int) {
		p := edit["range"].(object)[end].(object)
		for _, line := range strings.SplitAfter(text, "\n")[:int(p["line"].(float64))] {
			n += len(line)
		}
		return n + int(p["character"].(float64))
	}
	return text[:at("start")] + edit["newText"].(string) + text[at("end"):]
}

// TestQuickFixes: each finding with a suggestion offers what mends it, and a launch does too;
// a finding without one, or of another line, offers nothing.
func TestQuickFixes(t *testing.T) {
	dir := repository(t)
	for _, tt := range []struct{ name, text, old, new string }{
		{"a key", "vllm_engine_config:\n  model: /m\n  max_num_seq: 256\n", "max_num_seq:", "max_num_seqs:"},
		{"a value with a comment", "vllm_engine_config:\n  model: /m\n  enforce_eager: Flase # yet\n", "Flase", "false"},
		{"an entry", "vllm_engine_config:\n  model: /m\n  no_enable_prefix_caching: true # why\n", "no_enable_prefix_caching: true", "enable_prefix_caching: false"},
		{"in a flow map", "vllm_engine_config: {model: /m, max_num_seq: 256, seed: 1}\n", "max_num_seq:", "max_num_seqs:"},
		{"the second of two of a kind", "vllm_engine_config:\n  max_num_batched_token: 9000\n  model: /m\n  max_num_seq: 256\n", "max_num_seq:", "max_num_seqs:"},
		{"a line that cannot be read", "vllm_engine_config:\n  model: /m\n  seed=3\n", "seed=3", "seed: 3"},
		{"none", "vllm_engine_config:\n  model: /m\n  nothing_like_it_at_all: 256\n", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
			at := strings.Count(tt.text[:max(0, strings.Index(tt.text, tt.old))], "\n")
			if tt.old == "" {
				at = 2
			}
			all, err := talk(t, open, session(opened(uri, tt.text), lines(2, "codeAction", uri, at, at), lines(3, "codeAction", uri, at+1, at+9))...)
			if err != nil {
				t.Fatal(err)
			}
			if other := answer(t, all, 3).([]any); len(other) > 0 {
				t.Errorf("lines without a finding: %v", other)
			}
			actions := answer(t, all, 2).([]any)
			if tt.old == "" {
				if len(actions) > 0 {
					t.Errorf("got %v", actions)
				}
				return
			}
			if len(actions) != 1 {
				t.Fatalf("got %v", actions)
			}
			action := actions[0].(object)
			edit := action["edit"].(object)["changes"].(object)[uri].([]any)[0].(object)
			if got, want := edited(tt.text, edit), strings.Replace(tt.text, tt.old, tt.new, 1); got != want {
				t.Errorf("(-want +got)\n%s", cmp.Diff(want, got))
			}
			if len(action["diagnostics"].([]any)) != 1 || action["kind"] != "quickfix" {
				t.Errorf("got %v", action)
			}
		})
	}
	uri := uriOf(filepath.Join(dir, "serve.sh"))
	script := "vllm serve /m --gpu-memory-utilisation=0.9 --seed 1\n"
	all, err := talk(t, open, session(opened(uri, script), lines(2, "codeAction", uri, 0, 0))...)
	if err != nil {
		t.Fatal(err)
	}
	actions := answer(t, all, 2).([]any)
	if len(actions) != 1 {
		t.Fatalf("a launch: %v", actions)
	}
	edit := actions[0].(object)["edit"].(object)["changes"].(object)[uri].([]any)[0].(object)
	if got := edited(script, edit); got != strings.Replace(script, "utilisation", "utilization", 1) {
		t.Error(got)
	}
}

// TestUnfinished: a line that cannot be read leaves the findings of all others, hover and
// completion as they were.
func TestUnfinished(t *testing.T) {
	dir := repository(t)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	for name, line := range map[string]string{
		"a key without a colon": "  max_num", "an open quote": `  tokenizer: "abc`, "an open bracket": "  hf_overrides: {a: 1,", "a section": "vllm_sampling\n  seed: 1\n  top_k: 1\n  top_p: 1\n  min_p: 1\n  n: 1",
	} {
		text := "vllm_engine_config:\n  model: /m\n  max_num_seq: 256\n  dtype: bfloat61\n" + line + "\n"
		all, err := talk(t, open, session(opened(uri, text), asked(2, "hover", uri, 1, 3), asked(3, "completion", uri, 3, 9))...)
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, m := range all {
			if m["method"] == "textDocument/publishDiagnostics" {
				for _, d := range m["params"].(object)["diagnostics"].([]any) {
					codes = append(codes, d.(object)["code"].(string))
				}
			}
		}
		if got := strings.Join(codes, " "); got != "unknown-key not-in-enum syntax" {
			t.Errorf("%s: %s", name, got)
		}
		if answer(t, all, 2) == nil {
			t.Errorf("%s: no hover", name)
		}
		if items := answer(t, all, 3).(object)["items"].([]any); len(items) == 0 {
			t.Errorf("%s: no completion", name)
		}
	}
}

// TestHoverOfBoth: in a file with the sections of two engines each key is told by the engine
// that has it.
func TestHoverOfBoth(t *testing.T) {
	dir := repository(t)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	both := func(string) (*Session, error) {
		releases := map[string]string{"vllm": "0.9.2", "sglang": "0.5.9"}
		return &Session{Settings: &config.Settings{Engines: releases}, Compiler: compile.New(compile.Options{Round: "v5.1", Releases: releases})}, nil
	}
	text := "vllm_engine_config:\n  model: /m\n  max_num_seqs: 64\nsglang_engine_config:\n  model_path: /m\n  max_running_requests: 64\n"
	all, err := talk(t, both, session(opened(uri, text), asked(2, "hover", uri, 2, 5), asked(3, "hover", uri, 5, 5))...)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]string{2: "default of vllm 0.9.2", 3: "default of sglang 0.5.9"} {
		value := answer(t, all, id).(object)["contents"].(object)["value"].(string)
		if !strings.Contains(value, want) || strings.Contains(value, "not read") {
			t.Errorf("hover %d lacks %q:\n%s", id, want, value)
		}
	}
}

// TestOutline: sections and keys with their places; files of other kinds have none.
func TestOutline(t *testing.T) {
	dir := repository(t)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	text := "scenario: offline\nvllm_engine_config:\n  model: /m\n  hf_overrides: {a: 1, b: [2]}\n\nharness_config:\n  device_count: 2\n"
	manifest := uriOf(filepath.Join(dir, "manifest.yaml"))
	script := uriOf(filepath.Join(dir, "serve.sh"))
	all, err := talk(t, open, session(
		opened(uri, text), lines(2, "documentSymbol", uri, 0, 0),
		opened(manifest, "kind: mlcfg/manifest\n"), lines(3, "documentSymbol", manifest, 0, 0), lines(4, "formatting", manifest, 0, 0),
		opened(script, "vllm serve /m\n"), lines(5, "documentSymbol", script, 0, 0), lines(6, "formatting", script, 0, 0),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var walk func(indent string, symbols any)
	walk = func(indent string, symbols any) {
		list, _ := symbols.([]any)
		for _, s := range list {
			s := s.(object)
			at, _ := json.Marshal(s["range"])
			got = append(got, fmt.Sprint(indent, s["name"], " ", s["kind"], " ", s["detail"], " ", string(at)))
			walk(indent+"  ", s["children"])
		}
	}
	walk("", answer(t, all, 2))
	want := []string{
		`scenario 15 offline {"end":{"character":17,"line":0},"start":{"character":0,"line":0}}`,
		`vllm_engine_config 2 <nil> {"end":{"character":0,"line":4},"start":{"character":0,"line":1}}`,
		`  model 15 /m {"end":{"character":11,"line":2},"start":{"character":2,"line":2}}`,
		`  hf_overrides 2 <nil> {"end":{"character":0,"line":4},"start":{"character":2,"line":3}}`,
		`    a 16 1 {"end":{"character":23,"line":3},"start":{"character":17,"line":3}}`,
		`    b 18 <nil> {"end":{"character":0,"line":4},"start":{"character":23,"line":3}}`,
		`harness_config 2 <nil> {"end":{"character":0,"line":7},"start":{"character":0,"line":5}}`,
		`  device_count 16 2 {"end":{"character":0,"line":7},"start":{"character":2,"line":6}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for id := 3; id <= 6; id++ {
		if got := answer(t, all, id); got != nil {
			t.Errorf("request %d: %v", id, got)
		}
	}
}

// TestFormatting: the layout of mlcfg fmt, as one edit; a file with errors is left alone.
func TestFormatting(t *testing.T) {
	dir := repository(t)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	text := "vllm_engine_config:\n      model: '/m'   # here\nscenario:   offline\n"
	all, err := talk(t, open, session(
		opened(uri, text), lines(2, "formatting", uri, 0, 0),
		opened(uri, "a: [1\n"), lines(3, "formatting", uri, 0, 0),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	edits := answer(t, all, 2).([]any)
	if len(edits) != 1 {
		t.Fatal(edits)
	}
	if got, want := edited(text, edits[0].(object)), "scenario: offline\n\nvllm_engine_config:\n  model: \"/m\"  # here\n"; got != want {
		t.Errorf("(-want +got)\n%s", cmp.Diff(want, got))
	}
	if edits := answer(t, all, 3).([]any); len(edits) > 0 {
		t.Errorf("a file with errors: %v", edits)
	}
}
