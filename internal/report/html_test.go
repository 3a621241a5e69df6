package report

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"

	"mlcfg/internal/record"
)

func TestHTMLIsSelfContainedAndEscaped(t *testing.T) {
	first := fixture(t, 300, ended, func(i int, r *record.Record) bool {
		if i == 3 {
			r.Status, r.Error = record.Failed, `<script>alert("x")</script>`
		}
		return true
	})
	second := fixture(t, 300, ended, nil)
	for _, dirs := range [][]string{{first}, {first, second}, {fixture(t, 0, ended, nil)}} {
		var runs []*Run
		for _, dir := range dirs {
			r, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			r.Manifest.Machine = `<img src=x>`
			runs = append(runs, r)
		}
		var page bytes.Buffer
		if err := WriteHTML(&page, runs); err != nil {
			t.Fatal(err)
		}
		text := page.String()
		for _, bad := range []string{"<script", "<img", "src=\"", "href=", "http://", "https://", "@import", "url("} {
			if strings.Contains(text, bad) {
				t.Errorf("%d runs: the page holds %q", len(dirs), bad)
			}
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%d runs: the page holds a number that is none", len(dirs))
		}
		if got, want := strings.Count(text, "<svg"), strings.Count(text, "</svg>"); got != want || got == 0 {
			t.Errorf("%d runs: %d charts begin, %d end", len(dirs), got, want)
		}
	}
}

func TestMarkdownIsEscaped(t *testing.T) {
	sum := summarize(t, fixture(t, 600, ended, nil))
	sum.Machine = "a|b<c>_d_"
	var text bytes.Buffer
	if err := WriteMarkdown(&text, sum); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), `a\|b&lt;c&gt;\_d\_`) {
		t.Error(text.String())
	}
}

// TestCurvesAccountForEveryRequest adds the curves up again.
func TestCurvesAccountForEveryRequest(t *testing.T) {
	r, err := Load(fixture(t, 600, ended, nil))
	if err != nil {
		t.Fatal(err)
	}
	s := series(r.Records)
	width := s.Throughput[1].X - s.Throughput[0].X
	done, tokens := 0.0, 0.0
	for i := range s.Throughput {
		done += s.Throughput[i].Y * width
		tokens += s.Tokens[i].Y * width
	}
	if math.Abs(done-600) > 1e-6 || math.Abs(tokens-600*32) > 1e-3 {
		t.Errorf("the curves hold %g requests and %g tokens, want 600 and %d", done, tokens, 600*32)
	}
	counted := 0.0
	for _, p := range histogram(s.Latency) {
		counted += p.Y
	}
	if counted != 600 {
		t.Errorf("the histogram counts %g, want 600", counted)
	}
	if last := cdf(s.Latency); last[len(last)-1].Y != 1 {
		t.Errorf("the distribution ends at %v", last[len(last)-1])
	}
	if len(s.Slowest) != slowest {
		t.Errorf("%d slowest requests", len(s.Slowest))
	}
}

func TestLongestAreInOrder(t *testing.T) {
	var records []record.Record
	for i := range 1000 {
		records = append(records, record.Record{Seq: uint64(i), Done: int64((i * 7919) % 1000), Status: record.OK})
	}
	for i, r := range longest(records) {
		if want := int64(999 - i); r.Done != want {
			t.Errorf("place %d has latency %d, want %d", i, r.Done, want)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	round := regexp.MustCompile(`^[125]?0*(\.0*[125])?$|^\d+0*$|^0?\.?\d+$`)
	for _, high := range []float64{0.003, 1, 7, 99.5, 1234, 8.1e6} {
		list := ticks(0, high, 5)
		if len(list) < 3 || len(list) > 12 {
			t.Errorf("%d ticks up to %g", len(list), high)
		}
		for _, v := range list {
			if !round.MatchString(strings.TrimRight(number(v), "kM")) {
				t.Errorf("tick %s up to %g", number(v), high)
			}
		}
	}
}

func TestEstimate(t *testing.T) {
	e := estimate([]float64{10, 12, 14})
	// mean 12, standard deviation 2, t(2) 4.303: 4.303 x 2 / sqrt(3).
	if e.Mean != 12 || math.Abs(e.Half-4.9687) > 1e-3 {
		t.Errorf("%+v", e)
	}
	if e := estimate([]float64{3}); !math.IsNaN(e.Half) || e.String() != "3" {
		t.Errorf("%v", e)
	}
}
