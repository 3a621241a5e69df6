package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const vllmPage = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m }{ x"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
vllm:num_requests_waiting{engine="0"} 2.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:prompt_tokens_total{engine="0"} 1.5e+06
vllm:generation_tokens_total 12 1700000000
vllm:e2e_request_latency_seconds_bucket{le="0.3"} 1
python_gc_objects_collected_total{generation="0"} 1
`

func f(v float64) *float64 { return &v }

func TestParse(t *testing.T) {
	tests := map[string]struct {
		page string
		want Sample
	}{
		"vllm":           {vllmPage, Sample{Running: f(7), Waiting: f(2), KVCache: f(.25), PromptTokens: f(1.5e6), GenerationTokens: f(12)}},
		"two schedulers": {"vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.25\nvllm:num_preemptions_total{engine=\"0\"} 2\nvllm:num_preemptions_total{engine=\"1\"} 3\n", Sample{KVCache: f(.375), Preemptions: f(5)}},
		"both names":     {"vllm:gpu_cache_usage_perc 0.5\nvllm:kv_cache_usage_perc 0.5\n", Sample{KVCache: f(.5)}},
		"rates":          {"vllm:avg_prompt_throughput_toks_per_s 100\nvllm:avg_generation_throughput_toks_per_s 50\n", Sample{PromptRate: f(100), GenerationRate: f(50)}},
		"sglang's rate":  {"sglang:gen_throughput{dp_rank=\"0\"} 70\nsglang:gen_throughput{dp_rank=\"1\"} 30\nsglang:token_usage +Inf\n", Sample{GenerationRate: f(100)}},
		"old vllm":       {"vllm:gpu_cache_usage_perc 0.5\n", Sample{KVCache: f(.5)}},
		"sglang":         {"sglang:num_running_reqs{model_name=\"m\"} 5.0\nsglang:num_queue_reqs 1\nsglang:token_usage 0.75\n", Sample{Running: f(5), Waiting: f(1), KVCache: f(.75)}},
		"nothing":        {"", Sample{}},
		"an exemplar":    {"vllm:prompt_tokens_total{a=\"x\\\"}\"} 5 1.5 # {trace_id=\"}\"} 0.3 1.5\nvllm:generation_tokens_total 7 # {a=\"b\"} 9\n# EOF\n", Sample{PromptTokens: f(5), GenerationTokens: f(7)}},
		"damaged":        {"vllm:num_requests_running{\nvllm:num_requests_waiting abc\nvllm:kv_cache_usage_perc NaN\n{}\n", Sample{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(strings.NewReader(test.page))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(vllmPage)
	f.Add("vllm:num_requests_running{} 1\n")
	f.Fuzz(func(t *testing.T, page string) { _, _ = Parse(strings.NewReader(page)) })
}

func TestScrape(t *testing.T) {
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, vllmPage)
		select {
		case asked <- struct{}{}:
		default:
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	s, err := Start(dir, []string{server.URL + "/metrics", "http://127.0.0.1:1/metrics"}, &http.Transport{}, time.Millisecond, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		<-asked
	}
	for s.Last()[0].Running == nil {
		<-asked
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || *got[0].Running != 7 || got[0].Replica != 0 {
		t.Errorf("%+v", got)
	}
	// A torn last line is left out.
	path := filepath.Join(dir, FileName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, `{"at`...), 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadFile(dir); err != nil || len(again) != len(got) {
		t.Errorf("%d samples, error %v; want %d", len(again), err, len(got))
	}
	if _, err := Start(dir, nil, &http.Transport{}, time.Second, time.Now()); err == nil {
		t.Error("a second file was made over the first")
	}
}
