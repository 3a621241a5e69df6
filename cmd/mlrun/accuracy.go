package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/accuracy"
	"mlcfg/internal/accuracy/punkt"
	"mlcfg/internal/dataset"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/run"
	"mlcfg/internal/tokenizer"
)

const accuracyHelp = `Scores the answers of an accuracy run as MLPerf's public scripts do, and compares
them with what a submission must reach. DIR is a run directory; or name the
mlperf_log_accuracy.json of any run together with its benchmark and data set.

  mlrun accuracy runs/first --tokenizer /models/llama2-70b
  mlrun accuracy mlperf_log_accuracy.json --benchmark llama2-70b-99.9 \
      --dataset open_orca.pkl --tokenizer /models/llama2-70b/tokenizer.json
  mlrun accuracy runs/first --format mlperf >> accuracy.txt

Benchmarks: %s.
Answers that are programs (mbxp, LiveCodeBench) are not executed, those of
math500 not graded; they are counted and named. rougeLsum and gen_len need the
sentence model of NLTK (nltk.download("punkt_tab")); without it they are said to
be approximate.

Exit status: 0 every figure is within bounds, 1 one is not or is missing, 2 the
log could not be scored.`

// accuracyFlags are what the command line of accuracy says.
type accuracyFlags struct {
	benchmark, dataset, tokenizer, sentences, rules, kind, format string
	columns                                                       cli.StringSlice
}

func (a *app) accuracyCommand() *cli.Command {
	var f accuracyFlags
	return &cli.Command{
		Name: "accuracy", Usage: "score the answers of an accuracy run", ArgsUsage: "DIR|LOG",
		Description: fmt.Sprintf(accuracyHelp, strings.Join(accuracy.Names(), ", ")),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "benchmark", Usage: "`NAME` of the benchmark (default: the run's)", Destination: &f.benchmark},
			&cli.StringFlag{Name: "dataset", Usage: "`FILE` with the reference outputs (default: the run's)", Destination: &f.dataset},
			&cli.StringSliceFlag{Name: "column", Usage: "assign a role to a column of the data set (`ROLE=NAME`)", Destination: &f.columns},
			&cli.StringFlag{Name: "tokenizer", Usage: "tokenizer.json or the model's `FOLDER` (default: the run's model)", Destination: &f.tokenizer},
			&cli.StringFlag{Name: "sentences", Usage: "`FOLDER` of NLTK's punkt_tab/english (default: NLTK's usual places)", Destination: &f.sentences},
			&cli.StringFlag{Name: "sentence-rules", Usage: "whose `RULES` split sentences: nltk-3.8 (MLPerf pins it; up to 3.9 alike) or nltk-3.10", Value: string(punkt.NLTK38), Destination: &f.rules},
			&cli.StringFlag{Name: "dtype", Usage: "how answers are written: int32, int64, text or auto", Value: "auto", Destination: &f.kind},
			&cli.StringFlag{Name: "format", Usage: "text, json or mlperf (as the public scripts print)", Value: "text", Destination: &f.format},
		},
		Action: func(c *cli.Context) error {
			if err := errors.Join(oneOf("format", f.format, "text", "json", "mlperf"), oneOf("sentence-rules", f.rules, string(punkt.NLTK38), string(punkt.NLTK310)), oneOf("dtype", f.kind, "auto", "int32", "int64", "text")); err != nil {
				return err
			}
			if c.NArg() != 1 {
				return withHint("mlrun accuracy DIR", "accuracy takes one run directory or accuracy log")
			}
			result, err := accuracyResult(c.Context, c.Args().First(), &f)
			if err != nil {
				return err
			}
			return a.printAccuracy(result, f.format)
		},
	}
}

// accuracyResult scores an accuracy log, or that of a run directory.
func accuracyResult(ctx context.Context, path string, f *accuracyFlags) (*accuracy.Result, error) {
	var kind accuracy.Kind
	if f.kind != "auto" {
		kind = accuracy.Kind(f.kind)
	}
	simulated := false
	if st, err := os.Stat(path); err != nil {
		return nil, err
	} else if st.IsDir() {
		if simulated, err = f.fromRun(path); err != nil {
			return nil, err
		}
		path = filepath.Join(path, loadgen.AccuracyName)
	}
	switch {
	case f.benchmark == "":
		return nil, withHint("legal are "+strings.Join(accuracy.Names(), ", "), "--benchmark is not given")
	case f.dataset == "":
		return nil, errors.New("--dataset is not given: there is nothing to compare the answers with")
	}
	opt := accuracy.Options{}
	var err error
	if opt.Benchmark, err = accuracy.Find(f.benchmark); err != nil {
		return nil, err
	}
	if opt.Sentences, err = openSentences(f.sentences); err != nil {
		return nil, err
	}
	if opt.Sentences != nil {
		opt.Sentences = opt.Sentences.With(punkt.Rules(f.rules))
	}
	log, err := accuracy.ReadLog(ctx, path, kind)
	if err != nil {
		return nil, err
	}
	if log.Kind != accuracy.Text {
		if f.tokenizer == "" {
			return nil, withHint("--tokenizer FOLDER, where tokenizer.json lies", "the log holds %s token ids, and --tokenizer is not given", log.Kind)
		}
		if opt.Tokenizer, err = tokenizer.Open(f.tokenizer); err != nil {
			return nil, err
		}
	}
	columns, err := dataset.ParseColumns(f.columns.Value())
	if err != nil {
		return nil, err
	}
	// The prompts too: rows without one are left out here as in the run, or the numbers of
	// the samples would not be the same.
	set, err := dataset.Read(ctx, f.dataset, dataset.Options{
		Only: append(dataset.RequestRoles(), dataset.RoleReference, dataset.RoleSource, dataset.RoleMetric), Columns: columns, AllowEmpty: true,
	})
	if err != nil {
		return nil, err
	}
	result, err := accuracy.Evaluate(ctx, log, set, opt)
	if err != nil {
		return nil, err
	}
	if simulated {
		result.Notes = append(result.Notes, "the engine was simulated: its answers are made up, and so are these figures")
	}
	return result, nil
}

// fromRun takes what the flags leave open from a run's manifest.
func (f *accuracyFlags) fromRun(dir string) (simulated bool, err error) {
	m, err := manifest.ReadFile(filepath.Join(dir, record.ManifestFile), nil)
	if err != nil {
		return false, err
	}
	if f.benchmark == "" {
		f.benchmark = m.BenchmarkName
	}
	if f.dataset == "" {
		f.dataset, _ = manifest.Text(m.HarnessConfig, "dataset_path")
	}
	if f.tokenizer == "" {
		f.tokenizer = run.TokenizerOf(m, nil)
	}
	state, err := record.ReadState(dir)
	return state.Simulated, err
}

// openSentences opens the sentence model at dir or where it is found; nil if it
// is nowhere.
func openSentences(dir string) (*punkt.Splitter, error) {
	if dir == "" {
		if dir = punkt.Find(); dir == "" {
			return nil, nil
		}
	}
	return punkt.Open(dir)
}

func (a *app) printAccuracy(r *accuracy.Result, format string) error {
	switch format {
	case "json":
		if err := a.printJSON(r); err != nil {
			return err
		}
	case "mlperf":
		if _, err := fmt.Fprint(a.stdout, r.Python()); err != nil {
			return err
		}
		for _, n := range r.Notes {
			fmt.Fprintf(a.stderr, "note: %s\n", n)
		}
	default:
		if err := a.printAccuracyText(r); err != nil {
			return err
		}
	}
	if !r.Passed {
		return errFindings
	}
	return nil
}

func (a *app) printAccuracyText(r *accuracy.Result) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "benchmark\t%s\nanswers\t%d of %d samples\n", r.Benchmark, r.Samples, r.SetSamples)
	for _, s := range r.Scores {
		fmt.Fprintf(w, "%s\t%s", s.Name, figure(s.Value))
		switch {
		case s.Max > 0:
			fmt.Fprintf(w, "\t%s (%s to %s)", verdict(s.Met()), figure(s.Min), figure(s.Max))
		case s.Min > 0:
			fmt.Fprintf(w, "\t%s (at least %s)", verdict(s.Met()), figure(s.Min))
		}
		if s.Approximate {
			fmt.Fprint(w, "\tapproximate")
		}
		fmt.Fprintln(w)
	}
	result := "PASSED"
	switch {
	case !r.Complete:
		result = "INCOMPLETE"
	case !r.Passed:
		result = "FAILED"
	}
	fmt.Fprintf(w, "result\t%s\n", result)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintf(a.stdout, "note: %s\n", n)
	}
	return nil
}

func verdict(met bool) string {
	if met {
		return "ok"
	}
	return "not met"
}

// figure prints a number with at most four decimals.
func figure(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.4f", x), "0"), ".")
}
