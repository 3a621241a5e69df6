package suite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/manifest"
	"mlcfg/internal/report"
)

// made are entries of these words: benchmark, variant, mode.
func made(words ...[3]string) []Entry {
	var out []Entry
	for i, w := range words {
		m := &manifest.Manifest{BenchmarkName: w[0], Scenario: "server", Variant: w[1], TestMode: w[2], Machine: "alpha", Backend: "vllm"}
		m.Digest = manifest.Digest([]byte{byte(i)})
		out = append(out, Entry{File: strings.Join(w[:], "-") + ".yaml", Manifest: m})
	}
	return out
}

func TestOrderAndNames(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []Entry
		want    []string
	}{
		{
			"one benchmark", made([3]string{"a", "server", "accuracy"}, [3]string{"a", "other", "performance"}, [3]string{"a", "server", "performance"}, [3]string{"a", "offline", "performance"}),
			[]string{"offline-performance", "server-performance", "server-accuracy", "other-performance"},
		},
		{
			"two of them", made([3]string{"b", "server", "performance"}, [3]string{"a", "server", "performance"}, [3]string{"a", "interactive", "performance"}),
			[]string{"a-server-alpha-vllm-performance", "a-interactive-alpha-vllm-performance", "b-server-alpha-vllm-performance"},
		},
		{
			"twice alike", made([3]string{"a", "server", "performance"}, [3]string{"a", "server", "performance"}),
			[]string{"a-server-alpha-vllm-performance", "a-server-alpha-vllm-performance-2"},
		},
		{"no variant", made([3]string{"a", "", "performance"}), []string{"server-performance"}},
	} {
		slices.SortFunc(c.entries, before)
		name(c.entries)
		var got []string
		for _, e := range c.entries {
			got = append(got, e.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// three is a suite of three runs, the last one for accuracy.
func three(t *testing.T, dir string) *Suite {
	t.Helper()
	entries := made([3]string{"a", "offline", "performance"}, [3]string{"a", "server", "performance"}, [3]string{"a", "server", "accuracy"})
	name(entries)
	s, err := Open(dir, entries, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A failing run stops nothing unless asked for; what began is on the disk before it
// does; accuracy is scored where the run is VALID.
func TestRun(t *testing.T) {
	valid, invalid := &report.Summary{Valid: true}, &report.Summary{}
	died := errors.New("engine replica 0\n  died")
	type outcome struct {
		sum *report.Summary
		err error
	}
	for _, c := range []struct {
		name     string
		outcomes []outcome
		score    ScoreVerdict
		failFast bool
		want     []Verdict
		stopped  bool
		scored   int
		errors   []string
	}{
		{"all well", []outcome{{valid, nil}, {valid, nil}, {valid, nil}}, ScorePassed, true, []Verdict{Valid, Valid, Valid}, false, 1, []string{"", "", ""}},
		{"an invalid one", []outcome{{valid, nil}, {invalid, nil}, {valid, nil}}, ScoreFailed, false, []Verdict{Valid, Invalid, Valid}, false, 1, []string{"", "", ""}},
		{"the same, fast", []outcome{{valid, nil}, {invalid, nil}}, ScorePassed, true, []Verdict{Valid, Invalid, NotRun}, true, 0, []string{"", "", ""}},
		{"one that dies", []outcome{{nil, died}, {invalid, died}, {invalid, nil}}, ScorePassed, false, []Verdict{Failed, Invalid, Invalid}, false, 0, []string{"engine replica 0 died", "engine replica 0 died", ""}},
		{"accuracy falls short", []outcome{{valid, nil}, {valid, nil}, {valid, nil}}, ScoreFailed, true, []Verdict{Valid, Valid, Valid}, true, 1, []string{"", "", ""}},
		{"accuracy of a simulated engine", []outcome{{valid, nil}, {valid, nil}, {valid, nil}}, ScoreSimulated, true, []Verdict{Valid, Valid, Valid}, false, 1, []string{"", "", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "suite")
			s := three(t, dir)
			n, scored, said := 0, 0, 0
			err := s.Run(t.Context(), Steps{
				Run: func(_ context.Context, e *Entry, run string) (*report.Summary, error) {
					text, _ := os.ReadFile(filepath.Join(dir, StateFile))
					if !strings.Contains(string(text), filepath.Base(run)) || !strings.HasPrefix(filepath.Base(run), e.Name+"-") {
						t.Errorf("%s is run in %s, and %s does not know it:\n%s", e.Name, run, StateFile, text)
					}
					n++
					return c.outcomes[n-1].sum, c.outcomes[n-1].err
				},
				Score:    func(context.Context, *Entry, string) Score { scored++; return Score{Verdict: c.score} },
				Say:      func(*Result) { said++ },
				FailFast: c.failFast,
			})
			if errors.Is(err, ErrStopped) != c.stopped || err != nil && !c.stopped || said != n || n != len(c.outcomes) {
				t.Errorf("%v after %d runs, %d told", err, n, said)
			}
			for i, r := range s.Results() {
				if r.Verdict != c.want[i] || r.Error != c.errors[i] {
					t.Errorf("%s: %s %q", r.Entry.Name, r.Verdict, r.Error)
				}
			}
			if scored != c.scored {
				t.Errorf("%d runs were scored", scored)
			}
		})
	}
}

// An interrupt ends the suite; what was not begun is begun by the next call, with what
// was not VALID.
func TestInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "suite")
	s := three(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	steps := Steps{
		Run: func(context.Context, *Entry, string) (*report.Summary, error) { cancel(); return nil, ctx.Err() },
		Say: func(*Result) {},
	}
	if err := s.Run(ctx, steps); !errors.Is(err, context.Canceled) {
		t.Errorf("the suite ends with %v", err)
	}
	var got []Verdict
	for _, r := range s.Results() {
		got = append(got, r.Verdict)
	}
	if diff := cmp.Diff([]Verdict{Failed, NotRun, NotRun}, got); diff != "" {
		t.Error(diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := three(t, dir)
	if diff := cmp.Diff([]string{"offline-performance is run again: it was broken off before it began to measure"}, again.Notes); diff != "" {
		t.Error(diff)
	}
	if r := again.Results(); r[0].Error != "context canceled" || r[0].Kept || r[1].Verdict != NotRun {
		t.Errorf("%+v", r)
	}
}

// A suite.json that something else wrote is refused with its fault.
func TestStateRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "suite")
	good := `{"format":1,"simulated":false,"runs":[{"name":"a","manifest_digest":"x","attempts":[{"dir":"b"}]}]}`
	for text, want := range map[string]string{
		"":    "EOF",
		"[]":  "cannot unmarshal array",
		`{"x`: "unexpected EOF",
		`{}`:  "is of format 0, this program reads 1",
		good:  "is a suite of a, and not of offline-performance, server-performance, server-accuracy",
		strings.Replace(good, `"b"`, `"../b"`, 1):                  `the run directory "../b" is none in the suite's folder`,
		strings.Replace(good, `"b"`, `""`, 1):                      "is none in the suite's folder",
		strings.Replace(good, `"format"`, `"other":2,"format"`, 1): `unknown field "other"`,
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, StateFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		entries := made([3]string{"a", "offline", "performance"}, [3]string{"a", "server", "performance"}, [3]string{"a", "server", "accuracy"})
		name(entries)
		if _, err := Open(dir, entries, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// FuzzState: whatever stands in suite.json is taken or refused, and no directory outside the
// suite's folder is looked at.
func FuzzState(f *testing.F) {
	f.Add(`{"format":1,"simulated":false,"runs":[{"name":"server-performance","manifest_digest":"x","attempts":[{"dir":"b","error":"e"}]}]}`)
	f.Add(`{"format":1,"runs":[{"attempts":[{"dir":"../b","accuracy":{"verdict":"PASSED","figures":[{"name":"rouge1","value":1e300}]}}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, StateFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s := &Suite{}
		if _, err := s.read(dir); err != nil {
			return
		}
		for _, r := range s.state.Runs {
			for _, a := range r.Attempts {
				if filepath.Dir(filepath.Join(dir, a.Dir)) != dir {
					t.Errorf("%q is outside", a.Dir)
				}
			}
		}
	})
}
