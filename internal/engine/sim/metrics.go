package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/backend"
)

// metrics are the histograms and counters that the engines publish. The pacer's
// lock guards them.
type metrics struct {
	ttft, interToken, e2e, queue, prefill, decode *histogram
	served, token                                 *histogram
	promptTokens, outputTokens                    *histogram
	stepTokens, asked, answers                    *histogram
	stopped, cut                                  int64 // requests by finish reason: stop, length
	finishedPrompt, finishedOutput                int64
}

// stepSizes are the bounds of the distribution of tokens in a step, as there.
var stepSizes = []float64{1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384}

// tokens125 are the bounds of distributions of lengths, in tokens (vllm/v1/metrics/loggers.py).
var tokens125 = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000}

func newMetrics(b backend.Buckets) *metrics {
	return &metrics{
		ttft: newHistogram(b.FirstToken), interToken: newHistogram(b.Token), e2e: newHistogram(b.Request),
		queue: newHistogram(b.Request), prefill: newHistogram(b.Request), decode: newHistogram(b.Request),
		served: newHistogram(b.Request), token: newHistogram(b.Token),
		promptTokens: newHistogram(tokens125), outputTokens: newHistogram(tokens125), asked: newHistogram(tokens125),
		stepTokens: newHistogram(stepSizes), answers: newHistogram([]float64{1, 2, 5, 10, 20}),
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
	m.served.add(seconds(r.Finished-r.Started), 1)
	if r.Produced > 1 {
		m.token.add(seconds(r.Finished-r.FirstToken)/float64(r.Produced-1), 1)
	}
	m.answers.add(1, 1)
	m.asked.add(float64(st.limit), 1)
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

// exposition appends the engine's page.
func (s *Server) exposition(b []byte, m *metrics, st Stats) []byte {
	e := &exposition{b: append(b, simulatedComment...)}
	e.labels = strings.ReplaceAll(s.engine.Server.Labels, "{model}", strconv.Quote(s.cfg.Name()))
	for _, f := range s.engine.Figures {
		if !f.In(s.cfg.Release) {
			continue
		}
		if f.Of == backend.EndedByCause {
			e.head(f.Name, "counter", f.Help)
			e.sample(f.Name, `finished_reason="stop",`, float64(m.stopped))
			e.sample(f.Name, `finished_reason="length",`, float64(m.cut))
		} else if f.Of == backend.CacheSettings {
			e.head(f.Name, "gauge", f.Help)
			e.sample(f.Name, fmt.Sprintf(`block_size="%d",num_gpu_blocks="%d",`, s.cfg.BlockSize, ceilDiv(s.cfg.KVCacheTokens, s.cfg.BlockSize)), 1)
		} else if h := m.distribution(f.Of); h != nil {
			e.histogram(f.Name, f.Help, h)
		} else if value, ok := m.value(f, s.cfg, st); ok {
			kind := "gauge"
			if strings.HasSuffix(f.Name, "_total") {
				kind = "counter"
			}
			e.head(f.Name, kind, f.Help)
			e.sample(f.Name, "", value)
		}
	}
	return e.b
}

// value is the number that a figure has; false where none is simulated.
func (m *metrics) value(f backend.Figure, c Config, st Stats) (float64, bool) {
	switch f.Of {
	case backend.Running:
		return float64(st.Running), true
	case backend.Waiting:
		return float64(st.Waiting), true
	case backend.KVCache:
		return st.KVUsage, true
	case backend.UsedTokens:
		return st.KVUsage * float64(c.KVCacheTokens), true
	case backend.CacheTokens:
		return float64(c.KVCacheTokens), true
	case backend.CacheHits:
		return 0, true
	case backend.CacheQueries:
		return float64(st.PromptTokens), true
	case backend.Preemptions, backend.Retracted:
		return float64(st.Preemptions), true
	case backend.Ended:
		return float64(m.stopped + m.cut), true
	case backend.PromptTokens:
		if f.AtEnd {
			return float64(m.finishedPrompt), true
		}
		return float64(st.PromptTokens), true
	case backend.GenerationTokens:
		if f.AtEnd {
			return float64(m.finishedOutput), true
		}
		return float64(st.OutputTokens), true
	}
	return 0, false
}

// distribution is the histogram of a quantity, nil where it is no distribution.
func (m *metrics) distribution(q backend.Quantity) *histogram {
	return map[backend.Quantity]*histogram{
		backend.PromptLength: m.promptTokens, backend.OutputLength: m.outputTokens,
		backend.FirstToken: m.ttft, backend.NextToken: m.interToken, backend.WholeTime: m.e2e,
		backend.QueueTime: m.queue, backend.PrefillTime: m.prefill, backend.DecodeTime: m.decode,
		backend.ServedTime: m.served, backend.TokenTime: m.token, backend.StepTokens: m.stepTokens,
		backend.TokensAsked: m.asked, backend.AnswersAsked: m.answers,
	}[q]
}
