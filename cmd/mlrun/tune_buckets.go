package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/client/balance"
	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run"
	"mlcfg/internal/run/tune"
)

const tuneBucketsHelp = `Measures each replica of an offline manifest by itself, all at the same time, each on its
own devices and with the same samples, and prints what makes them end together: the shares
of sorting strategy buckets, or the capacities of greedy_pack, as YAML to be put into the
overlay. Each measurement is a whole run with its own directory and sealed manifest.

  mlrun tune buckets offline.yaml
  mlrun tune buckets offline.yaml --runs 3 --samples 6000
  mlrun tune buckets offline.yaml --strategy greedy_pack > sorting.yaml
  mlrun tune buckets offline.yaml --simulate --format json

A share is the replica's mean tokens per second over all measurements in proportion to the sum
of the means, in percent; a capacity is its mean samples per second.

Exit status: 0 if every measurement is VALID, 1 if one is not, and its figures are in
doubt, 2 if one could not be executed or lost samples.`

// bucketed is the result of tune buckets.
type bucketed struct {
	Benchmark string            `json:"benchmark_name"`
	Simulated bool              `json:"simulated"`
	Synthetic bool              `json:"synthetic_data"`
	Samples   uint64            `json:"samples"`
	Replicas  []measuredReplica `json:"replicas"`
	Strategy  balance.Strategy  `json:"strategy"`
	Buckets   []float64         `json:"buckets,omitempty"`
	// Capacities are in samples per second.
	Capacities []float64 `json:"capacities,omitempty"`
}

// measuredReplica is a replica with its measurements.
type measuredReplica struct {
	Index            int       `json:"index"`
	Devices          []string  `json:"devices,omitempty"`
	TokensPerSecond  []float64 `json:"tokens_per_second"`
	SamplesPerSecond []float64 `json:"samples_per_second"`
	Dirs             []string  `json:"dirs"`
	// Reasons are why a measurement is INVALID.
	Reasons []string `json:"reasons"`
}

func (a *app) tuneBucketsCommand() *cli.Command {
	var f runFlags
	var results, format, strategy string
	var samples uint64
	var runs int
	var quiet bool
	return &cli.Command{
		Name: "buckets", Usage: "measure each replica and print its share of the samples", ArgsUsage: "MANIFEST", Description: tuneBucketsHelp,
		Flags: append(f.list(),
			&cli.StringFlag{Name: "strategy", Usage: "sorting `STRATEGY` to print for: buckets or greedy_pack", Value: string(balance.Buckets), Destination: &strategy},
			&cli.Uint64Flag{Name: "samples", Usage: "give each replica `N` samples", Value: tune.MeasuredSamples, Destination: &samples},
			&cli.IntFlag{Name: "runs", Usage: "measure `N` times and take the mean", Value: 1, Destination: &runs},
			&cli.StringFlag{Name: "results", Usage: "create the measurements' folders in `DIR`", Value: "runs", Destination: &results},
			&cli.StringFlag{Name: "format", Usage: "yaml or json", Value: "yaml", Destination: &format},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only notes", Destination: &quiet},
		),
		Action: func(c *cli.Context) error {
			if err := errors.Join(oneOf("format", format, "yaml", "json"), oneOf("strategy", strategy, string(balance.Buckets), string(balance.GreedyPack))); err != nil {
				return err
			}
			if runs < 1 {
				return fmt.Errorf("--runs is %d: it must be 1 or more", runs)
			}
			if f.loadgen == "official" || f.node != "" {
				return errors.New("tune buckets measures the replicas of one machine at the same time, with the built-in LoadGen: --node and --loadgen official are for mlrun run")
			}
			m, err := a.readManifest(c)
			if err != nil {
				return err
			}
			if m, err = tune.Measurement(m, samples); err != nil {
				return err
			}
			log := a.runLog(quiet)
			log.Screen = nil // for one run at a time
			ctx, abort, stop := interrupts(c.Context, log)
			defer stop()
			b := &bucketMeter{app: a, flags: &f, manifest: m, results: results, log: log, abort: abort}
			out, err := b.measure(ctx, runs)
			if err != nil {
				return err
			}
			out.Samples, out.Strategy = samples, balance.Strategy(strategy)
			if err := out.weigh(); err != nil {
				return err
			}
			if err := out.print(a, format); err != nil {
				return err
			}
			for _, r := range out.Replicas {
				if len(r.Reasons) > 0 {
					return errFindings
				}
			}
			return nil
		},
	}
}

// bucketMeter measures the replicas of a manifest.
type bucketMeter struct {
	app      *app
	flags    *runFlags
	manifest *manifest.Manifest
	results  string
	log      *run.Log
	abort    <-chan struct{}
}

// measure runs all replicas side by side, as often as asked for.
func (b *bucketMeter) measure(ctx context.Context, runs int) (*bucketed, error) {
	whole, err := b.flags.plan(ctx, b.manifest, b.results)
	if err != nil {
		return nil, err
	}
	out := &bucketed{Benchmark: whole.Benchmark, Simulated: b.flags.simulate, Replicas: make([]measuredReplica, len(whole.Engine.Replicas))}
	for i, r := range whole.Engine.Replicas {
		out.Replicas[i] = measuredReplica{Index: i, Devices: r.Devices, Reasons: []string{}}
	}
	if len(out.Replicas) < 2 {
		return nil, errors.New("the manifest has one replica, which gets all samples: there is nothing to be measured")
	}
	for n := range runs {
		b.log.Step("measurement %d of %d: %d replicas side by side", n+1, runs, len(out.Replicas))
		sums, err := b.sideBySide(ctx, n, out)
		if err != nil {
			return nil, err
		}
		for i, sum := range sums {
			r := &out.Replicas[i]
			out.Simulated, out.Synthetic = out.Simulated || sum.Simulated, out.Synthetic || sum.SyntheticData
			r.TokensPerSecond = append(r.TokensPerSecond, sum.TokensPerSecond)
			r.SamplesPerSecond = append(r.SamplesPerSecond, sum.SamplesPerSecond)
			r.Reasons = append(r.Reasons, sum.Reasons...)
		}
	}
	return out, nil
}

// sideBySide runs each replica once, all at the same time. One that fails ends the others: a
// machine with an idle device is not the one to be measured.
func (b *bucketMeter) sideBySide(parent context.Context, n int, out *bucketed) ([]*report.Summary, error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	sums, errs := make([]*report.Summary, len(out.Replicas)), make([]error, len(out.Replicas))
	now := time.Now()
	plans := make([]*run.Plan, len(out.Replicas))
	for i := range out.Replicas {
		var err error
		if plans[i], err = b.one(ctx, i+1); err != nil {
			return nil, err
		}
		dir := record.Name(b.results, []string{"buckets", b.manifest.BenchmarkName, fmt.Sprintf("run-%d-replica-%d", n+1, i)}, now)
		out.Replicas[i].Dirs = append(out.Replicas[i].Dirs, dir)
	}
	var wg sync.WaitGroup
	for i, p := range plans {
		wg.Go(func() {
			log := b.log
			if i > 0 {
				log = nil // they say the same
			}
			sums[i], errs[i] = run.Run(ctx, p, run.Output{Dir: out.Replicas[i].Dirs[n], Log: log, Program: program(), Abort: b.abort})
			at := fmt.Sprintf("replica %d (%s)", i, filepath.Clean(out.Replicas[i].Dirs[n]))
			switch s := sums[i]; {
			case errs[i] != nil:
				errs[i] = engineHint(fmt.Errorf("%s: %w", at, errs[i]))
			case s.Failed > 0 || !s.Complete:
				errs[i] = fmt.Errorf("%s lost samples: %s", at, strings.Join(s.Reasons, "; "))
			}
			if errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	// The first that failed is the cause; the others were ended for it.
	if parent.Err() == nil && context.Cause(ctx) != nil {
		return nil, context.Cause(ctx)
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// one plans a replica by itself, with the devices that it has among all of them.
func (b *bucketMeter) one(ctx context.Context, replica int) (*run.Plan, error) {
	o, err := b.flags.options(engine.LocalHost(), b.results)
	if err != nil {
		return nil, err
	}
	o.Engine.Only = replica
	m := *b.manifest // each run seals its own
	p, err := run.NewPlan(ctx, &m, o)
	if errors.Is(err, loadgen.ErrNoDataSize) {
		return nil, withHint(hintDataSize, "%w", err)
	}
	return p, err
}

// weigh works out what the overlay is to say.
func (b *bucketed) weigh() (err error) {
	tokens, samples := make([][]float64, len(b.Replicas)), make([][]float64, len(b.Replicas))
	for i, r := range b.Replicas {
		tokens[i], samples[i] = r.TokensPerSecond, r.SamplesPerSecond
	}
	if b.Strategy == balance.GreedyPack {
		b.Capacities, err = tune.Means(samples)
		return err
	}
	b.Buckets, err = tune.Buckets(tokens)
	return err
}

func (b *bucketed) print(a *app, format string) error {
	if format == "json" {
		return a.printJSON(b)
	}
	var t strings.Builder
	if b.Simulated {
		t.WriteString("# " + record.SimulatedMark + "\n")
	}
	if b.Synthetic {
		t.WriteString("# SYNTHETIC DATA: the data set was not there, prompts were made up\n")
	}
	fmt.Fprintf(&t, "# %s, measured with %d samples a replica\n", diag.Escape(b.Benchmark), b.Samples)
	for _, r := range b.Replicas {
		devices := ""
		if len(r.Devices) > 0 {
			devices = " on " + diag.Escape(strings.Join(r.Devices, ","))
		}
		fmt.Fprintf(&t, "# replica %d%s: %s tokens/s, %s samples/s\n", r.Index, devices, rates(r.TokensPerSecond), rates(r.SamplesPerSecond))
		for _, why := range r.Reasons {
			fmt.Fprintf(&t, "# replica %d: INVALID: %s\n", r.Index, diag.Escape(why))
		}
	}
	fmt.Fprintf(&t, "harness_config:\n  sorting:\n    strategy: %s\n", b.Strategy)
	name, list := "buckets", b.Buckets
	if b.Strategy == balance.GreedyPack {
		name, list = "capacities", b.Capacities
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(words[i], ".") {
			words[i] += ".0"
		}
	}
	fmt.Fprintf(&t, "    %s: [%s]\n", name, strings.Join(words, ", "))
	_, err := io.WriteString(a.stdout, t.String())
	return err
}

func rates(list []float64) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprintf("%.2f", v)
	}
	return strings.Join(words, ", ")
}
