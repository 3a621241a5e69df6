package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// TensorRT-LLM's server refuses a request with a field that it does not know, tells
// token ids instead of text where detokenize is false, and has its Prometheus page
// beside /metrics, which is JSON.

// completionFields are the fields of a request for a completion
// (serve/openai_protocol.py, CompletionRequest).
var completionFields = set(
	"model", "prompt", "best_of", "echo", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n", "presence_penalty", "seed",
	"stop", "stream", "stream_options", "suffix", "temperature", "top_p", "user", "lora_request", "prompt_ignore_length",
	"use_beam_search", "top_k", "top_p_min", "min_p", "repetition_penalty", "length_penalty", "early_stopping", "stop_token_ids",
	"include_stop_str_in_output", "ignore_eos", "min_tokens", "skip_special_tokens", "spaces_between_special_tokens",
	"truncate_prompt_tokens", "return_context_logits", "detokenize", "thinking_token_budget", "add_special_tokens",
	"response_format", "disaggregated_params", "priority", "conversation_params",
)

// chatFields are those of a chat: messages instead of a prompt, and no ids for text.
var chatFields = func() map[string]bool {
	fields := maps.Clone(completionFields)
	for _, name := range []string{"prompt", "echo", "suffix", "detokenize", "prompt_ignore_length"} {
		delete(fields, name)
	}
	maps.Copy(fields, set("messages", "max_completion_tokens", "prompt_token_ids", "tools", "tool_choice", "top_logprobs", "add_generation_prompt", "chat_template", "chat_template_kwargs", "documents", "reasoning_effort"))
	return fields
}()

func set(names ...string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// strict refuses fields that are not known, as pydantic does where extra ones are
// forbidden.
func strict(body []byte, known map[string]bool) *apiError {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil // what is no object is refused by its types
	}
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !known[name] {
			refused = append(refused, fmt.Sprintf("{'type': 'extra_forbidden', 'loc': ('body', '%s'), 'msg': 'Extra inputs are not permitted', 'input': %s}", name, fields[name]))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &apiError{status: http.StatusBadRequest, kind: "Bad Request", message: "[" + strings.Join(refused, ", ") + "]"}
}

// iterations is /metrics: figures of steps, each told once; none are kept without
// enable_iter_perf_stats.
func (s *Server) iterations(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []any{})
}

func (e *exposition) trtllm(m *metrics, st Stats) {
	e.gauge("trtllm_num_requests_running", "Requests in the batch.", float64(st.Running))
	e.gauge("trtllm_num_requests_waiting", "Requests that wait.", float64(st.Waiting))
	e.gauge("trtllm_kv_cache_utilization", "Share of the KV cache in use.", st.KVUsage)
	e.gauge("trtllm_kv_cache_hit_rate", "Share of prompt tokens found in the KV cache.", 0)
	e.counter("trtllm_prompt_tokens_total", "Prompt tokens computed.", st.PromptTokens)
	e.counter("trtllm_generation_tokens_total", "Tokens generated.", st.OutputTokens)
	e.head("trtllm_request_success_total", "counter", "Requests that ended well.")
	e.sample("trtllm_request_success_total", `finished_reason="stop",`, float64(m.stopped))
	e.sample("trtllm_request_success_total", `finished_reason="length",`, float64(m.cut))
	e.histogram("trtllm_time_to_first_token_seconds", "Time to first token.", m.ttft)
	e.histogram("trtllm_time_per_output_token_seconds", "Time per output token.", m.interToken)
	e.histogram("trtllm_e2e_request_latency_seconds", "Time of a request.", m.e2e)
	e.histogram("trtllm_request_queue_time_seconds", "Time in the queue.", m.queue)
}
