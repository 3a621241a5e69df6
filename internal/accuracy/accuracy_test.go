package accuracy

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/accuracy/punkt"
	"mlcfg/internal/dataset"
)

// golden is what testdata/make_golden.py wrote: values of the public scripts'
// own functions.
type golden struct {
	Cases      map[string][][3]any
	RougeRows  [][2]string        `json:"rouge_rows"`
	RougeMeans map[string]float64 `json:"rouge_means"`
}

func readGolden(t *testing.T) golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAnswers(t *testing.T) {
	choice := func(c choice, pick func(choice, string, bool) string, lone bool) func(ref, text string) any {
		return func(ref, text string) any { return pick(c, text, lone) == ref }
	}
	rules := map[string]func(ref, text string) any{
		"niah":        func(ref, text string) any { return niah(ref, text) },
		"qa":          func(ref, text string) any { return qa(ref, text) },
		"gsm8k":       func(ref, text string) any { return gsm8k(ref, text) },
		"aime":        func(ref, text string) any { return aime(ref, text) },
		"gpqa":        choice(toD, letter, false),
		"mmlu":        choice(toJ, letter, true),
		"gptoss_gpqa": choice(toD, harmonyLetter, false),
		"gptoss_mmlu": choice(toJ, harmonyLetter, true),
		"rouge":       nil,
	}
	for name, cases := range readGolden(t).Cases {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				if got := rules[name](c[0].(string), c[1].(string)); got != c[2] {
					t.Errorf("reference %q, answer %q: %v, want %v", c[0], c[1], got, c[2])
				}
			}
		})
	}
}

// letters decodes a token id as the character of that number; 1 is special.
type letters struct{}

func (letters) Decode(ids []int32, skipSpecial bool) string {
	var s strings.Builder
	for _, id := range ids {
		if id != 1 || !skipSpecial {
			s.WriteRune(id)
		}
	}
	return s.String()
}

// writeLog writes a log of answers as LoadGen does, ids of size bytes each.
func writeLog(t *testing.T, size int, answers [][2]any) string {
	t.Helper()
	var b strings.Builder
	written := map[string]string{}
	for i, a := range answers {
		answer := a[1].(string)
		n := len([]rune(answer))
		if _, ok := written[answer]; !ok {
			var data []byte
			for _, r := range answer {
				data = append(data, byte(r), byte(r>>8), byte(r>>16), 0)
				data = append(data, make([]byte, size-4)...)
			}
			written[answer] = fmt.Sprintf("%X", data)
		}
		sep := ",\n"
		if i == 0 {
			sep = "[\n"
		}
		fmt.Fprintf(&b, "%s{ \"seq_id\" : %d, \"qsl_idx\" : %d, \"data\" : \"%s\", \"token_count\" : %d }", sep, i, a[0], written[answer], n)
	}
	b.WriteString("\n]\n")
	return save(t, b.String())
}

func save(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mlperf_log_accuracy.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func evaluate(t *testing.T, path, benchmark string, set *dataset.Set) *Result {
	t.Helper()
	b, err := Find(benchmark)
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := punkt.Open("punkt/testdata/model")
	if err != nil {
		t.Fatal(err)
	}
	log, err := ReadLog(context.Background(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Evaluate(context.Background(), log, set, Options{Benchmark: b, Tokenizer: letters{}, Sentences: sentences})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func values(r *Result) map[string]float64 {
	m := map[string]float64{}
	for _, s := range r.Scores {
		m[s.Name] = s.Value
	}
	return m
}

func TestRougeBenchmark(t *testing.T) {
	g := readGolden(t)
	set := &dataset.Set{}
	var answers [][2]any
	tokens := 0
	for i, row := range g.RougeRows {
		set.Samples = append(set.Samples, dataset.Sample{Reference: row[0]})
		answers = append(answers, [2]any{i, "\x01" + row[1]})
		tokens += 1 + len([]rune(row[1]))
	}
	answers = append(answers, [2]any{0, "another answer to the first sample"})
	want := g.RougeMeans
	want["gen_num"], want["gen_tok_len"] = 30, float64(tokens)
	want["tokens_per_sample"] = math.Round(float64(tokens)/3) / 10
	for _, size := range []int{4, 8} {
		r := evaluate(t, writeLog(t, size, answers), "llama2-70b", set)
		if d := cmp.Diff(want, values(r)); d != "" {
			t.Errorf("%d bytes a token: %s", size, d)
		}
		if r.Passed || r.Complete || r.Samples != 30 || r.Entries != 31 {
			t.Errorf("%+v", r)
		}
		if got := r.Python(); !strings.HasPrefix(got, fmt.Sprintf("\nResults\n\n{'rouge1': %v, ", want["rouge1"])) || !strings.Contains(got, "'gen_num': 30, ") {
			t.Errorf("%s", got)
		}
	}
}

func TestOtherBenchmarks(t *testing.T) {
	mixtral := &dataset.Set{Samples: []dataset.Sample{
		{Source: "GSM8K", Reference: "18"}, {Source: "GSM8K", Reference: "7"}, {Source: "MBXP", Reference: "code"}, {Source: "OpenOrca", Reference: "the cat sat"},
	}}
	r := evaluate(t, writeLog(t, 4, [][2]any{{0, "so 9. The answer is 18."}, {1, "8"}, {2, "def f()"}, {3, "The cat sat"}, {3, "again"}}), "mixtral-8x7b", mixtral)
	got := values(r)
	if got["gsm8k"] != 50 || got["rouge1"] != 100 || got["gen_len"] != 11 || got["gen_num"] != 5 || got["tokens_per_sample"] != 8.4 || r.Unscored["MBXP"] != 1 || r.Passed {
		t.Errorf("%+v", r)
	}
	if all := strings.Join(r.Notes, "\n"); !strings.Contains(all, "1 samples of MBXP are not scored: their answers are programs") || !strings.Contains(all, "mbxp is not computed") {
		t.Errorf("notes %q", r.Notes)
	}

	long := &dataset.Set{Samples: []dataset.Sample{{Metric: "rouge", Reference: "a b c"}, {Metric: "qa_em", Reference: "Paris|Rome"}, {Metric: "qa_em", Reference: "x"}}}
	r = evaluate(t, writeLog(t, 4, [][2]any{{0, "a b d"}, {1, "Answer: in rome"}, {2, "no"}}), "llama3_1-405b", long)
	if got := values(r); got["exact_match"] != 50 || math.Abs(got["rougeL"]-200.0/3) > 1e-9 {
		t.Errorf("%+v", r)
	}

	reason := &dataset.Set{Samples: []dataset.Sample{{Source: "gpqa", Reference: "B"}, {Source: "AIME", Reference: "42"}, {Source: "math500", Reference: "x"}}}
	r = evaluate(t, writeLog(t, 4, [][2]any{{0, "Answer: b"}, {1, `\boxed{41}`}, {2, "x"}}), "deepseek-r1", reason)
	got = values(r)
	if _, all := got["exact_match"]; all || got["exact_match[gpqa]"] != 100 || got["exact_match[AIME]"] != 0 || r.Unscored["math500"] != 1 {
		t.Errorf("%+v", r)
	}
	reason.Samples = reason.Samples[:2]
	reason.Samples[0].Source, reason.Samples[1].Source = "gpqa_diamond", "aime25"
	r = evaluate(t, writeLog(t, 4, [][2]any{{0, "B"}, {0, "C"}, {0, "**b**"}, {1, `\boxed{42}`}}), "gpt-oss-120b", reason)
	// Five asks of gpqa_diamond and eight of aime25 count once each.
	if got := values(r)["exact_match"]; math.Abs(got-math.Round(1e5*(2.0/5+1.0/8)/(3.0/5+1.0/8))/1e3) > 1e-9 {
		t.Errorf("%v in %+v", got, r)
	}
}

func TestPassed(t *testing.T) {
	set := &dataset.Set{Samples: make([]dataset.Sample, 8313)}
	var answers [][2]any
	for i := range set.Samples {
		set.Samples[i] = dataset.Sample{Metric: []string{"rouge", "qa_em"}[i%2], Reference: "yes"}
		answers = append(answers, [2]any{i, "yes" + strings.Repeat(" ", 682)})
	}
	r := evaluate(t, writeLog(t, 4, answers), "llama3.1-405b", set)
	if !r.Complete || !r.Passed {
		t.Errorf("%+v", r)
	}
	answers[0][1] = "no" // far too few wrong to matter, but the length limit is two-sided
	for i := range answers {
		answers[i][1] = "yes"
	}
	if r = evaluate(t, writeLog(t, 4, answers), "llama3.1-405b", set); r.Passed || !r.Complete {
		t.Errorf("%+v", r)
	}
}

func TestReadLog(t *testing.T) {
	tests := []struct {
		name, text string
		kind       Kind
		want       string // an error, or the kind found
	}{
		{"int32", `[{"qsl_idx": 0, "data": "0100000002000000AB000000"}]`, "", "int32"},
		{"int64", `[{"qsl_idx": 0, "data": "0100000000000000"}, {"qsl_idx": 1, "data": ""}]`, "", "int64"},
		{"text", `[{"qsl_idx": 0, "data": "61626364", "token_count": 2}]`, "", "text"},
		{"odd length is text", `[{"qsl_idx": 0, "data": "0100000000"}]`, "", "text"},
		{"lines", "{\"qsl_idx\": 0, \"data\": \"01000000\"}\n{\"qsl_idx\": 1, \"data\": \"02000000\"}\n", "", "int32"},
		{"given", `[{"qsl_idx": 0, "data": "0100000000000000"}]`, "int32", "int32"},
		{"no entries", "[\n]\n", "", "it holds no entries"},
		{"nothing", "", "", "it holds no entries"},
		{"no index", `[{"data": "00"}]`, "", "entry 0 (byte 15): want qsl_idx and data"},
		{"no hex", `[{"qsl_idx": 0, "data": "0x"}]`, "", "invalid byte"},
		{"negative", `[{"qsl_idx": -1, "data": "00"}]`, "", "qsl_idx -1"},
		{"cut short", `[{"qsl_idx": 0, "data": "00"}, {"qsl`, "", "entry 1"},
		{"odd", `[{"qsl_idx": 0, "data": "0001"}]`, "int32", "entry 0: 2 bytes are no int32 token ids"},
		{"too large", `[{"qsl_idx": 0, "data": "0000000001000000"}]`, "int64", "does not fit in 32 bits"},
		{"kind", `[{"qsl_idx": 0, "data": "00"}]`, "float", `kind "float"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := ReadLog(context.Background(), save(t, tt.text), tt.kind)
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q in it", err, tt.want)
				}
				return
			}
			if string(l.Kind) != tt.want {
				t.Errorf("kind %s, want %s", l.Kind, tt.want)
			}
		})
	}
}

func TestEvaluateRefuses(t *testing.T) {
	b, _ := Find("llama2-70b-99.9")
	log := &Log{Kind: Int32, Entries: []Entry{{Index: 5}}}
	set := &dataset.Set{Samples: make([]dataset.Sample, 5)}
	ctx := context.Background()
	if _, err := Evaluate(ctx, log, set, Options{Benchmark: b}); err == nil || !strings.Contains(err.Error(), "a tokenizer is needed") {
		t.Errorf("error %v", err)
	}
	if _, err := Evaluate(ctx, log, set, Options{Benchmark: b, Tokenizer: letters{}}); err == nil || !strings.Contains(err.Error(), "answers sample 5, the data set has 5") {
		t.Errorf("error %v", err)
	}
	if _, err := Find("llama4"); err == nil || !strings.Contains(err.Error(), "want one of llama2-70b-99, llama2-70b-99.9") {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"llama2-70b", "llama2-70b-interactive", "llama2-70b-interactive-99.9", "llama3_1-405b-interactive", "mixtral-8x7b"} {
		if _, err := Find(name); err != nil {
			t.Error(err)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add(`[{"qsl_idx": 0, "data": "0100000002000000", "token_count": 2}]`)
	f.Add("{\"qsl_idx\": 0, \"data\": \"61\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := readLog(context.Background(), strings.NewReader(text), "")
		if err != nil {
			return
		}
		for _, e := range l.Entries {
			l.ids(e)
			l.tokens(e)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add("18", `The answer is 1,8 \boxed{18} Answer: 18 <|channel|>final<|message|>**A**`)
	f.Fuzz(func(t *testing.T, ref, text string) {
		niah(ref, text)
		qa(ref, text)
		gsm8k(ref, text)
		aime(ref, text)
		letter(toJ, text, true)
		harmonyLetter(toJ, text, true)
	})
}
