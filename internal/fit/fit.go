// Package fit computes whether a model fits on GPUs under an engine's arguments and whether they go
// together: weights, working memory and graphs on each GPU, what is left for the KV cache, how many
// tokens that holds, and which of the engine's own checks would refuse.
//
//	model, err := fit.FindModel(ctx, "Llama-3.1-8B-Instruct")
//	gpu, err := fit.FindGPU("H100")
//	report := fit.Compute(fit.Request{Model: model, GPU: &gpu, GPUs: 1, Engine: "vllm", Release: "0.11.0"})
//
// A formula has its source in the report. What cannot be computed is named in Unknown; what was
// measured on other machines, and not computed, is named there with its margin.
package fit

import (
	"fmt"
	"math"
	"strings"

	"mlcfg/internal/backend"
)

// Request is what is to be computed.
type Request struct {
	Model *Model
	// GPU is one of those that carry the model, nil where none is named; GPUs is how many there are,
	// 0 for as many as the parallel sizes take.
	GPU  *GPU
	GPUs int
	// Engine is the engine's name, Release its release; empty is the newest.
	Engine, Release string
	// Args are the engine's arguments by their keys, Env its variables.
	Args Args
	Env  map[string]string
	// Refusals asks for what the engine refuses, or is likely to serve wrong, alone: Reasons has no
	// other lines then, and Unknown none.
	Refusals bool
	// KVGiB is the memory of the KV cache on each GPU where it is told; nil: it is computed.
	KVGiB *float64
}

// Reason is one line of the computation, or a refusal.
type Reason struct {
	// Rule is a stable word, Source where the formula is from.
	Rule   string `json:"rule"`
	Source string `json:"source"`
	Text   string `json:"text"`
	// Refuses reports whether the engine refuses to start for it.
	Refuses bool `json:"refuses,omitempty"`
	// Doubts reports whether the engine starts, and what it serves is likely to be wrong.
	Doubts bool `json:"doubts,omitempty"`
}

// Report is what came of it: memory in GiB per GPU; nil is what is not known.
type Report struct {
	Model   string `json:"model"`
	GPU     string `json:"gpu,omitempty"`
	Engine  string `json:"engine"`
	Release string `json:"release"`

	Weights       *float64 `json:"weights_gib"`
	Activation    *float64 `json:"activation_gib"`
	Graph         *float64 `json:"graph_gib"`
	KV            *float64 `json:"kv_gib"`
	BytesPerToken *float64 `json:"kv_bytes_per_token"`
	Tokens        *int64   `json:"kv_tokens"`
	Concurrency   *float64 `json:"max_concurrency"`
	// MaxLen is the longest request, in tokens, that the KV cache holds and the model was made for.
	MaxLen *int64 `json:"max_model_len"`
	// Needed is the KV memory of one request of the configured length.
	Needed *float64 `json:"kv_gib_needed"`
	// Blocks are the pages of the KV cache.
	Blocks *int64 `json:"kv_blocks,omitempty"`
	// Margin is how far KV may be off, in GiB, for what is measured by the engine and assumed here; 0
	// where KV is told.
	Margin  float64  `json:"kv_margin_gib"`
	Fits    *bool    `json:"fits"`
	Reasons []Reason `json:"reasons"`
	Unknown []string `json:"unknown"`

	refusals bool
}

func (r *Report) say(rule, source, format string, args ...any) {
	if !r.refusals {
		r.add(rule, source, format, args...)
	}
}

func (r *Report) add(rule, source, format string, args ...any) {
	r.Reasons = append(r.Reasons, Reason{Rule: rule, Source: source, Text: fmt.Sprintf(format, args...)})
}

func (r *Report) refuse(rule, source, format string, args ...any) {
	r.add(rule, source, format, args...)
	r.Reasons[len(r.Reasons)-1].Refuses = true
}

func (r *Report) doubt(rule, source, format string, args ...any) {
	r.add(rule, source, format, args...)
	r.Reasons[len(r.Reasons)-1].Doubts = true
}

func (r *Report) cannot(format string, args ...any) {
	if r.refusals {
		return
	}
	r.Unknown = append(r.Unknown, fmt.Sprintf(format, args...))
}

// refused is the first refusal, nil for none.
func (r *Report) refused() *Reason {
	for i := range r.Reasons {
		if r.Reasons[i].Refuses {
			return &r.Reasons[i]
		}
	}
	return nil
}

// engines are what each engine computes.
var engines = map[string]func(*Request, *Report){
	backend.VLLM:   vllmFit,
	backend.SGLang: sglangFit,
}

// Engines reports whether memory of an engine can be computed.
func Knows(engine string) bool { return engines[engine] != nil }

// Compute does the computation.
func Compute(q Request) *Report {
	r := &Report{Model: q.Model.Name, Engine: q.Engine, Release: q.Release, Reasons: []Reason{}, Unknown: []string{}, refusals: q.Refusals}
	if q.GPU != nil {
		r.GPU = q.GPU.Name
	}
	for _, what := range q.Model.Unknown {
		r.cannot("%s", what)
	}
	if q.Model.Note != "" {
		r.cannot("%s", q.Model.Note)
	}
	compute := engines[q.Engine]
	if compute == nil {
		r.cannot("the memory of %s", q.Engine)
		return r
	}
	if q.Model.Heads == 0 {
		r.cannot("the shapes of %s", q.Model.Name)
		c := &checked{Request: &q}
		parsersMatch(c, r)
		namesMatch(c, r)
		return r
	}
	compute(&q, r)
	verdict(r)
	r.Margin = math.Round(r.Margin*1000) / 1000
	if q.KVGiB != nil {
		r.Margin = 0
	}
	return r
}

// verdict says whether it fits: what is refused does not, whatever else is unknown.
func verdict(r *Report) {
	fits := r.refused() == nil
	if !fits || r.Needed != nil && r.KV != nil {
		r.Fits = &fits
	}
}

func ptr[T any](v T) *T { return &v }

// Args are an engine's arguments.
type Args map[string]any

// num is a whole number, otherwise where it is not set or no number.
func (a Args) num(otherwise int64, keys ...string) int64 {
	if n, ok := a.float(keys...); ok && math.Abs(n) < 1<<40 {
		return int64(n)
	}
	return otherwise
}

func (a Args) float(keys ...string) (float64, bool) {
	for _, key := range keys {
		if n, ok := Number(a[key]); ok {
			return n, true
		}
	}
	return 0, false
}

// Number returns the number that a value of an argument is; ok is false where it is none.
func Number(v any) (n float64, ok bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func (a Args) text(key string) string {
	s, _ := a[key].(string)
	return s
}

func (a Args) on(key string) bool { return a[key] == true }

func (a Args) off(key string) bool { return a[key] == false }

// in is a key of a nested map.
func (a Args) in(key string) Args {
	switch m := a[key].(type) {
	case map[string]any:
		return m
	case Args:
		return m
	}
	return nil
}

// maxRanks bounds a parallel size; no machine comes near it.
const maxRanks = 1 << 16

// size is a parallel size: at least 1, at most maxRanks.
func (a Args) size(keys ...string) int64 { return min(max(1, a.num(1, keys...)), maxRanks) }

// beyond reports whether a parallel size is one that no machine has.
func (a Args) beyond(keys ...string) bool {
	for _, key := range keys {
		if n, ok := a.float(key); ok && (n < 1 || n >= maxRanks) {
			return true
		}
	}
	return false
}

func gibs(bytes float64) float64 { return math.Round(bytes/gib*1000) / 1000 }

// weigh computes the weights on the fullest GPU.
func weigh(q *Request, r *Report, s spread, source string) {
	parts, from := q.Model.loaded(r, q.Args.text("quantization"))
	if parts == nil {
		return
	}
	bytes := s.perGPU(parts)
	r.Weights = ptr(gibs(bytes))
	r.say("weights", strings.TrimSuffix(from+"; "+source, "; "), "%.2f GiB of weights in all, %.2f GiB on a GPU", total(parts)/gib, bytes/gib)
}

// loaded are the weights as they are told or else computed; flag is the quantization asked for.
func (m *Model) loaded(r *Report, flag string) (parts []Part, source string) {
	if m.Weights != nil && len(m.Weights.Parts) > 0 {
		return m.Weights.Parts, m.Weights.Source
	}
	if as := m.Quant; flag == "fp8" && as.Bits == 0 && (as.Method == "" || strings.Contains(as.Method, " ")) {
		other := *m // either they are stored so, or made so as they are loaded
		other.Quant.Bits, other.Quant.Method, other.byShapes = 8, "fp8", nil
		m = &other
	}
	compute := m.parts
	if m.byShapes != nil {
		compute = m.byShapes
	}
	parts, unknown := compute()
	if unknown != "" {
		r.cannot("%s", unknown)
		return nil, ""
	}
	return parts, "the shapes of " + m.Source + ", without biases and norms"
}
