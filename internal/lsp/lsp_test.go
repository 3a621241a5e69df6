package lsp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
)

const base = `benchmark_name: llama2-70b
scenario: offline
test_mode: performance
harness_config:
  device_count: 1
  dataset_path: data.pkl
  user_conf_path: user.conf
  output_log_dir: logs
vllm_engine_config:
  max_num_seqs: 128
`

// repository writes a configuration repository and gives its folder.
func repository(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"config.yaml": base, "user.conf": "llama2-70b.Offline.target_qps = 5\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(string) (*Session, error) {
	return &Session{
		Settings: &config.Settings{Engines: map[string]string{"vllm": "0.9.2"}},
		Compiler: compile.New(compile.Options{Round: "v5.1", Releases: map[string]string{"vllm": "0.9.2"}}),
	}, nil
}

// talk sends messages, framed, to a server and gives its answers, parsed.
func talk(t testing.TB, open func(string) (*Session, error), raw ...string) ([]map[string]any, error) {
	t.Helper()
	var in, out bytes.Buffer
	for _, m := range raw {
		fmt.Fprintf(&in, "Content-Length: %d\r\n\r\n%s", len(m), m)
	}
	s := Server{Open: open}
	err := s.Run(context.Background(), &in, &out)
	return parse(t, &out), err
}

func parse(t testing.TB, out *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	c := conn{in: bufio.NewReader(out)}
	for {
		data, err := c.read()
		if err != nil {
			return all
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		all = append(all, m)
	}
}

func message(id int, method string, params any) string {
	m := map[string]any{"jsonrpc": "2.0", "method": method, "params": params}
	if id > 0 {
		m["id"] = id
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(data)
}

type object = map[string]any

// session is a whole conversation around some messages.
func session(between ...string) []string {
	all := append([]string{message(1, "initialize", object{}), message(0, "initialized", object{})}, between...)
	return append(all, message(99, "shutdown", nil), message(0, "exit", nil))
}

func opened(uri, text string) string {
	return message(0, "textDocument/didOpen", object{"textDocument": object{"uri": uri, "version": 1, "text": text}})
}

func asked(id int, method, uri string, line, character int) string {
	return message(id, "textDocument/"+method, object{"textDocument": object{"uri": uri}, "position": object{"line": line, "character": character}})
}

func answer(t *testing.T, all []map[string]any, id int) any {
	t.Helper()
	for _, m := range all {
		if m["id"] == float64(id) {
			if m["error"] != nil {
				t.Fatalf("request %d: %v", id, m["error"])
			}
			return m["result"]
		}
	}
	t.Fatalf("no answer to %d in %v", id, all)
	return nil
}

const overlay = `# é 😀
vllm_engine_config:
  model: /model/x
  max_num_seq: 256
  dtype: bfloat61
  max_num_seqs: 64
  hf_overrides: {"😀": 1, "b": .nan}
`

// TestFindings: the same findings as lint's, at the same places, through a
// document's life.
func TestFindings(t *testing.T) {
	dir := repository(t)
	path := filepath.Join(dir, "offline_x y.yaml")
	uri := uriOf(path)
	mended := strings.NewReplacer("max_num_seq:", "max_model_len:", "bfloat61", "bfloat16", ".nan", "2").Replace(overlay)
	all, err := talk(t, open, session(
		opened(uri, overlay),
		message(0, "textDocument/didChange", object{"textDocument": object{"uri": uri, "version": 2}, "contentChanges": []object{{"text": mended}}}),
		message(0, "textDocument/didSave", object{"textDocument": object{"uri": uri}}),
		message(0, "textDocument/didClose", object{"textDocument": object{"uri": uri}}),
		opened(uriOf(filepath.Join(dir, "config.yaml")), base),
		opened("untitled:1", "x"),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		if m["method"] != "textDocument/publishDiagnostics" {
			continue
		}
		params := m["params"].(object)
		got = append(got, fmt.Sprint("version ", params["version"]))
		for _, d := range params["diagnostics"].([]any) {
			d := d.(object)
			data, _ := json.Marshal(d["range"])
			got = append(got, fmt.Sprint(d["severity"], " ", d["code"], " ", string(data)))
		}
	}
	want := []string{
		"version 1",
		`1 unknown-key {"end":{"character":13,"line":3},"start":{"character":2,"line":3}}`,
		`1 not-in-enum {"end":{"character":17,"line":4},"start":{"character":9,"line":4}}`,
		`1 not-finite {"end":{"character":35,"line":6},"start":{"character":31,"line":6}}`,
		"version 2", "version 2", "version <nil>", "version 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	config, err := config.New(config.Options{}).LoadText(path, []byte(overlay))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := open("")
	if lint := s.Compiler.Check(config).Found; len(lint) != 3 {
		t.Errorf("lint finds %v", lint)
	}
}

func TestCompletion(t *testing.T) {
	dir := repository(t)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	text := "vllm_engine_config:\n  model: /m\n  dtype: \n  enforce_eager: \n  \nharness_config:\n  sorting:\n    strategy: \n    \n\nvllm_env_config:\n  VLLM_\n  a:\n    deep: \n"
	all, err := talk(t, open, session(
		opened(uri, text),
		asked(2, "completion", uri, 4, 2), asked(3, "completion", uri, 2, 9), asked(4, "completion", uri, 3, 17),
		asked(5, "completion", uri, 7, 14), asked(6, "completion", uri, 8, 4), asked(7, "completion", uri, 9, 0),
		asked(8, "completion", uri, 11, 7), asked(9, "completion", uri, 13, 10), asked(10, "completion", uri, 1<<60, 500),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]string{
		2: "max_num_seqs", 3: "bfloat16", 4: "true", 5: "batchpacking", 6: "strategy", 7: "harness_config", 8: "VLLM_LOGGING_LEVEL", 9: "", 10: "harness_config",
	} {
		var labels []string
		for _, item := range answer(t, all, id).(object)["items"].([]any) {
			labels = append(labels, item.(object)["label"].(string))
		}
		if joined := " " + strings.Join(labels, " ") + " "; want == "" && len(labels) > 0 || !strings.Contains(joined, " "+want+" ") && want != "" {
			t.Errorf("request %d offers %v, want %q", id, labels, want)
		}
	}
	if items := answer(t, all, 4).(object)["items"].([]any); len(items) > 3 {
		t.Errorf("a boolean offers %v", items)
	}
}

func TestHoverAndDefinition(t *testing.T) {
	dir := repository(t)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	text := "# 😀\nvllm_engine_config:\n  model: /m\n  max_num_seqs: 64\nharness_config: {\"device_count\": 2, sorting: {strategy: ignore}}\n"
	all, err := talk(t, open, session(
		opened(uri, text),
		asked(2, "hover", uri, 3, 5), asked(3, "hover", uri, 4, 50), asked(4, "hover", uri, 0, 2),
		asked(5, "definition", uri, 3, 16), asked(6, "definition", uri, 4, 20), asked(7, "definition", uri, 2, 3), asked(8, "hover", uri, -5, -7),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	value := answer(t, all, 2).(object)["contents"].(object)["value"].(string)
	for _, want := range []string{"vllm_engine_config.max_num_seqs", "config.yaml:10", "offline_x.yaml:4", "integer", "default"} {
		if !strings.Contains(value, want) {
			t.Errorf("hover lacks %q:\n%s", want, value)
		}
	}
	if value := answer(t, all, 3).(object)["contents"].(object)["value"].(string); !strings.Contains(value, "harness_config.sorting.strategy") {
		t.Error(value)
	}
	if got := answer(t, all, 4); got != nil {
		t.Errorf("hover of a comment: %v", got)
	}
	for id, line := range map[int]float64{5: 9, 6: 4} {
		at := answer(t, all, id).([]any)[0].(object)
		if at["uri"] != uriOf(filepath.Join(dir, "config.yaml")) || at["range"].(object)["start"].(object)["line"] != line {
			t.Errorf("request %d leads to %v", id, at)
		}
	}
	if got := answer(t, all, 7); got != nil {
		t.Errorf("the base has no model: %v", got)
	}
}

// TestFaults: what is no message, and what is no right one, is answered, and the
// next message is served.
func TestFaults(t *testing.T) {
	hello := message(1, "initialize", object{})
	frame := func(s string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(s), s) }
	for in, want := range map[string]float64{
		"nonsense\r\n":                            parseError,
		"Content-Length: x\r\n\r\n":               parseError,
		"Content-Type: x\r\n\r\n":                 parseError,
		"Content-Length: -1\r\n\r\n":              parseError,
		strings.Repeat("x", maxHeader*3) + "\r\n": parseError,
		frame("{"):                   parseError,
		frame("[]"):                  invalidRequest,
		frame(`{"method":5,"id":2}`): invalidRequest,
		frame(`{}`):                  invalidRequest,
		frame(`{"id":2,"method":"textDocument/hover"}`):                                              invalidParams,
		frame(asked(2, "hover", "file:///absent", 0, 0)):                                             invalidParams,
		frame(message(2, "workspace/nothing", nil)):                                                  methodNotFound,
		frame(`{"id":2,"method":"textDocument/hover","params":7}`):                                   invalidParams,
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", maxMessage+1, strings.Repeat("x", maxMessage+1)): parseError,
	} {
		var input, out bytes.Buffer
		input.WriteString(frame(hello) + in + frame(message(9, "shutdown", nil)) + frame(message(0, "exit", nil)))
		s := Server{Open: open}
		if err := s.Run(context.Background(), &input, &out); err != nil {
			t.Errorf("%.60q: %v", in, err)
		}
		all := parse(t, &out)
		code := any(nil)
		if len(all) == 3 {
			if fault, ok := all[1]["error"].(object); ok {
				code = fault["code"]
			}
		}
		if code != want {
			t.Errorf("%.60q: %v, want %v", in, all, want)
		}
	}
	all, err := talk(t, open, asked(2, "hover", "file:///x", 0, 0), hello)
	if !errors.Is(err, ErrNoShutdown) || all[0]["error"].(object)["code"] != float64(notInitialized) {
		t.Errorf("%v %v", err, all)
	}
	if _, err := talk(t, open, message(0, "exit", nil)); !errors.Is(err, ErrNoShutdown) {
		t.Error(err)
	}
}

type faulty struct{ error }

func (faulty) Findings() diag.List {
	return diag.List{{Pos: diag.Pos{File: "mlcfg.cue", Line: 2, Column: 3}, Severity: diag.Error, Code: "cue", Message: "conflict", Hint: "h"}}
}

// TestOtherFiles: what is wrong in another file stands at the document's top.
func TestOtherFiles(t *testing.T) {
	uri := uriOf(filepath.Join(repository(t), "offline_x.yaml"))
	for _, err := range []error{faulty{errors.New("x")}, errors.New("cannot read")} {
		all, runErr := talk(t, func(string) (*Session, error) { return nil, err }, session(opened(uri, "a: 1\n"), asked(2, "hover", uri, 0, 0), asked(3, "completion", uri, 0, 0))...)
		if runErr != nil {
			t.Fatal(runErr)
		}
		found := all[1]["params"].(object)["diagnostics"].([]any)
		want := "cannot read"
		if errors.As(err, new(Faulty)) {
			want = "mlcfg.cue:2:3: conflict\nhint: h"
		}
		if len(found) != 1 || found[0].(object)["message"] != want {
			t.Errorf("got %v", found)
		}
		answer(t, all, 2)
		answer(t, all, 3)
	}
}

// FuzzServer: no stream makes the server fail, and no document either.
func FuzzServer(f *testing.F) {
	dir := repository(f)
	uri := uriOf(filepath.Join(dir, "offline_x.yaml"))
	f.Add("Content-Length: 2\r\n\r\n{}", overlay, 3, 5)
	f.Add("", "", 1<<60, 3)
	f.Add("x\n\nContent-Length: 99999999999\r\n\r\n", "a: &x [*x]\n\t- b:\n ? c", 0, 0)
	f.Fuzz(func(t *testing.T, raw, text string, line, character int) {
		frame := func(s string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(s), s) }
		var in, out bytes.Buffer
		in.WriteString(frame(message(1, "initialize", object{})) + frame(opened(uri, text)))
		for i, method := range []string{"hover", "completion", "definition", "codeAction", "documentSymbol", "formatting"} {
			in.WriteString(frame(asked(i+2, method, uri, line, character)))
		}
		in.WriteString(raw)
		s := Server{Open: open}
		_ = s.Run(context.Background(), &in, &out)
		for _, m := range parse(t, &out) {
			if fault, ok := m["error"].(object); ok && fault["code"] == float64(internalError) {
				t.Error(fault["message"])
			}
		}
	})
}
