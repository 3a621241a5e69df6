package backend

import (
	"mlcfg/internal/release"
)

// Quantity is what a figure of an engine's Prometheus page measures.
type Quantity string

// The quantities.
const (
	Running          Quantity = "running"
	Waiting          Quantity = "waiting"
	KVCache          Quantity = "kv_cache" // share in use, 0 to 1
	PromptTokens     Quantity = "prompt_tokens"
	GenerationTokens Quantity = "generation_tokens"
	PromptRate       Quantity = "prompt_tokens_per_second"
	GenerationRate   Quantity = "generation_tokens_per_second"
	Preemptions      Quantity = "preemptions"

	// What no run reads, and the simulated engine's page has.
	Retracted     Quantity = "retracted" // requests put back into the queue and still there
	UsedTokens    Quantity = "used_tokens"
	CacheTokens   Quantity = "cache_tokens" // the KV cache's size
	CacheHits     Quantity = "cache_hits"
	CacheQueries  Quantity = "cache_queries"  // tokens looked up in the prefix cache
	CacheSettings Quantity = "cache_settings" // 1, with labels
	Ended         Quantity = "ended"
	EndedByCause  Quantity = "ended_by_cause"
	// Distributions, in tokens and in seconds.
	PromptLength, OutputLength       Quantity = "prompt_length", "output_length"
	FirstToken, NextToken, WholeTime Quantity = "ttft", "inter_token", "e2e"
	QueueTime, PrefillTime           Quantity = "queue_time", "prefill_time"
	DecodeTime, ServedTime           Quantity = "decode_time", "served_time" // prefill and decode
	TokenTime                        Quantity = "token_time"                 // of a request, on average
	StepTokens                       Quantity = "step_tokens"
	AnswersAsked, TokensAsked        Quantity = "answers_asked", "tokens_asked"
)

// Figure is a name on a page and what it stands for. A name that ends in _total
// counts up since the engine started.
type Figure struct {
	Name string
	Of   Quantity
	// Help is what the page says of it.
	Help string
	// AtEnd reports whether tokens are counted when their request finishes, not before.
	AtEnd bool
	// Mean reports whether the values of several schedulers are averaged; they
	// add up otherwise.
	Mean bool
	// Old marks a former name: it counts where the page has no newer one, since
	// some releases give both.
	Old bool
	// From is the first release that has it, Until the first that has it no more; empty
	// where every release does.
	From, Until string
}

// In reports whether a release's page has the figure; an empty release is the newest.
func (f *Figure) In(r string) bool {
	if r == "" {
		return f.Until == ""
	}
	return (f.From == "" || release.Compare(r, f.From) >= 0) && (f.Until == "" || release.Compare(r, f.Until) < 0)
}
