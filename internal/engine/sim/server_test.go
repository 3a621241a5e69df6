package sim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/tools/goldenfile"

	"github.com/google/go-cmp/cmp"
)

// quick is a configuration that answers in no time.
func quick(p string) Config {
	return Config{
		Protocol: p, Model: "/model/tiny", Seed: 1, MaxModelLen: 200,
		Latency: Latency{Step: 1, PerSeq: 1, PerContextToken: 1, PrefillRate: 1e9},
		Lengths: Lengths{Median: 6, Sigma: -1},
	}
}

func start(t testing.TB, cfg Config) *httptest.Server {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewUnstartedServer(s)
	h.Config.ErrorLog = nil
	h.Start()
	t.Cleanup(func() { h.Close(); s.Close() })
	return h
}

func post(t testing.TB, url, body string) (*http.Response, string) {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// steady takes out of an answer what changes from run to run.
func steady(s string) string {
	s = regexp.MustCompile(`"created":\d+`).ReplaceAllString(s, `"created":0`)
	return regexp.MustCompile(`"e2e_latency":[-+.e\d]+`).ReplaceAllString(s, `"e2e_latency":0`)
}

// TestAnswers holds every form of answer and of refusal against golden files.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, path, body string
		status           int
	}{
		{"completion", "/v1/completions", `{"model":"/model/tiny","prompt":[1,2,3],"max_tokens":20}`, 200},
		{"completion-ids", "/v1/completions", `{"model":"simulated/model/tiny","prompt":[1,2,3],"max_tokens":4,"return_token_ids":true}`, 200},
		{"completion-text", "/v1/completions", `{"model":"/model/tiny","prompt":"hello, world","max_tokens":4,"min_tokens":2,"ignore_eos":true}`, 200},
		{"chat", "/v1/chat/completions", `{"model":"/model/tiny","messages":[{"role":"user","content":"hi"},{"role":"user","content":[{"type":"text","text":"ho"}]}],"max_completion_tokens":3}`, 200},
		{"wrong-model", "/v1/completions", `{"model":"other","prompt":"x"}`, 404},
		{"temperature", "/v1/completions", `{"prompt":"x","temperature":-1}`, 400},
		{"top-p", "/v1/completions", `{"prompt":"x","top_p":0}`, 400},
		{"max-tokens", "/v1/completions", `{"prompt":"x","max_tokens":-1}`, 400},
		{"min-tokens", "/v1/completions", `{"prompt":"x","max_tokens":2,"min_tokens":3}`, 400},
		{"too-long", "/v1/completions", `{"prompt":"x","max_tokens":1000}`, 400},
		{"no-prompt", "/v1/completions", `{}`, 400},
		{"two-prompts", "/v1/completions", `{"prompt":["a","b"]}`, 400},
		{"type", "/v1/completions", `{"prompt":"x","max_tokens":"many"}`, 400},
		{"json", "/v1/completions", `{"prompt":`, 400},
		{"negative-id", "/v1/completions", `{"prompt":[-1]}`, 400},
		{"n", "/v1/completions", `{"prompt":"x","n":2}`, 400},
		{"no-messages", "/v1/chat/completions", `{"messages":[]}`, 400},
		{"generate", "/generate", `{"input_ids":[1,2,3],"sampling_params":{"max_new_tokens":20}}`, 200},
		{"generate-cut", "/generate", `{"text":"abc","rid":"r1","sampling_params":{"max_new_tokens":2}}`, 200},
		{"generate-both", "/generate", `{"text":"abc","input_ids":[1]}`, 400},
		{"generate-top-k", "/generate", `{"text":"abc","sampling_params":{"top_k":0}}`, 400},
		{"generate-stream-bad", "/generate", `{"stream":true,"text":"abc","sampling_params":{"temperature":-1}}`, 200},
	} {
		for _, p := range []string{backend.VLLM, backend.SGLang} {
			t.Run(c.name+"-"+p, func(t *testing.T) {
				if p == backend.VLLM && c.path == "/generate" {
					t.Skip("vLLM has no /generate")
				}
				h := start(t, quick(p))
				res, body := post(t, h.URL+c.path, c.body)
				want := c.status
				if c.name == "wrong-model" && p == backend.SGLang {
					want = 200 // SGLang serves any name
				}
				if res.StatusCode != want {
					t.Errorf("status %d, want %d", res.StatusCode, want)
				}
				if res.Header.Get("X-Simulated") != "true" || res.Header.Get("Server") != "mlrun-sim" {
					t.Error("the headers do not say simulated")
				}
				goldenfile.Check(t, filepath.Join("testdata", p+"/"+c.name+".golden"), steady(body))
			})
		}
	}
}

// TestStreams holds streams of one token, which cannot fall into different
// chunks, against golden files.
func TestStreams(t *testing.T) {
	for _, c := range []struct{ name, path, body string }{
		{"completion-stream", "/v1/completions", `{"prompt":[1,2,3],"max_tokens":1,"stream":true}`},
		{"completion-stream-usage", "/v1/completions", `{"prompt":[1,2,3],"max_tokens":1,"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"return_token_ids":true}`},
		{"chat-stream", "/v1/chat/completions", `{"messages":[{"role":"user","content":"hi"}],"max_tokens":1,"stream":true,"stream_options":{"include_usage":true}}`},
		{"generate-stream", "/generate", `{"input_ids":[1,2,3],"stream":true,"sampling_params":{"max_new_tokens":1}}`},
	} {
		for _, p := range []string{backend.VLLM, backend.SGLang} {
			t.Run(c.name+"-"+p, func(t *testing.T) {
				if p == backend.VLLM && c.path == "/generate" {
					t.Skip("vLLM has no /generate")
				}
				h := start(t, quick(p))
				res, body := post(t, h.URL+c.path, c.body)
				if ct := res.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/event-stream") {
					t.Errorf("content type %q", ct)
				}
				goldenfile.Check(t, filepath.Join("testdata", p+"/"+c.name+".golden"), steady(body))
			})
		}
	}
}

// event is a chunk of any stream.
type event struct {
	Choices []struct {
		Text         string  `json:"text"`
		FinishReason *string `json:"finish_reason"`
		TokenIDs     []int   `json:"token_ids"`
	} `json:"choices"`
	Usage *struct {
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
}

func events(t *testing.T, body io.Reader) (list []event, done bool, err error) {
	t.Helper()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if data == "[DONE]" {
			return list, true, nil
		}
		var e event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return list, false, err
		}
		list = append(list, e)
	}
	return list, false, lines.Err()
}

// The stream and the whole answer to one prompt hold the same tokens and text.
func TestStreamAddsUpToWhole(t *testing.T) {
	cfg := quick(backend.VLLM)
	cfg.Lengths = Lengths{Median: 100, Sigma: -1}
	cfg.Latency.Step = 100 * time.Microsecond
	h := start(t, cfg)
	const q = `{"prompt":"tell me","max_tokens":150,"return_token_ids":true%s}`
	_, body := post(t, h.URL+"/v1/completions", fmt.Sprintf(q, ""))
	var whole event
	if err := json.Unmarshal([]byte(body), &whole); err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(h.URL+"/v1/completions", "application/json", strings.NewReader(fmt.Sprintf(q, `,"stream":true,"stream_options":{"include_usage":true}`)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	list, done, err := events(t, res.Body)
	if err != nil || !done {
		t.Fatalf("stream: %v, done %v", err, done)
	}
	var text string
	var ids []int
	for i, e := range list[:len(list)-1] {
		text += e.Choices[0].Text
		ids = append(ids, e.Choices[0].TokenIDs...)
		if last := i == len(list)-2; (e.Choices[0].FinishReason != nil) != last {
			t.Errorf("chunk %d of %d: finish reason %v", i, len(list)-1, e.Choices[0].FinishReason)
		}
	}
	if text != whole.Choices[0].Text || !cmp.Equal(ids, whole.Choices[0].TokenIDs) {
		t.Error("stream and whole differ")
	}
	if n := list[len(list)-1].Usage.Completion; n != 100 || len(ids) != 100 || whole.Usage.Completion != 100 {
		t.Errorf("usage %d, ids %d, whole %d; want 100", n, len(ids), whole.Usage.Completion)
	}
	if len(list) < 3 {
		t.Errorf("%d chunks for 100 tokens", len(list))
	}
}

func TestMetrics(t *testing.T) {
	for p, want := range map[string][]string{
		backend.VLLM: {
			`vllm:prompt_tokens_total{engine="0",model_name="simulated/model/tiny"} 3`, `vllm:generation_tokens_total{engine="0",model_name="simulated/model/tiny"} 5`,
			`vllm:time_to_first_token_seconds_count{engine="0",model_name="simulated/model/tiny"} 1`, `vllm:request_success_total{finished_reason="length",engine="0",model_name="simulated/model/tiny"} 1`,
			`vllm:inter_token_latency_seconds_count{engine="0",model_name="simulated/model/tiny"} 4`, "vllm:num_requests_running{", "vllm:num_requests_waiting{", "vllm:kv_cache_usage_perc{",
		},
		backend.SGLang: {`sglang:prompt_tokens_total{engine_type="unified",model_name="simulated/model/tiny",pp_rank="0",tp_rank="0"} 3`, "sglang:num_running_reqs{", "sglang:num_queue_reqs{", "sglang:token_usage{", "sglang:time_to_first_token_seconds_bucket{"},
	} {
		h := start(t, quick(p))
		post(t, h.URL+"/v1/completions", `{"prompt":[1,2,3],"max_tokens":5}`)
		res, err := http.Get(h.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.HasPrefix(string(b), "# simulated") {
			t.Errorf("%s: the metrics do not say simulated", p)
		}
		for _, line := range want {
			if !strings.Contains(string(b), "\n"+line) {
				t.Errorf("%s: no %q in\n%s", p, line, b)
			}
		}
	}
}

func TestModels(t *testing.T) {
	h := start(t, quick(backend.VLLM))
	res, err := http.Get(h.URL + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var m struct {
		Data []struct {
			ID      string `json:"id"`
			OwnedBy string `json:"owned_by"`
			Length  int    `json:"max_model_len"`
		} `json:"data"`
	}
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	if len(m.Data) != 1 || m.Data[0].ID != "simulated/model/tiny" || !strings.Contains(m.Data[0].OwnedBy, "simulated") || m.Data[0].Length != 200 {
		t.Errorf("%+v", m)
	}
}

// A client that leaves frees its place.
func TestDisconnectFreesTheBatch(t *testing.T) {
	cfg := quick(backend.VLLM)
	cfg.MaxNumSeqs, cfg.Latency.Step = 1, 5*time.Millisecond
	cfg.MaxModelLen, cfg.KVCacheTokens = 1_000_000, 1_000_000
	h := start(t, cfg)
	res, err := http.Post(h.URL+"/v1/completions", "application/json", strings.NewReader(`{"prompt":"x","max_tokens":900000,"ignore_eos":true,"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	// This one can only be answered once the endless one is gone.
	if res, _ := post(t, h.URL+"/v1/completions", `{"prompt":"y","max_tokens":1}`); res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestFaults(t *testing.T) {
	ask := func(t *testing.T, h *httptest.Server) ([]event, bool, error) {
		res, err := http.Post(h.URL+"/v1/completions", "application/json", strings.NewReader(`{"prompt":"x","max_tokens":5,"stream":true,"stream_options":{"include_usage":true}}`))
		if err != nil {
			return nil, false, err
		}
		defer res.Body.Close()
		return events(t, res.Body)
	}
	t.Run("malformed", func(t *testing.T) {
		cfg := quick(backend.VLLM)
		cfg.Faults.MalformedEvery = 2
		h := start(t, cfg)
		if _, done, err := ask(t, h); err != nil || !done {
			t.Errorf("first: %v", err)
		}
		if _, _, err := ask(t, h); err == nil {
			t.Error("second is well formed")
		}
	})
	t.Run("broken", func(t *testing.T) {
		cfg := quick(backend.VLLM)
		cfg.Faults.BreakEvery = 1
		if _, done, err := ask(t, start(t, cfg)); err == nil || done {
			t.Errorf("done %v, err %v; want a broken connection", done, err)
		}
	})
	t.Run("miscounted", func(t *testing.T) {
		cfg := quick(backend.VLLM)
		cfg.Faults.MiscountEvery = 1
		list, _, _ := ask(t, start(t, cfg))
		if n := list[len(list)-1].Usage.Completion; n != 6 {
			t.Errorf("usage says %d, want the wrong count 6", n)
		}
	})
	t.Run("late", func(t *testing.T) {
		cfg := quick(backend.VLLM)
		cfg.Faults.LateEvery = 1
		res, err := http.Post(start(t, cfg).URL+"/v1/completions", "application/json", strings.NewReader(`{"prompt":"x","max_tokens":5,"stream":true}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if _, after, found := strings.Cut(string(body), "[DONE]"); err != nil || !found || !strings.Contains(after, "data: {") {
			t.Errorf("%v, %q after the end mark; want a token", err, after)
		}
	})
	t.Run("dies", func(t *testing.T) {
		cfg := quick(backend.VLLM)
		cfg.Faults.DieAfter = 1
		code := make(chan int, 1)
		cfg.Faults.Exit = func(c int) { code <- c }
		ask(t, start(t, cfg))
		if c := <-code; c != 137 {
			t.Errorf("exit status %d", c)
		}
	})
	t.Run("loading", func(t *testing.T) {
		cfg := quick(backend.SGLang)
		cfg.Faults.Load = time.Hour
		res, err := http.Get(start(t, cfg).URL + "/health")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 503 {
			t.Errorf("status %d while loading, want 503", res.StatusCode)
		}
	})
}

func TestHang(t *testing.T) {
	cfg := quick(backend.VLLM)
	cfg.Faults.HangAfter = 1
	h := start(t, cfg)
	client := http.Client{Timeout: 50 * time.Millisecond}
	_, err := client.Post(h.URL+"/v1/completions", "application/json", strings.NewReader(`{"prompt":"x","max_tokens":5}`))
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v, want no answer", err)
	}
	if res, err := http.Get(h.URL + "/health"); err != nil || res.StatusCode != 200 {
		t.Errorf("a hung engine answers /health: %v", err)
	}
}

func TestParseFaults(t *testing.T) {
	f, err := ParseFaults([]string{"load=2s", "die-loading", "die-after=3", "hang-after=4", "malformed-every=5", "break-every=6", "miscount-every=7", "late-every=8"})
	want := Faults{Load: 2 * time.Second, DieLoading: true, DieAfter: 3, HangAfter: 4, MalformedEvery: 5, BreakEvery: 6, MiscountEvery: 7, LateEvery: 8}
	if err != nil || !cmp.Equal(f, want) {
		t.Errorf("%+v, %v", f, err)
	}
	for _, bad := range []string{"", "explode", "die-after", "die-after=0", "load=soon", "load=-1s", "die-loading=1"} {
		if _, err := ParseFaults([]string{bad}); err == nil {
			t.Errorf("%q taken", bad)
		}
	}
}

// FuzzRequests: no body makes the engine fail other than by a refusal.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		`{"prompt":[1,2,3],"max_tokens":2}`, `{"prompt":[[1]]}`, `{"prompt":[["a"]],"n":1}`, `{"prompt":null}`, `{"text":"x"}`, `{"input_ids":[1],"stream":true}`,
		`{"messages":[{"role":"user","content":null}]}`, `{"prompt":"x","max_tokens":9007199254740993}`, `{"prompt":"x","temperature":1e400}`, `[]`, `null`, ``,
	} {
		f.Add(seed)
	}
	s, err := New(quick(backend.SGLang))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/v1/completions", "/v1/chat/completions", "/generate"} {
			r := httptest.NewRequest("POST", path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != 200 && w.Code != 400 {
				t.Errorf("%s: status %d", path, w.Code)
			}
		}
	})
}
