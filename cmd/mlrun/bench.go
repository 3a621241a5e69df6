package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run"
	"mlcfg/internal/run/bench"
)

const benchHelp = `Measures an endpoint that is already running, without any configuration. It asks the
endpoint for its model, makes a data set, writes a manifest for each load and runs it.
A new folder keeps all of it: data.jsonl, a manifest and a run directory for each load,
bench.json and charts.

  mlrun bench http://127.0.0.1:8000
  mlrun bench http://host:8000/v1 --rate 4 --requests 500
  mlrun bench http://host:8000 --concurrency 1,4,16,64       a sweep
  mlrun bench http://host:8000 --input uniform:100,2000 --output 256
  mlrun bench http://host:8000 --data sharegpt.json --chat
  mlrun bench https://host/llm --api-key-env KEY --ttft-limit 2s --tpot-limit 50ms

A run can be repeated: mlrun run FOLDER/rate-4.yaml --external URL. Times count from
when a request was due (--rate) or left (--concurrency). Goodput is the rate of answers
that kept every limit.

Exit status: 0 if every run was carried out, 1 if one is INVALID (requests failed, the
client did not keep up), 2 if the endpoint could not be measured.`

// benchFlags are what bench is asked for.
type benchFlags struct {
	rates, concurrencies, model, data, input, output string
	requests                                         int
	chat, text, noWarmUp                             bool
	seed                                             uint64
	limits                                           bench.Limits
	out, results, format                             string
	quiet                                            bool
	run                                              runFlags
}

func (a *app) benchCommand() *cli.Command {
	f := benchFlags{run: runFlags{limits: run.DefaultLimits()}}
	return &cli.Command{
		Name: "bench", Usage: "measure an endpoint that is already running", ArgsUsage: "URL", Description: benchHelp,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "rate", Usage: "send `N` requests a second with Poisson arrivals; a comma-separated list is a sweep", Destination: &f.rates},
			&cli.StringFlag{Name: "concurrency", Usage: "keep `N` requests in flight; a comma-separated list is a sweep (default: 8 without --rate)", Destination: &f.concurrencies},
			&cli.IntFlag{Name: "requests", Usage: "send `N` requests for each load", Value: 200, Destination: &f.requests},
			&cli.StringFlag{Name: "model", Usage: "`NAME` of the model (default: the first that the endpoint lists)", Destination: &f.model},
			&cli.StringFlag{Name: "data", Usage: "prompts from `FILE` (JSON lines, JSON, CSV, Parquet, ShareGPT) instead of random ones", Destination: &f.data},
			&cli.StringFlag{Name: "input", Usage: "`LENGTHS` of random prompts in tokens", Value: "512", Destination: &f.input},
			&cli.StringFlag{Name: "output", Usage: "`LENGTHS` of the answers in tokens (default: 128 for random prompts)", Destination: &f.output},
			&cli.BoolFlag{Name: "chat", Usage: "send prompts as chats", Destination: &f.chat},
			&cli.BoolFlag{Name: "text", Usage: "send random prompts as words, not token ids (default for engines that are not known)", Destination: &f.text},
			&cli.Uint64Flag{Name: "seed", Usage: "seed of lengths, tokens, order and arrival times", Value: 1, Destination: &f.seed},
			limit(&cli.DurationFlag{Name: "ttft-limit", Usage: "an answer counts for goodput if its first token comes within `DURATION` (default: no limit)", Destination: &f.limits.TTFT}),
			limit(&cli.DurationFlag{Name: "tpot-limit", Usage: "an answer counts for goodput if its TPOT is at most `DURATION` (default: no limit)", Destination: &f.limits.TPOT}),
			limit(&cli.DurationFlag{Name: "latency-limit", Usage: "an answer counts for goodput if it is complete within `DURATION` (default: no limit)", Destination: &f.limits.Latency}),
			f.run.clientsFlag("with --rate: divide the requests over `N` client processes, for more than one can send"),
			limit(&cli.DurationFlag{Name: "request-timeout", Usage: "fail a request after this time", Value: f.run.limits.RequestTimeout, Destination: &f.run.limits.RequestTimeout}),
			&cli.BoolFlag{Name: "no-warmup", Usage: "skip the warm-up", Destination: &f.noWarmUp},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write to the new folder `DIR` (default: a new name under --results)", Destination: &f.out},
			&cli.StringFlag{Name: "results", Usage: "create the folder in `DIR`", Value: "runs", Destination: &f.results},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the figures: text or json", Value: "text", Destination: &f.format},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only notes while runs are in progress", Destination: &f.quiet},
		}, f.run.access.list("")...),
		Action: func(c *cli.Context) error { return a.bench(c, &f) },
	}
}

func (a *app) bench(c *cli.Context, f *benchFlags) error {
	if err := oneOf("format", f.format, "text", "json"); err != nil {
		return err
	}
	if c.NArg() != 1 {
		return withHint("mlrun bench http://127.0.0.1:8000", "bench takes one URL, not %d", c.NArg())
	}
	if f.requests < 1 || f.requests > 10_000_000 {
		return fmt.Errorf("--requests %d: from 1 to 10000000", f.requests)
	}
	if f.rates == "" && f.concurrencies == "" {
		f.concurrencies = "8"
	}
	loads, err := bench.ParseLoads(f.rates, f.concurrencies)
	if err != nil {
		return err
	}
	if f.run.clients > 1 && f.concurrencies != "" {
		return withHint("--rate N, or a single client", "--clients %d: with --concurrency each request leaves when an earlier one is answered, so there is no schedule to divide", f.run.clients)
	}
	access, err := f.run.access.read(engine.LocalHost())
	if err != nil {
		return err
	}
	log := a.runLog(f.quiet)
	ctx, abort, stop := interrupts(c.Context, log)
	defer stop()
	target, err := engine.Discover(ctx, c.Args().First(), access)
	if err != nil {
		return err
	}
	model := cmp.Or(f.model, target.Models[0])
	if !slices.Contains(target.Models, model) {
		return withHint("it serves "+strings.Join(target.Models, ", "), "--model: %s does not serve %q", target.URL, model)
	}
	dir := f.out
	if dir == "" {
		dir = record.Name(f.results, []string{"bench", filepath.Base(model)}, time.Now())
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making the folder above %s: %w", dir, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of the runs: %w", err)
	}
	o, err := f.prepare(ctx, dir, target)
	if err != nil {
		return err
	}
	o.Model = model
	if err := f.run.external.Set(target.URL); err != nil {
		return fmt.Errorf("taking the endpoint: %w", err)
	}
	b := benchmark{app: a, flags: f, dir: dir, target: target, options: o, log: log, abort: abort}
	return b.all(ctx, loads)
}

// prepare writes the data set, and says how it is to be sent.
func (f *benchFlags) prepare(ctx context.Context, dir string, target *engine.Found) (bench.Options, error) {
	known := target.Release != ""
	o := bench.Options{Requests: f.requests, WarmUp: !f.noWarmUp, Seed: f.seed, Limits: f.limits, Data: filepath.Join(dir, "data.jsonl")}
	set, err := f.prompts(ctx, !known || f.text || f.chat)
	if err != nil {
		return o, err
	}
	o.IgnoreEOS = known && f.data == ""
	if f.chat {
		for i := range set.Samples {
			s := &set.Samples[i]
			if len(s.Messages) == 0 && s.Prompt == "" {
				return o, withHint("leave out --chat", "sample %d of %s is token ids alone, which no chat carries", i, f.data)
			}
			if len(s.Messages) == 0 {
				s.Messages = []dataset.Message{{Role: "user", Content: s.Prompt}}
			}
			s.Prompt, s.Tokens = "", nil
		}
	}
	if err := set.WriteFile(o.Data); err != nil {
		return o, err
	}
	if o.Samples = set.Len(); f.data != "" {
		o.Tokens = 1024 // of samples that do not say
	}
	if o.Data, err = filepath.Abs(o.Data); err != nil {
		return o, fmt.Errorf("finding the data set: %w", err)
	}
	o.Digest, _, err = dataset.Digest(ctx, o.Data, "sha256")
	return o, err
}

// prompts reads the data set, or makes a random one.
func (f *benchFlags) prompts(ctx context.Context, text bool) (*dataset.Set, error) {
	if f.data != "" {
		set, err := dataset.Read(ctx, f.data, dataset.Options{Limit: f.requests})
		if err == nil && f.output != "" {
			n, lengthErr := dataset.ParseLengths(f.output)
			if lengthErr != nil {
				return nil, fmt.Errorf("--output: %w", lengthErr)
			}
			drawn, drawErr := dataset.Synthetic(set.Len(), dataset.Spec{Input: n, Output: n, Text: true}, f.seed)
			if drawErr != nil {
				return nil, drawErr
			}
			for i := range set.Samples {
				set.Samples[i].MaxTokens = drawn.Samples[i].MaxTokens
			}
		}
		return set, err
	}
	spec := dataset.Spec{Text: text}
	var err error
	if spec.Input, err = dataset.ParseLengths(f.input); err != nil {
		return nil, fmt.Errorf("--input: %w", err)
	}
	if spec.Output, err = dataset.ParseLengths(cmp.Or(f.output, "128")); err != nil {
		return nil, fmt.Errorf("--output: %w", err)
	}
	return dataset.Synthetic(f.requests, spec, f.seed)
}

// benchmark is one call of bench.
type benchmark struct {
	app     *app
	flags   *benchFlags
	dir     string
	target  *engine.Found
	options bench.Options
	log     *run.Log
	abort   <-chan struct{}

	notes []string
}

// all runs every load, and shows what came of those that were measured.
func (b *benchmark) all(ctx context.Context, loads []bench.Load) error {
	var figures []bench.Figures
	invalid := false
	var failed error
	for _, l := range loads {
		f, valid, err := b.one(ctx, l)
		if f != nil {
			figures, invalid = append(figures, *f), invalid || !valid
		}
		if failed = err; err != nil {
			break
		}
	}
	if len(figures) > 0 {
		failed = errors.Join(failed, b.show(figures))
		fmt.Fprintf(b.app.stderr, "results: %s\n", filepath.Clean(b.dir))
	}
	switch {
	case errors.Is(failed, run.ErrInterrupted) && len(figures) > 0:
		return errFindings
	case failed != nil:
		return failed
	case invalid:
		return errFindings
	}
	return nil
}

// one writes the manifest of a load and runs it.
func (b *benchmark) one(ctx context.Context, l bench.Load) (*bench.Figures, bool, error) {
	m, err := bench.Manifest(b.target, l, b.options)
	if err != nil {
		return nil, false, err
	}
	text, err := m.YAML()
	if err != nil {
		return nil, false, err
	}
	dir := filepath.Join(b.dir, l.Name())
	if err := atomicfile.Write(dir+".yaml", text, 0o644); err != nil {
		return nil, false, err
	}
	p, err := b.flags.run.plan(ctx, m, dir)
	if err != nil {
		return nil, false, err
	}
	b.log.Step("%s, %d requests", l, b.options.Requests)
	sum, err := run.Run(ctx, p, run.Output{Dir: dir, Log: b.log, Program: program(), Abort: b.abort})
	if sum == nil {
		return nil, false, engineHint(err)
	}
	for _, reason := range sum.Reasons {
		b.notes = append(b.notes, l.String()+" INVALID: "+reason)
	}
	b.target.Simulated = b.target.Simulated || sum.Simulated
	r, loadErr := report.Load(dir)
	if loadErr != nil {
		return nil, false, errors.Join(err, loadErr)
	}
	f := bench.FiguresOf(m, r.Records)
	f.Load, f.Run = l.String(), dir
	return &f, sum.Valid, err
}
