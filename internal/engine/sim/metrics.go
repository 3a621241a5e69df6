package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// metrics are the histograms and counters that the engines publish. The pacer's
// lock guards them.
type metrics struct {
	ttft, interToken, e2e, queue, prefill, decode *histogram
	promptTokens, outputTokens                    *histogram
	stopped, cut                                  int64 // requests by finish reason: stop, length
	finishedPrompt, finishedOutput                int64
}

// Bucket bounds of vLLM (vllm/v1/metrics/loggers.py) and of SGLang's tokenizer
// metrics (sglang/srt/metrics/collector.py), in seconds or tokens.
var (
	vllmTTFT  = []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560}
	vllmITL   = []float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80}
	vllmE2E   = []float64{0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680}
	tokens125 = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000}

	sglangTTFT = []float64{0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400}
	sglangITL  = []float64{0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8}
	sglangE2E  = append(slices.Clone(sglangTTFT), 800)
)

func newMetrics(p Protocol) *metrics {
	ttft, itl, e2e := vllmTTFT, vllmITL, vllmE2E
	if p == SGLang {
		ttft, itl, e2e = sglangTTFT, sglangITL, sglangE2E
	}
	return &metrics{
		ttft: newHistogram(ttft), interToken: newHistogram(itl), e2e: newHistogram(e2e),
		queue: newHistogram(e2e), prefill: newHistogram(e2e), decode: newHistogram(e2e),
		promptTokens: newHistogram(tokens125), outputTokens: newHistogram(tokens125),
	}
}

// observe records what happened to the request since st last heard of it.
func (m *metrics) observe(st *stream) {
	r, before := st.req, int(st.produced.Load())
	more := r.Produced - before
	if before == 0 {
		m.ttft.add(seconds(r.FirstToken-r.Arrived), 1)
		st.lastToken = r.FirstToken
		more--
	}
	if more > 0 {
		m.interToken.add(seconds(r.LastToken-st.lastToken)/float64(more), int64(more))
	}
	if r.Finished < 0 {
		return
	}
	m.e2e.add(seconds(r.Finished-r.Arrived), 1)
	m.queue.add(seconds(r.Started-r.Arrived), 1)
	m.prefill.add(seconds(r.FirstToken-r.Started), 1)
	m.decode.add(seconds(r.Finished-r.FirstToken), 1)
	m.promptTokens.add(float64(r.PromptTokens), 1)
	m.outputTokens.add(float64(r.Produced), 1)
	m.finishedPrompt += int64(r.PromptTokens)
	m.finishedOutput += int64(r.Produced)
	if st.stop {
		m.stopped++
	} else {
		m.cut++
	}
}

func seconds(d time.Duration) float64 { return d.Seconds() }

// histogram is a Prometheus histogram: counts[i] holds what is at most
// bounds[i], the last one everything above.
type histogram struct {
	bounds []float64
	counts []int64
	sum    float64
}

func newHistogram(bounds []float64) *histogram {
	return &histogram{bounds: bounds, counts: make([]int64, len(bounds)+1)}
}

// add counts value n times.
func (h *histogram) add(value float64, n int64) {
	i, _ := slices.BinarySearch(h.bounds, value)
	h.counts[i] += n
	h.sum += value * float64(n)
}

// exposition writes Prometheus text (format 0.0.4).
type exposition struct {
	b      []byte
	labels string
}

func (e *exposition) head(name, kind, help string) {
	e.b = fmt.Appendf(e.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (e *exposition) sample(name, extra string, value float64) {
	e.b = append(e.b, name...)
	e.b = append(e.b, '{')
	e.b = append(e.b, extra...)
	e.b = append(e.b, e.labels...)
	e.b = append(e.b, "} "...)
	e.b = strconv.AppendFloat(e.b, value, 'g', -1, 64)
	e.b = append(e.b, '\n')
}

func (e *exposition) gauge(name, help string, value float64) {
	e.head(name, "gauge", help)
	e.sample(name, "", value)
}

func (e *exposition) counter(name, help string, value int64) {
	e.head(name, "counter", help)
	e.sample(name, "", float64(value))
}

func (e *exposition) histogram(name, help string, h *histogram) {
	e.head(name, "histogram", help)
	var count int64
	for i, n := range h.counts {
		count += n
		le := "+Inf"
		if i < len(h.bounds) {
			le = strconv.FormatFloat(h.bounds[i], 'g', -1, 64)
		}
		e.sample(name+"_bucket", `le="`+le+`",`, float64(count))
	}
	e.sample(name+"_count", "", float64(count))
	e.sample(name+"_sum", "", h.sum)
}

// simulatedComment heads the metrics; Prometheus ignores it, people do not.
const simulatedComment = "# simulated: these numbers come from mlrun's simulated engine, no model was run\n"

func (c Config) exposition(b []byte, m *metrics, st Stats) []byte {
	e := &exposition{b: append(b, simulatedComment...)}
	switch c.Protocol {
	case SGLang:
		e.labels = fmt.Sprintf(`engine_type="unified",model_name=%q,pp_rank="0",tp_rank="0"`, c.Name())
		e.sglang(c, m, st)
	case TRTLLM:
		e.labels = fmt.Sprintf(`engine_type="trtllm",model_name=%q`, c.Name())
		e.trtllm(m, st)
	default:
		e.labels = fmt.Sprintf(`engine="0",model_name=%q`, c.Name())
		e.vllm(m, st)
	}
	return e.b
}

func (e *exposition) vllm(m *metrics, st Stats) {
	e.gauge("vllm:num_requests_running", "Number of requests in model execution batches.", float64(st.Running))
	e.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", float64(st.Waiting))
	e.gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", st.KVUsage)
	// The name up to 0.10.
	e.gauge("vllm:gpu_cache_usage_perc", "GPU KV-cache usage. 1 means 100 percent usage.", st.KVUsage)
	e.counter("vllm:num_preemptions_total", "Cumulative number of preemption from the engine.", st.Preemptions)
	e.counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", st.PromptTokens)
	e.counter("vllm:generation_tokens_total", "Number of generation tokens processed.", st.OutputTokens)
	e.head("vllm:request_success_total", "counter", "Count of successfully processed requests.")
	e.sample("vllm:request_success_total", `finished_reason="stop",`, float64(m.stopped))
	e.sample("vllm:request_success_total", `finished_reason="length",`, float64(m.cut))
	e.histogram("vllm:request_prompt_tokens", "Number of prefill tokens processed.", m.promptTokens)
	e.histogram("vllm:request_generation_tokens", "Number of generation tokens processed.", m.outputTokens)
	e.histogram("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", m.ttft)
	e.histogram("vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", m.interToken)
	// The name up to 0.10.
	e.histogram("vllm:time_per_output_token_seconds", "Histogram of time per output token in seconds.", m.interToken)
	e.histogram("vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", m.e2e)
	e.histogram("vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", m.queue)
	e.histogram("vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", m.prefill)
	e.histogram("vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", m.decode)
}

func (e *exposition) sglang(c Config, m *metrics, st Stats) {
	e.gauge("sglang:num_running_reqs", "The number of running requests.", float64(st.Running))
	e.gauge("sglang:num_queue_reqs", "The number of requests in the waiting queue.", float64(st.Waiting))
	e.gauge("sglang:num_used_tokens", "The number of used tokens.", st.KVUsage*float64(c.KVCacheTokens))
	e.gauge("sglang:token_usage", "The token usage.", st.KVUsage)
	e.gauge("sglang:max_total_num_tokens", "Maximum total number of tokens in the KV cache pool.", float64(c.KVCacheTokens))
	e.gauge("sglang:cache_hit_rate", "The prefix cache hit rate.", 0)
	e.gauge("sglang:num_retracted_reqs", "The number of retracted requests.", float64(st.Preemptions))
	// SGLang counts tokens when a request finishes, not before.
	e.counter("sglang:prompt_tokens_total", "Number of prefill tokens processed.", m.finishedPrompt)
	e.counter("sglang:generation_tokens_total", "Number of generation tokens processed.", m.finishedOutput)
	e.counter("sglang:num_requests_total", "Number of requests processed.", m.stopped+m.cut)
	e.histogram("sglang:time_to_first_token_seconds", "Histogram of time to first token in seconds.", m.ttft)
	e.histogram("sglang:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", m.interToken)
	e.histogram("sglang:e2e_request_latency_seconds", "Histogram of End-to-end request latency in seconds", m.e2e)
	e.histogram("sglang:queue_time_seconds", "Histogram of queueing time in seconds.", m.queue)
}
