package sim

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is the exposition after one request of 3 and 5 tokens, in virtual time.
func page(t *testing.T, release string) string {
	t.Helper()
	s, err := New(Config{Model: "m", Release: release, Latency: Latency{Speed: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st := s.pacer.submit(3, output{n: 5, limit: 7})
	for have := 0; have < 5; {
		if have, err = st.wait(t.Context(), have); err != nil {
			t.Fatal(err)
		}
	}
	return string(s.pacer.snapshot(nil, s.exposition))
}

const labels = `engine="0",model_name="simulated/m"`

// TestMetricNames holds the page to the names that vLLM has in a release.
func TestMetricNames(t *testing.T) {
	typed := regexp.MustCompile(`(?m)^# TYPE (\S+) `)
	for release, want := range map[string]struct{ has, lacks []string }{
		"0.6.0": {
			[]string{"vllm:gpu_cache_usage_perc", "vllm:time_per_output_token_seconds", "vllm:request_params_n", "vllm:cache_config_info"},
			[]string{"vllm:kv_cache_usage_perc", "vllm:inter_token_latency_seconds", "vllm:request_queue_time_seconds", "vllm:iteration_tokens_total", "vllm:gpu_prefix_cache_hits_total"},
		},
		"0.9.2": {
			[]string{"vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc", "vllm:time_per_output_token_seconds", "vllm:gpu_prefix_cache_hits_total", "vllm:prefix_cache_hits_total"},
			[]string{"vllm:inter_token_latency_seconds", "vllm:request_time_per_output_token_seconds", "vllm:prompt_tokens_cached_total"},
		},
		"0.12.0": {
			[]string{"vllm:kv_cache_usage_perc", "vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds", "vllm:request_time_per_output_token_seconds"},
			[]string{"vllm:gpu_cache_usage_perc", "vllm:gpu_prefix_cache_queries_total"},
		},
		"": {
			[]string{
				"vllm:kv_cache_usage_perc", "vllm:inter_token_latency_seconds", "vllm:request_time_per_output_token_seconds", "vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total",
				"vllm:iteration_tokens_total", "vllm:request_inference_time_seconds", "vllm:request_params_max_tokens", "vllm:cache_config_info", "vllm:prompt_tokens_cached_total",
			},
			[]string{"vllm:gpu_cache_usage_perc", "vllm:time_per_output_token_seconds", "vllm:avg_prompt_throughput_toks_per_s"},
		},
	} {
		var names []string
		for _, m := range typed.FindAllStringSubmatch(page(t, release), -1) {
			names = append(names, m[1])
		}
		for _, name := range want.has {
			if !slices.Contains(names, name) {
				t.Errorf("vllm %q: no %s", release, name)
			}
		}
		for _, name := range want.lacks {
			if slices.Contains(names, name) {
				t.Errorf("vllm %q has %s", release, name)
			}
		}
	}
}

// TestDistributions holds what one request leaves on the page.
func TestDistributions(t *testing.T) {
	text := page(t, "")
	for _, line := range []string{
		`vllm:iteration_tokens_total_count{LABELS} 5`, `vllm:iteration_tokens_total_sum{LABELS} 7`, // the prompt's three and one of the answer's for each further step
		`vllm:request_params_max_tokens_sum{LABELS} 7`, `vllm:request_params_n_sum{LABELS} 1`,
		`vllm:request_time_per_output_token_seconds_count{LABELS} 1`, `vllm:request_inference_time_seconds_count{LABELS} 1`,
		`vllm:prefix_cache_queries_total{LABELS} 3`, `vllm:prefix_cache_hits_total{LABELS} 0`,
		`vllm:cache_config_info{block_size="16",num_gpu_blocks="25000",LABELS} 1`,
	} {
		if line = strings.ReplaceAll(line, "LABELS", labels); !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
}
