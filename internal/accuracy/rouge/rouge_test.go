package rouge

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// TestScores compares with what rouge_score and NLTK gave, and where Python has
// them, with what they give for new random texts. Both are written by
// testdata/make_scores.py.
func TestScores(t *testing.T) {
	compare(t, "testdata/scores.json")
}

func TestScoresLocal(t *testing.T) {
	python := sharedata.Python(t, "rouge_score")
	compare(t, sharedata.Generate(t, python, "testdata/make_scores.py", filepath.Join(t.TempDir(), "scores.json"), "7", "20000", "400"))
}

func compare(t *testing.T, path string) {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Stems  map[string]string
		Scores []struct {
			Reference, Prediction             string
			Rouge1, Rouge2, RougeL, RougeLsum float64
		}
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for w, st := range want.Stems {
		if got := stem(w); got != st {
			t.Errorf("stem of %q is %q, want %q", w, got, st)
		}
	}
	var s Scorer
	for i, c := range want.Scores {
		got, err := s.Score(c.Reference, c.Prediction)
		if err != nil {
			t.Fatal(err)
		}
		w := Scores{c.Rouge1, c.Rouge2, c.RougeL, c.RougeLsum}
		if !near(got.Rouge1, w.Rouge1) || !near(got.Rouge2, w.Rouge2) || !near(got.L, w.L) || !near(got.Lsum, w.Lsum) {
			t.Errorf("pair %d: %+v, want %+v\n%q\n%q", i, got, w, c.Reference, c.Prediction)
		}
		if l := s.L(c.Reference, c.Prediction); l != got.L {
			t.Errorf("pair %d: L alone %v, with the others %v", i, l, got.L)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestTooLong(t *testing.T) {
	var s Scorer
	long := strings.Repeat("word ", 8200)
	if _, err := s.Score(long, long); err == nil || !strings.Contains(err.Error(), "is too long") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkScore(b *testing.B) {
	raw, err := os.ReadFile("testdata/scores.json")
	if err != nil {
		b.Fatal(err)
	}
	words := strings.Fields(string(raw))
	ref, pred := strings.Join(words[:300], " "), strings.Join(words[20:320], " ")
	var s Scorer
	for b.Loop() {
		if _, err := s.Score(ref, pred); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzScore(f *testing.F) {
	f.Add("The cats sat.\nThey slept.", "A cat sits\n\nand sleeps")
	f.Add("İying ies yyy", "s ed ing")
	f.Fuzz(func(t *testing.T, a, b string) {
		var s Scorer
		got, err := s.Score(a, b)
		if err != nil {
			return
		}
		for _, x := range []float64{got.Rouge1, got.Rouge2, got.L, got.Lsum} {
			if !(x >= 0 && x <= 1+1e-12) {
				t.Errorf("%+v", got)
			}
		}
	})
}
