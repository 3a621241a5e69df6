package accuracy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// mean is the mean of some values.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64) { m.sum += x; m.n++ }

func (m mean) value() float64 { return m.sum / float64(m.n) }

// add sums the answers up.
func (r *Result) add(answers []answer, opt Options) {
	var r1, r2, rl, rlsum, exact mean
	bySource := map[string]*mean{}
	length, tokens, counted := 0, 0, 0
	for i := range answers {
		a := &answers[i]
		length += a.length
		if a.tokens >= 0 {
			tokens += a.tokens
			counted++
		}
		switch a.metric {
		case "rouge":
			r1.add(a.rouge.Rouge1)
			r2.add(a.rouge.Rouge2)
			rl.add(a.rouge.L)
			rlsum.add(a.rouge.Lsum)
		case "exact":
			exact.add(a.value)
			m := bySource[a.sample.Source]
			if m == nil {
				m = &mean{}
				bySource[a.sample.Source] = m
			}
			m.add(a.value)
		default:
			if r.Unscored == nil {
				r.Unscored = map[string]int{}
			}
			r.Unscored[a.sample.Source]++
		}
	}
	approximate := opt.Sentences == nil
	put := func(name string, m mean, factor float64, decimals int) {
		if m.n == 0 {
			return
		}
		v := m.value() * factor
		if decimals >= 0 {
			v = round(v, decimals)
		}
		r.Scores = append(r.Scores, Score{Name: name, Value: v, Approximate: approximate && name == "rougeLsum"})
	}
	judge := opt.Benchmark.judge
	switch judge {
	case judgeMetric:
		put("rougeL", rl, 100, -1)
		put("exact_match", exact, 1, -1)
	case judgeAnswers, judgeHarmony:
		r.answers(bySource, exact, judge)
	default:
		put("rouge1", r1, 100, 4)
		put("rouge2", r2, 100, 4)
		put("rougeL", rl, 100, 4)
		put("rougeLsum", rlsum, 100, 4)
		if judge == judgeMixtral {
			put("gsm8k", exact, 1, -1)
		}
	}
	sentences := judge != judgeAnswers && judge != judgeHarmony
	if sentences {
		r.Scores = append(r.Scores, Score{Name: "gen_len", Value: float64(length), Approximate: approximate})
	}
	generated := len(answers)
	if judge == judgeMixtral { // its script counts repeated answers too
		generated = r.Entries
	}
	r.Scores = append(r.Scores, Score{Name: "gen_num", Value: float64(generated)})
	if counted == len(answers) {
		r.Scores = append(r.Scores, Score{Name: "gen_tok_len", Value: float64(tokens)})
		perSample := float64(tokens) / float64(generated)
		if judge != judgeAnswers {
			perSample = round(perSample, 1)
		}
		r.Scores = append(r.Scores, Score{Name: "tokens_per_sample", Value: perSample})
	} else {
		r.note("token counts are left out: the log holds texts without their number of tokens")
	}
	if r.Entries > len(answers) {
		r.note("%d answers to samples that were answered before are passed over", r.Entries-len(answers))
	}
	if sentences && approximate {
		r.note("sentences are split without NLTK's model: rougeLsum and gen_len are approximate")
	} else if sentences {
		r.note("sentences are split as NLTK %s splits them", strings.TrimPrefix(string(opt.Sentences.Rules()), "nltk-"))
	}
}

// repeats is how often gpt-oss-120b asks each sample of a collection.
var repeats = map[string]float64{"aime25": 8, "gpqa_diamond": 5, "livecodebench_v6": 3}

// answers adds the shares of right answers, by source and of all where all are
// scored.
func (r *Result) answers(bySource map[string]*mean, exact mean, j judge) {
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		r.Scores = append(r.Scores, Score{Name: "exact_match[" + source + "]", Value: bySource[source].value()})
	}
	if len(r.Unscored) > 0 || exact.n == 0 {
		return
	}
	all := exact.value()
	if j == judgeHarmony { // each collection counts by what it would without repeats
		right, most := 0.0, 0.0
		for source, m := range bySource {
			times := max(1, repeats[strings.ToLower(source)])
			right += m.sum / 100 / times
			most += float64(m.n) / times
		}
		all = round(right/most*100, 3)
	}
	r.Scores = append(r.Scores, Score{Name: "exact_match", Value: all})
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// judge sets the scores' bounds and reports whether all is there and reached.
func (r *Result) judge(b Benchmark) {
	r.Complete = r.Samples == r.SetSamples
	if !r.Complete {
		r.note("%d of the data set's %d samples have an answer", r.Samples, r.SetSamples)
	}
	if r.SetSamples != b.Samples && b.judge != judgeHarmony {
		r.Complete = false
		r.note("the data set has %d samples, that of %s has %d", r.SetSamples, b.Name, b.Samples)
	}
	r.Passed = true
	for _, t := range b.targets {
		i := slices.IndexFunc(r.Scores, func(s Score) bool { return s.Name == t.name })
		if i < 0 {
			r.Complete = false
			r.note("%s is not computed, and %s asks for it", t.name, b.Name)
			continue
		}
		r.Scores[i].Min, r.Scores[i].Max = t.min, t.max
		r.Passed = r.Passed && r.Scores[i].Met()
		r.Complete = r.Complete && !r.Scores[i].Approximate
	}
	for _, source := range slices.Sorted(maps.Keys(r.Unscored)) {
		r.note("%d samples of %s are not scored: %s", r.Unscored[source], orNone(source), why(source))
	}
	r.Passed = r.Passed && r.Complete
}

func orNone(source string) string {
	if source == "" {
		return "no named source"
	}
	return source
}

// why says why the answers of a collection are not scored.
func why(source string) string {
	s := strings.ToLower(source)
	switch {
	case strings.Contains(s, "mbxp"), strings.Contains(s, "livecodebench"):
		return "their answers are programs that would have to be executed"
	case strings.Contains(s, "math500"):
		return "their answers need a symbolic grader"
	}
	return "no rule is known for them"
}

// Python returns the scores as the public scripts print them: what MLCommons'
// submission checker looks for in accuracy.txt.
func (r *Result) Python() string {
	var parts []string
	for _, s := range r.Scores {
		v := strconv.FormatFloat(s.Value, 'f', -1, 64)
		if !strings.Contains(v, ".") && s.Name != "gen_len" && s.Name != "gen_num" && s.Name != "gen_tok_len" {
			v += ".0"
		}
		parts = append(parts, fmt.Sprintf("'%s': %s", s.Name, v))
	}
	return "\nResults\n\n{" + strings.Join(parts, ", ") + "}\n"
}
