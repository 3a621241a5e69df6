// Package sim is the simulated engine: an HTTP server that speaks an engine's
// protocol, as package backend says it (vLLM's, SGLang's, TensorRT-LLM's), and
// answers with made-up tokens, paced by a model of continuous batching. It measures nothing real, and says so wherever it
// speaks: in the model's name, in its headers, in its metrics.
//
//	server, err := sim.New(sim.Config{Protocol: backend.VLLM, Model: "llama2-70b"})
//	defer server.Close()
//	http.Serve(listener, server)
//
// Three parts, each usable alone: [Scheduler] is the event simulation, driven by
// the times it is given; the pacer runs one Scheduler in real time; [Server]
// puts HTTP in front. The same configuration, seed and prompts give the same
// tokens and lengths on every machine.
package sim

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/backend"
)

// Protocols are the engines whose HTTP interface can be spoken.
func Protocols() []string {
	var names []string
	for _, b := range backend.Engines() {
		names = append(names, b.Name)
	}
	return names
}

// Config says what is simulated. The zero value of every field but Model means
// the default beside it.
type Config struct {
	// Protocol is one of [Protocols]; backend.VLLM where empty. All answer
	// /v1/completions and /v1/chat/completions, each with its engine's own details.
	Protocol string
	// Model is the model's path or name as a real engine would be given it. It
	// is answered for under this name and under [Config.Name].
	Model string
	// Release is the engine's whose metrics are given; the newest where it is empty.
	Release string
	// Seed decides tokens and output lengths.
	Seed uint64

	// MaxModelLen is the longest prompt and output together, in tokens; 4096.
	MaxModelLen int
	// MaxNumSeqs is the number of requests in a batch; 256.
	MaxNumSeqs int
	// MaxBatchedTokens is the number of tokens computed in one step; 8192.
	MaxBatchedTokens int
	// KVCacheTokens is the size of the KV cache in tokens; 400,000. It must
	// hold at least MaxModelLen.
	KVCacheTokens int
	// BlockSize is the number of tokens in a block of the KV cache; 16.
	BlockSize int

	Latency Latency
	Lengths Lengths

	// Vocabulary counts prompts that are texts, and makes texts of as many tokens as are
	// said; nil makes them up.
	Vocabulary *Vocabulary

	// IncrementalStream makes SGLang's /generate stream send what is new in each
	// chunk; without it each chunk repeats all tokens so far, SGLang's default.
	IncrementalStream bool

	Faults Faults

	// Finished gets one line of JSON ([Finished]) for each generation whose answer
	// was given whole and without a fault; nil for none. Only ListenAndServe writes it.
	Finished io.Writer
}

// Latency is the cost of one step of the engine: Step, plus PerSeq for each
// request in the batch, plus PerContextToken for each token of context that a
// decoding request reads, plus PerPromptToken for each prompt token computed.
// The defaults resemble a 70B model in FP8 on one large accelerator.
type Latency struct {
	// Step is 15 ms where zero.
	Step time.Duration
	// PerSeq is 100 us where zero.
	PerSeq time.Duration
	// PerContextToken is 100 ns where zero.
	PerContextToken time.Duration
	// PrefillRate is the number of prompt tokens computed a second; 20,000
	// where zero.
	PrefillRate float64
	// Speed divides every cost: 10 makes the engine ten times as fast; 1 where
	// zero.
	Speed float64
}

// Lengths is the distribution of output lengths: log-normal, cut at one token
// and at the request's limits. A prompt has the same length each time.
type Lengths struct {
	// Median is the middle output length in tokens; 200 where zero.
	Median int
	// Sigma is the standard deviation of the length's logarithm; 0.6 where
	// zero. A negative value means none: every output has Median tokens.
	Sigma float64
}

// mark is how the simulated engine calls itself, in all its names.
const mark = "simulated"

// Name is the name under which the model is served: it always says simulated.
func (c Config) Name() string { return mark + "/" + strings.TrimLeft(c.Model, "/") }

// Named reports whether a name that an engine gives a model, a release or its
// weights is one that the simulated engine gives.
func Named(name string) bool { return name == mark || strings.HasPrefix(name, mark+"/") }

// Default is the configuration of every default, without a model.
func Default() Config {
	c, _ := Config{}.withDefaults() // complains of the missing model alone
	return c
}

// withDefaults fills in what is zero and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Protocol, backend.VLLM)
	setDefault(&c.MaxModelLen, 4096)
	setDefault(&c.MaxNumSeqs, 256)
	setDefault(&c.MaxBatchedTokens, 8192)
	setDefault(&c.KVCacheTokens, max(400_000, c.MaxModelLen))
	setDefault(&c.BlockSize, 16)
	setDefault(&c.Latency.Step, 15*time.Millisecond)
	setDefault(&c.Latency.PerSeq, 100*time.Microsecond)
	setDefault(&c.Latency.PerContextToken, 100*time.Nanosecond)
	setDefault(&c.Latency.PrefillRate, 20_000)
	setDefault(&c.Latency.Speed, 1)
	setDefault(&c.Lengths.Median, 200)
	setDefault(&c.Lengths.Sigma, 0.6)

	var errs []error
	if !slices.Contains(Protocols(), c.Protocol) {
		errs = append(errs, fmt.Errorf("protocol %q is not known: %s", c.Protocol, strings.Join(Protocols(), ", ")))
	}
	if c.Model == "" {
		errs = append(errs, errors.New("no model named"))
	}
	for _, v := range []struct {
		name  string
		value int
	}{
		{"max model length", c.MaxModelLen},
		{"max number of sequences", c.MaxNumSeqs},
		{"max batched tokens", c.MaxBatchedTokens},
		{"block size", c.BlockSize},
		{"median output length", c.Lengths.Median},
	} {
		if v.value < 1 {
			errs = append(errs, fmt.Errorf("%s is %d, at least 1 is needed", v.name, v.value))
		}
	}
	if c.MaxModelLen > c.KVCacheTokens {
		errs = append(errs, fmt.Errorf("the KV cache holds %d tokens, less than the max model length of %d", c.KVCacheTokens, c.MaxModelLen))
	}
	// Negated so that a NaN is refused too.
	if !(c.Latency.PrefillRate > 0) || !(c.Latency.Speed > 0) {
		errs = append(errs, fmt.Errorf("prefill rate %g and speed %g must be greater than 0", c.Latency.PrefillRate, c.Latency.Speed))
	}
	if c.Latency.Step < 0 || c.Latency.PerSeq < 0 || c.Latency.PerContextToken < 0 {
		errs = append(errs, errors.New("a latency is negative"))
	}
	if !(c.Lengths.Sigma < 10) {
		errs = append(errs, fmt.Errorf("sigma of the output lengths is %g, less than 10 is needed", c.Lengths.Sigma))
	}
	return c, errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
