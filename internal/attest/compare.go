package attest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/fit"
)

// Difference is something in which a start is not what was configured or predicted.
type Difference struct {
	// Kind is not-in-force, other-value, not-printed, not-configured, variable-not-read,
	// attention-backend, release, tokens, memory or weights.
	Kind string `json:"kind"`
	Key  string `json:"key,omitempty"`
	Text string `json:"text"`
	// Info reports whether it is worth knowing but not a fault.
	Info bool `json:"info,omitempty"`
}

// Start is what one start said, what was predicted of it, and where they differ.
type Start struct {
	Replica     int          `json:"replica"`
	Said        *Said        `json:"said"`
	Predicted   *Predicted   `json:"predicted,omitempty"`
	Differences []Difference `json:"differences"`
}

// Predicted is what was computed of the start; tokens are those of the KV memory that the engine
// reports, where it does.
type Predicted struct {
	Weights *float64 `json:"weights_gib,omitempty"`
	KV      *float64 `json:"kv_gib,omitempty"`
	Margin  float64  `json:"kv_margin_gib,omitempty"`
	Tokens  *int64   `json:"kv_tokens,omitempty"`
}

// Short is the start without the arguments, of which Differences has what matters.
func (s Start) Short() Start {
	said := *s.Said
	said.Args, said.Resolved = nil, nil
	s.Said = &said
	return s
}

// Silent reports whether nothing of a start was said.
func (s *Said) Silent() bool {
	return s.Args == nil && s.Resolved == nil && s.Tokens == nil && s.KV == nil && s.Weights == nil && s.Attention == "" && s.Unread == nil
}

// Faults are what is at fault with starts, each with the replicas that it is of. Of another release
// nothing is said here.
func Faults(starts []Start) []string {
	var texts []string
	of := map[string][]string{}
	for i := range starts {
		for _, d := range starts[i].Differences {
			if d.Info || d.Kind == "release" {
				continue
			}
			if of[d.Text] == nil {
				texts = append(texts, d.Text)
			}
			of[d.Text] = append(of[d.Text], strconv.Itoa(starts[i].Replica))
		}
	}
	for i, text := range texts {
		if n := len(of[text]); n < len(starts) {
			texts[i] = fmt.Sprintf("replica %s: %s", strings.Join(of[text], ", "), text)
		}
	}
	return texts
}

// Faults are the texts of the differences that are faults.
func (s *Start) Faults() []string {
	var out []string
	for _, d := range s.Differences {
		if !d.Info {
			out = append(out, d.Text)
		}
	}
	return out
}

// New holds what was said to what was asked for. Without a model nothing is predicted. isDefault
// reports whether a value is the release's own default of a key, which vLLM does not print; where
// it is nil, an argument that is not printed is told, and is no fault.
func New(q fit.Request, said *Said, isDefault func(key string, value any) bool) Start {
	s := Start{Said: said, Differences: []Difference{}}
	if said.Release != "" && q.Release != "" && said.Release != q.Release && !strings.HasPrefix(said.Release, q.Release+"+") {
		s.add("release", "", false, "configured for %s %s, the start is of %s", q.Engine, q.Release, said.Release)
	}
	s.arguments(q.Args, isDefault)
	for _, name := range said.Unread {
		if _, asked := q.Env[name]; asked {
			s.add("variable-not-read", name, false, "variable %s is set, and the engine does not know it", name)
		}
	}
	if asked := fit.AttentionAsked(q.Args, q.Env); asked != "" && said.Attention != "" && !strings.EqualFold(asked, said.Attention) {
		s.add("attention-backend", "attention_backend", false, "attention backend %s is configured, in force is %s", asked, said.Attention)
	}
	if q.Model != nil {
		s.predict(q)
	}
	return s
}

func (s *Start) add(kind, key string, info bool, format string, args ...any) {
	s.Differences = append(s.Differences, Difference{Kind: kind, Key: key, Info: info, Text: fmt.Sprintf(format, args...)})
}

// apart are arguments that say where the server listens or what its model is called.
var apart = []string{
	"host", "port", "model", "model_path", "model_tag", "served_model_name", "api_key", "tokenizer", "tokenizer_path", "disable_log_stats", "disable_log_requests",
	"enable_log_requests", "uvicorn_log_level", "log_level", "seed", "random_seed", "attention_backend",
}

func (s *Start) arguments(asked fit.Args, isDefault func(string, any) bool) {
	said := s.Said
	for _, key := range slices.Sorted(maps.Keys(asked)) {
		want := asked[key]
		if want == nil || slices.Contains(apart, key) {
			continue
		}
		have, printed := said.Args[key]
		resolved, known := said.Resolved[key]
		switch {
		case printed && !same(want, have):
			s.add("other-value", key, false, "%s is configured as %v, in force is %v", key, want, have)
		case known && resolved != nil && want != "auto" && !sameResolved(want, resolved):
			s.add("other-value", key, printed, "%s is configured as %v, the engine made it %v", key, want, resolved)
		case printed || known || said.Args == nil || isDefault != nil && !said.All && isDefault(key, want):
		case isDefault == nil && !said.All:
			s.add("not-printed", key, true, "%s is configured as %v, and is not among the arguments that are not defaults", key, want)
		default:
			s.add("not-in-force", key, false, "%s is configured as %v, and is not among the arguments in force", key, want)
		}
	}
	if said.All {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(said.Args)) {
		if have := said.Args[key]; asked[key] == nil && have != nil && !slices.Contains(apart, key) {
			s.add("not-configured", key, true, "%s is %v in force, and is not configured", key, have)
		}
	}
}

// predict computes what the start should have come to, with the KV memory that it reports, and
// without.
func (s *Start) predict(q fit.Request) {
	said := s.Said
	if q.Args["max_model_len"] == nil && said.Length != nil {
		args := fit.Args{}
		maps.Copy(args, q.Args)
		args["max_model_len"], q.Args = *said.Length, args
	}
	r := fit.Compute(q)
	p := Predicted{Weights: r.Weights, KV: r.KV, Margin: r.Margin, Tokens: r.Tokens}
	s.Predicted = &p
	if said.Weights != nil && p.Weights != nil && *said.Weights > 0 {
		s.add("weights", "", true, "%.2f GiB of weights reported, %.2f predicted (%+.1f %%)", *said.Weights, *p.Weights, 100*(*p.Weights / *said.Weights - 1))
	}
	if said.KV == nil || *said.KV <= 0 {
		return
	}
	if p.KV != nil && q.KVGiB == nil {
		s.add("memory", "", math.Abs(*p.KV-*said.KV) <= p.Margin, "%.2f GiB for the KV cache reported, %.2f predicted, give or take %.2f", *said.KV, *p.KV, p.Margin)
	}
	q.KVGiB = said.KV
	if p.Tokens = fit.Compute(q).Tokens; p.Tokens != nil && said.Tokens != nil {
		off := float64(*p.Tokens)/float64(max(1, *said.Tokens)) - 1
		s.add("tokens", "", math.Abs(off) <= 0.005, "%d KV tokens reported, %d predicted of %.2f GiB (%+.2f %%)", *said.Tokens, *p.Tokens, *said.KV, 100*off)
	}
}

// same reports whether two values say the same: numbers by value, maps by the keys that are asked for.
func same(asked, have any) bool {
	if a, ok := asked.(map[string]any); ok {
		h, ok := have.(map[string]any)
		if !ok {
			return true // an object's own text cannot be compared
		}
		for key, v := range a {
			if v != nil && !same(v, h[key]) {
				return false
			}
		}
		return true
	}
	x, okX := fit.Number(asked)
	y, okY := fit.Number(have)
	if okX && okY {
		return x == y
	}
	return strings.EqualFold(fmt.Sprint(asked), fmt.Sprint(have))
}

// sameResolved is same for a value that the engine has made: torch.bfloat16 of bfloat16.
func sameResolved(asked, have any) bool {
	if text, ok := have.(string); ok {
		have = strings.TrimPrefix(text, "torch.")
	}
	if _, isMap := asked.(map[string]any); isMap {
		return true
	}
	a, h := strings.ToLower(fmt.Sprint(asked)), strings.ToLower(fmt.Sprint(have))
	return same(asked, have) || a == "half" && h == "float16" || strings.HasPrefix(h, a+"_") // fp8 is fp8_e4m3, gptq may be gptq_marlin
}
