package accuracy

import (
	"fmt"
	"slices"
	"strings"
)

// judge is how the answers of a benchmark are scored.
type judge int

const (
	judgeRouge   judge = iota // ROUGE of all samples
	judgeMixtral              // ROUGE, gsm8k by source
	judgeMetric               // ROUGE-L or exact match by the metric column
	judgeAnswers              // the answer picked out of the text, by source
	judgeHarmony              // the same for gpt-oss: answers in channels, repeated samples
)

// Benchmark is an MLPerf benchmark: how its answers are scored and what a
// submission must reach.
type Benchmark struct {
	Name  string
	judge judge
	// Samples is the size of the data set.
	Samples int
	targets []target
	special bool // special tokens are decoded too
}

// target bounds a score: it must reach min, and not exceed max where that is
// above 0.
type target struct {
	name     string
	min, max float64
}

// The targets are those of MLCommons' submission checker (rounds v5.0 to v6.1,
// tools/submission/submission_checker/constants.py): a reference score times 0.99
// or 0.999, lengths within 10 percent.
var benchmarks = []Benchmark{
	{Name: "llama2-70b-99", Samples: 24576, targets: llama2(0.99)},
	{Name: "llama2-70b-99.9", Samples: 24576, targets: llama2(0.999)},
	{Name: "llama3.1-8b", Samples: 13368, targets: []target{
		{"rouge1", 38.7792 * 0.99, 0}, {"rouge2", 15.9075 * 0.99, 0}, {"rougeL", 24.4957 * 0.99, 0}, {"rougeLsum", 35.793 * 0.99, 0}, {"gen_len", 8167644 * 0.9, 8167644 * 1.1},
	}},
	{Name: "llama3.1-8b-edge", Samples: 5000, targets: []target{
		{"rouge1", 39.06 * 0.99, 0}, {"rouge2", 16.1147 * 0.99, 0}, {"rougeL", 24.6375 * 0.99, 0}, {"rougeLsum", 36.124 * 0.99, 0}, {"gen_len", 3051113 * 0.9, 3051113 * 1.1},
	}},
	{Name: "mixtral-8x7b", judge: judgeMixtral, Samples: 15000, targets: []target{
		{"rouge1", 45.5989 * 0.99, 0},
		{"rouge2", 23.3526 * 0.99, 0},
		{"rougeL", 30.4608 * 0.99, 0},
		{"gsm8k", 73.66 * 0.99, 0},
		{"mbxp", 60.16 * 0.99, 0},
		{"tokens_per_sample", 144.84 * 0.9, 145.9 * 1.1},
	}},
	{Name: "llama3.1-405b", judge: judgeMetric, Samples: 8313, targets: []target{
		{"rougeL", 21.6666 * 0.99, 0}, {"exact_match", 90.1335 * 0.99, 0}, {"tokens_per_sample", 684.68 * 0.9, 684.68 * 1.1},
	}},
	{Name: "deepseek-r1", judge: judgeAnswers, Samples: 4388, targets: []target{
		{"exact_match", 81.3582 * 0.99, 0}, {"tokens_per_sample", 3886.2274 * 0.9, 3886.2274 * 1.1},
	}},
	{Name: "gpt-oss-120b", judge: judgeHarmony, Samples: 4395, special: true, targets: []target{{"exact_match", 83.13 * 0.99, 0}}},
}

func llama2(share float64) []target {
	return []target{{"rouge1", 44.4312 * share, 0}, {"rouge2", 22.0352 * share, 0}, {"rougeL", 28.6162 * share, 0}, {"tokens_per_sample", 294.45 * 0.9, 294.45 * 1.1}}
}

// Names lists the known benchmarks.
func Names() []string {
	var out []string
	for _, b := range benchmarks {
		out = append(out, b.Name)
	}
	return out
}

// Find returns the benchmark of a name as MLPerf or a configuration spells it:
// llama2-70b, llama2-70b-99.9, llama2-70b-interactive, llama3_1-405b.
func Find(name string) (Benchmark, error) {
	plain := strings.ReplaceAll(strings.ToLower(name), "llama3_1", "llama3.1")
	plain = strings.ReplaceAll(plain, "-interactive", "")
	if plain == "llama2-70b" {
		plain = "llama2-70b-99"
	}
	plain = strings.TrimSuffix(plain, "-instruct")
	if i := slices.IndexFunc(benchmarks, func(b Benchmark) bool { return b.Name == plain }); i >= 0 {
		return benchmarks[i], nil
	}
	return Benchmark{}, fmt.Errorf("no accuracy is known for the benchmark %q: want one of %s", name, strings.Join(Names(), ", "))
}
