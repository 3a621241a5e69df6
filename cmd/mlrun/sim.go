package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine/sim"
	"mlcfg/internal/release"
)

const simHelp = `Runs a simulated engine until it is interrupted. It speaks the HTTP protocol of
vLLM, SGLang or TensorRT-LLM and answers with made-up tokens, paced by a model of
continuous batching. Nothing it reports is a measurement, and its model name, headers and
metrics say so. It prints its URL once it is serving.

  mlrun sim --model llama2-70b                        a free port, vLLM's protocol
  mlrun sim --model m --backend sglang --port 30000
  mlrun sim --model /models/llama3                    texts and counts by its tokenizer
  mlrun sim --model m --speed 10                      ten times as fast
  mlrun sim --model m --fault die-after=100           to test how a run handles it

Faults: load=30s, die-loading, die-after=N, hang-after=N, malformed-every=N,
break-every=N, miscount-every=N, late-every=N (N counts requests).`

func (a *app) simCommand() *cli.Command {
	var cfg sim.Config
	d := sim.Default()
	var host string
	var port int
	var finished string
	var tokens string
	var faults cli.StringSlice
	return &cli.Command{
		Name:        "sim",
		Usage:       "run a simulated engine",
		Description: simHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Required: true, Usage: "`NAME` or path of the model to simulate", Destination: &cfg.Model},
			&cli.StringFlag{Name: "tokenizer", Usage: "count prompts and make texts by the tokenizer in `PATH`, a model's folder or a tokenizer.json (default: that of --model, where it is such a folder)", Destination: &tokens},
			&cli.StringFlag{Name: "backend", Value: backend.VLLM, Usage: "protocol to speak: " + strings.Join(sim.Protocols(), ", "), Destination: &cfg.Protocol},
			&cli.StringFlag{Name: "release", Usage: "give the metrics that `RELEASE` of the engine has (default: those of the newest)", Destination: &cfg.Release},
			&cli.StringFlag{Name: "host", Value: "127.0.0.1", Usage: "address to listen on", Destination: &host},
			&cli.IntFlag{Name: "port", Usage: "port to listen on; 0 picks a free one", Destination: &port},
			&cli.Uint64Flag{Name: "seed", Usage: "seed of tokens and output lengths", Destination: &cfg.Seed},
			&cli.IntFlag{Name: "max-model-len", Value: d.MaxModelLen, Usage: "maximum length of prompt plus output in `TOKENS`", Destination: &cfg.MaxModelLen},
			&cli.IntFlag{Name: "max-num-seqs", Value: d.MaxNumSeqs, Usage: "maximum number of requests in a batch", Destination: &cfg.MaxNumSeqs},
			&cli.IntFlag{Name: "max-num-batched-tokens", Value: d.MaxBatchedTokens, Usage: "maximum number of `TOKENS` computed in one step", Destination: &cfg.MaxBatchedTokens},
			&cli.IntFlag{Name: "kv-cache-tokens", Value: d.KVCacheTokens, Usage: "size of the KV cache in `TOKENS`", Destination: &cfg.KVCacheTokens},
			&cli.IntFlag{Name: "block-size", Value: d.BlockSize, Usage: "`TOKENS` in a block of the KV cache", Destination: &cfg.BlockSize},
			&cli.DurationFlag{Name: "step", Value: d.Latency.Step, Usage: "time of one step", Destination: &cfg.Latency.Step},
			&cli.DurationFlag{Name: "step-per-seq", Value: d.Latency.PerSeq, Usage: "added time per request in a step", Destination: &cfg.Latency.PerSeq},
			&cli.DurationFlag{Name: "step-per-context-token", Value: d.Latency.PerContextToken, Usage: "added time per token of context in a step", Destination: &cfg.Latency.PerContextToken},
			&cli.Float64Flag{Name: "prefill-rate", Value: d.Latency.PrefillRate, Usage: "prompt tokens computed per second", Destination: &cfg.Latency.PrefillRate},
			&cli.Float64Flag{Name: "speed", Value: d.Latency.Speed, Usage: "divide all times by this factor", Destination: &cfg.Latency.Speed},
			&cli.IntFlag{Name: "output-median", Value: d.Lengths.Median, Usage: "median output length in `TOKENS`", Destination: &cfg.Lengths.Median},
			&cli.Float64Flag{Name: "output-sigma", Value: d.Lengths.Sigma, Usage: "standard deviation of the logarithm of output lengths; -1 for a fixed length", Destination: &cfg.Lengths.Sigma},
			&cli.BoolFlag{Name: "incremental-stream", Usage: "sglang: /generate streams only new text instead of everything so far", Destination: &cfg.IncrementalStream},
			&cli.StringFlag{Name: "finished", Usage: "append a line to `FILE` for each complete answer: the prompt's token ids and the number of output tokens", Destination: &finished},
			&cli.StringSliceFlag{Name: "fault", Usage: "inject a fault (see above)", EnvVars: []string{"MLRUN_SIM_FAULT"}, Destination: &faults},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return fmt.Errorf("sim: unexpected argument %q", c.Args().First())
			}
			if port < 0 || port > 65535 {
				return fmt.Errorf("sim: --port %d is no port", port)
			}
			if !slices.Contains(sim.Protocols(), cfg.Protocol) {
				return fmt.Errorf("sim: --backend %q is not known: %s", cfg.Protocol, strings.Join(sim.Protocols(), ", "))
			}
			var err error
			if cfg.Faults, err = sim.ParseFaults(faults.Value()); err != nil {
				return fmt.Errorf("sim: %w", err)
			}
			if cfg.Release != "" && !release.Is(cfg.Release) {
				return fmt.Errorf("sim: --release %q is not a release, such as 0.33.0", cfg.Release)
			}
			if cfg.Model == "" {
				return errors.New("sim: --model is empty")
			}
			if cfg.Vocabulary, err = a.simVocabulary(cfg.Model, tokens); err != nil {
				return fmt.Errorf("sim: --tokenizer: %w", err)
			}
			if finished != "" {
				log, err := os.OpenFile(finished, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
				if err != nil {
					return fmt.Errorf("sim: %w", err)
				}
				defer log.Close()
				cfg.Finished = log
			}
			return sim.ListenAndServe(c.Context, net.JoinHostPort(host, strconv.Itoa(port)), cfg, a.stdout, a.stderr)
		},
	}
}

// simVocabulary reads the tokenizer that is asked for, or the one in a model's folder. One
// that nobody asked for and that cannot be used is said, and done without.
func (a *app) simVocabulary(model, path string) (*sim.Vocabulary, error) {
	if path != "" {
		return sim.LoadVocabulary(path)
	}
	if _, err := os.Stat(filepath.Join(model, "tokenizer.json")); err != nil {
		return nil, nil //nolint:nilerr,nilnil // a name, or a folder without one
	}
	v, err := sim.LoadVocabulary(model)
	if err != nil {
		fmt.Fprintf(a.stderr, "mlrun: sim: %v: texts are counted as four bytes a token\n", err)
		return nil, nil //nolint:nilerr,nilnil // nobody asked for it
	}
	return v, nil
}
