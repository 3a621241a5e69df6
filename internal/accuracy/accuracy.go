// Package accuracy scores the answers of an MLPerf accuracy run as the public
// scripts of mlcommons/inference (language/*/evaluate-accuracy.py) do.
//
//	log, err := accuracy.ReadLog(ctx, "mlperf_log_accuracy.json", "")
//	result, err := accuracy.Evaluate(ctx, log, set, accuracy.Options{Benchmark: b, Tokenizer: tok})
//
// ROUGE (llama2-70b, llama3.1-8b, mixtral-8x7b), exact match (llama3.1-405b,
// gsm8k, multiple choice and AIME of deepseek-r1 and gpt-oss-120b) and token
// counts are computed. Not scored are answers that must be executed (mbxp,
// LiveCodeBench) or judged by a symbolic grader (math500): they are counted and
// named.
package accuracy

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"mlcfg/internal/accuracy/punkt"
	"mlcfg/internal/accuracy/rouge"
	"mlcfg/internal/dataset"
)

// Decoder turns token ids into text.
type Decoder interface {
	Decode(ids []int32, skipSpecial bool) string
}

// Options say how answers are scored.
type Options struct {
	Benchmark Benchmark
	// Tokenizer turns token ids into texts; a log of texts needs none.
	Tokenizer Decoder
	// Sentences splits texts; nil splits by rules alone, which makes rougeLsum
	// and gen_len approximate.
	Sentences *punkt.Splitter
}

// Score is one figure. Min and Max are what a submission must reach and not
// exceed; both are 0 where nothing is asked.
type Score struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Min   float64 `json:"min,omitempty"`
	Max   float64 `json:"max,omitempty"`
	// Approximate reports whether the figure is not the scripts' own, because the
	// sentence model is not there.
	Approximate bool `json:"approximate,omitempty"`
}

// Met reports whether the score is within its bounds.
func (s Score) Met() bool { return s.Value >= s.Min && (s.Max == 0 || s.Value <= s.Max) }

// Result is what became of a log.
type Result struct {
	Benchmark string `json:"benchmark"`
	// Entries are the answers in the log, Samples the different samples among
	// them, SetSamples those of the data set.
	Entries    int     `json:"entries"`
	Samples    int     `json:"samples"`
	SetSamples int     `json:"data_set_samples"`
	Scores     []Score `json:"scores"`
	// Unscored counts samples that are not scored here, by source.
	Unscored map[string]int `json:"unscored,omitempty"`
	// Complete reports whether every sample of the data set has an answer and every
	// figure that the benchmark asks for is there.
	Complete bool `json:"complete"`
	// Passed reports whether the result is complete and every figure within bounds.
	Passed bool     `json:"passed"`
	Notes  []string `json:"notes,omitempty"`
}

// answer is one sample's answer on its way through.
type answer struct {
	text   string // of the answer
	sample *dataset.Sample
	tokens int

	rouge   rouge.Scores
	length  int     // characters of the answer after splitting into sentences
	value   float64 // of an exact match: 0 to 100
	metric  string  // rouge, exact or "" for an answer that is not scored
	outcome error
}

// Evaluate scores a log against the data set that was run.
func Evaluate(ctx context.Context, log *Log, set *dataset.Set, opt Options) (*Result, error) {
	if opt.Benchmark.Name == "" {
		return nil, errors.New("accuracy: no benchmark is given")
	}
	if log.Kind != Text && opt.Tokenizer == nil {
		return nil, errors.New("the log holds token ids: a tokenizer is needed to make text of them")
	}
	answers, err := collect(log, set, opt)
	if err != nil {
		return nil, err
	}
	if err := score(ctx, answers, opt); err != nil {
		return nil, err
	}
	r := &Result{Benchmark: opt.Benchmark.Name, Entries: len(log.Entries), SetSamples: set.Len()}
	seen := map[*dataset.Sample]bool{}
	for i := range answers {
		seen[answers[i].sample] = true
	}
	r.Samples = len(seen)
	r.add(answers, opt)
	r.judge(opt.Benchmark)
	return r, nil
}

// collect takes the first answer to each sample; gpt-oss-120b takes all, since it
// asks some samples several times.
func collect(log *Log, set *dataset.Set, opt Options) ([]answer, error) {
	var out []answer
	seen := map[int]bool{}
	for i, e := range log.Entries {
		if e.Index >= set.Len() {
			return nil, fmt.Errorf("entry %d of the log answers sample %d, the data set has %d: is it the data set that was run?", i, e.Index, set.Len())
		}
		if seen[e.Index] && opt.Benchmark.judge != judgeHarmony {
			continue
		}
		seen[e.Index] = true
		a := answer{sample: &set.Samples[e.Index], tokens: log.tokens(e)}
		if log.Kind == Text {
			a.text = strings.ToValidUTF8(string(e.Data), "\uFFFD")
		} else {
			a.text = opt.Tokenizer.Decode(log.ids(e), !opt.Benchmark.special)
		}
		out = append(out, a)
	}
	return out, nil
}

// score scores every answer, on all processors.
func score(ctx context.Context, answers []answer, opt Options) error {
	workers := min(runtime.GOMAXPROCS(0), len(answers))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var scorer rouge.Scorer
			for i := w; i < len(answers) && ctx.Err() == nil; i += workers {
				answers[i].outcome = answers[i].score(&scorer, opt)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range answers {
		if answers[i].outcome != nil {
			return fmt.Errorf("answer %d: %w", i, answers[i].outcome)
		}
	}
	return nil
}

// score scores one answer.
func (a *answer) score(r *rouge.Scorer, opt Options) error {
	switch opt.Benchmark.judge {
	case judgeMixtral:
		switch a.sample.Source {
		case "GSM8K":
			a.exact(gsm8k(a.sample.Reference, a.text))
			return nil
		case "OpenOrca":
		default: // the script executes these as code
			return nil
		}
	case judgeMetric:
		return a.byMetric(r, opt)
	case judgeAnswers, judgeHarmony:
		a.bySource(opt.Benchmark.judge)
		return nil
	}
	reference, prediction := sentences(a.sample.Reference, opt), sentences(a.text, opt)
	a.metric, a.length = "rouge", utf8.RuneCountInString(prediction)
	var err error
	a.rouge, err = r.Score(reference, prediction)
	return err
}

func (a *answer) exact(right bool) {
	a.metric = "exact"
	if right {
		a.value = 100
	}
}

// byMetric scores by the data set's metric column (llama3.1-405b).
func (a *answer) byMetric(r *rouge.Scorer, opt Options) error {
	reference, prediction := sentences(a.sample.Reference, opt), sentences(a.text, opt)
	a.length = utf8.RuneCountInString(prediction)
	switch a.sample.Metric {
	case "rouge":
		a.metric, a.rouge.L = "rouge", r.L(reference, prediction)
	case "niah_em":
		a.metric, a.value = "exact", niah(reference, prediction)
	case "qa_em":
		a.metric, a.value = "exact", qa(reference, prediction)
	default:
		return fmt.Errorf("the metric %q is not known: want rouge, niah_em or qa_em", a.sample.Metric)
	}
	return nil
}

// bySource scores by the collection a sample is from (deepseek-r1, gpt-oss-120b).
func (a *answer) bySource(j judge) {
	pick := letter
	if j == judgeHarmony {
		pick = harmonyLetter
	}
	source := strings.ToLower(a.sample.Source)
	right := func(found string) bool {
		return found != "" && found == strings.ToUpper(a.sample.Reference)
	}
	switch {
	case strings.Contains(source, "gpqa"):
		a.exact(right(pick(toD, a.text, false)))
	case strings.Contains(source, "mmlu_pro"), j == judgeHarmony && strings.Contains(source, "mmlu"):
		a.exact(right(pick(toJ, a.text, true)))
	case strings.Contains(source, "aime"):
		a.exact(aime(a.sample.Reference, a.text))
	}
}

// sentences strips a text and puts each sentence on a line of its own.
func sentences(text string, opt Options) string {
	s := opt.Sentences
	if s == nil {
		s = &punkt.Splitter{}
	}
	return strings.Join(s.Split(strip(text)), "\n")
}

// round rounds to some decimals as Python does: to even by the exact value.
func round(x float64, decimals int) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', decimals, 64), 64)
	return f
}
