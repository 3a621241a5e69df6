package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/explain/diff"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/tools/goldenfile"
)

// run is a run in memory whose first tokens come after so many milliseconds.
func run(t *testing.T, name string, ttft time.Duration, change func(*report.Run)) *report.Sheet {
	t.Helper()
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount = loadgen.Server, 100, time.Second, 100
	s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 200*time.Millisecond, 50*time.Millisecond
	r := &report.Run{
		Path: "runs/" + name, Records: &record.Table{},
		State: record.State{Phase: record.Ended, DatasetSamples: 64, Program: "mlrun test", Started: time.Unix(int64(len(name))*1000+int64(ttft), int64(name[len(name)-1]))},
		Manifest: &manifest.Manifest{
			BenchmarkName: "llama2-70b", Scenario: "server", TestMode: "performance", Machine: "alpha", Backend: "vllm", Digest: "sha256:" + name[:1],
			Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EngineConfig: map[string]any{"max_num_seqs": 512},
			Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Round: "v5.1", Frozen: true}.Map(),
		},
	}
	for i := range time.Duration(500) {
		at := i * 10_000_000
		first := at + ttft*1_000_000 + i%5*1_000_000
		r.Records.Append(&record.Record{
			Seq: uint64(i), Query: uint64(i), Scheduled: at, Issued: at, Sent: at, FirstToken: first, Done: first + 31*10_000_000,
			InputTokens: 10, OutputTokens: 32, Status: record.OK,
		})
	}
	if change != nil {
		change(r)
	}
	sheet, err := report.NewSheet(r)
	if err != nil {
		t.Fatal(err)
	}
	return sheet
}

func seqs(n int, simulated bool) func(*report.Run) {
	return func(r *report.Run) {
		r.Manifest.EngineConfig = map[string]any{"max_num_seqs": n, "enable_chunked_prefill": true}
		r.State.Simulated = simulated
	}
}

func compared(t *testing.T, sheets ...*report.Sheet) *Comparison {
	t.Helper()
	c, err := Runs(sheets)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGolden(t *testing.T) {
	simulate := func(r *report.Run) { r.State.Simulated = true }
	tests := map[string]func() *Comparison{
		"two groups": func() *Comparison {
			return compared(t, run(t, "a1", 40, nil), run(t, "a2", 42, nil), run(t, "a3", 41, nil), run(t, "b1", 30, seqs(768, false)), run(t, "b2", 33, seqs(768, false)), run(t, "b3", 31, seqs(768, false)))
		},
		"too few":     func() *Comparison { return compared(t, run(t, "a1", 40, nil), run(t, "b1", 30, seqs(768, false))) },
		"repetitions": func() *Comparison { return compared(t, run(t, "a1", 40, simulate), run(t, "a2", 42, simulate)) },
		"mixed":       func() *Comparison { return compared(t, run(t, "a1", 40, nil), run(t, "a2", 40, simulate)) },
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			var text, md bytes.Buffer
			for _, err := range []error{WriteText(&text, c()), WriteMarkdown(&md, c())} {
				if err != nil {
					t.Fatal(err)
				}
			}
			goldenfile.Check(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".txt"), text.Bytes())
			goldenfile.Check(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".md"), md.Bytes())
			if js, err := json.Marshal(c()); err != nil || c().Simulated != bytes.Contains(js, []byte(`"simulated":true`)) {
				t.Errorf("JSON does not say what is simulated: %v", err)
			}
			if c().Simulated && (!strings.Contains(text.String(), "SIMULATED") || !strings.Contains(md.String(), "Simulated engine")) {
				t.Error("it is not said that figures are simulated")
			}
		})
	}
}

// TestWelch compares with scipy.stats 1.17.1: ttest_ind(b, a, equal_var=False),
// its confidence_interval(), and t.interval for the mean of a.
func TestWelch(t *testing.T) {
	a := newCell([]float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4})
	b := newCell([]float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9})
	c := change(a, b, true)
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 5e-4*math.Abs(want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	near("p", *c.P, 0.008452732437)
	near("low", *c.Low, 0.76688829411)
	near("high", *c.High, 4.7664450392)
	near("half", *a.Half, 1.5532983476)
	if c.Says != Better {
		t.Errorf("says %q", c.Says)
	}
	if c := change(a, b, false); c.Says != Worse {
		t.Errorf("of a figure that ought to be low it says %q", c.Says)
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		a, b []float64
		want Word
	}{
		{[]float64{1}, []float64{2}, TooFew},
		{[]float64{1, 1.1}, []float64{2, 2.1, 2.2}, TooFew},
		{[]float64{10, 11, 12}, []float64{10.5, 11, 11.6}, NotShown},
		{[]float64{5, 5, 5}, []float64{5, 5, 5}, NotShown},
		{[]float64{5, 5, 5}, []float64{6, 6, 6}, Better},
		{[]float64{6, 6, 6}, []float64{5, 5, 5}, Worse},
		{[]float64{10, 10.1, 9.9}, []float64{20, 20.2, 19.8}, Better},
	}
	for _, test := range tests {
		if c := change(newCell(test.a), newCell(test.b), true); c.Says != test.want {
			t.Errorf("%v and %v: %q, want %q", test.a, test.b, c.Says, test.want)
		} else if (c.P == nil) != (test.want == TooFew) {
			t.Errorf("%v and %v: p is %v", test.a, test.b, c.P)
		}
	}
	if one := newCell([]float64{3}); one.Half != nil || one.String() != "3" || newCell(nil).String() != "–" {
		t.Errorf("one run: %v", one)
	}
}

// TestFalseAlarms draws both groups from one distribution, many times: the test
// shows a difference in about one of twenty.
func TestFalseAlarms(t *testing.T) {
	state := uint64(1)
	draw := func() float64 { // a sum of twelve is near enough to normal
		sum := 0.0
		for range 12 {
			state = state*6364136223846793005 + 1442695040888963407
			sum += float64(state>>11) / (1 << 53)
		}
		return 100 + sum
	}
	const times = 4000
	alarms := 0
	for range times {
		var a, b []float64
		for range 5 {
			a, b = append(a, draw()), append(b, draw())
		}
		if c := change(newCell(a), newCell(b), true); c.Says != NotShown {
			alarms++
		}
	}
	if share := float64(alarms) / times; share < 0.03 || share > 0.065 {
		t.Errorf("a difference is shown in %.1f %% of equal pairs", share*100)
	}
}

// TestCopiesAndCutRunsDoNotCount: neither makes figures surer than they are.
func TestCopiesAndCutRunsDoNotCount(t *testing.T) {
	first := run(t, "a1", 40, nil)
	cut := run(t, "a3", 40, func(r *report.Run) {
		r.State.Phase, r.Records = record.Measuring, record.TableOf(r.Records.Rows()[:50])
	})
	copied := *first
	copied.Name = "copy"
	faulty := run(t, "a4", 40, func(r *report.Run) { r.State.Faults = []string{"slow client", "more"} })
	c := compared(t, first, run(t, "a2", 42, nil), &copied, cut, faulty)
	if n := c.Groups[0].counted(); n != 2 || len(c.Results[0].Cells[0].Values) != 2 {
		t.Errorf("%d runs count", n)
	}
	for _, want := range []string{"copy is a copy of a1", "a3 is in no mean: it did not come to its own end", "a4 is in no mean: slow client"} {
		if !strings.Contains(strings.Join(c.Notes, "\n"), want) {
			t.Errorf("notes %q lack %q", c.Notes, want)
		}
	}
	if _, err := Runs([]*report.Sheet{first}); err == nil {
		t.Error("one run is compared")
	}
}

// TestSettingsAreThoseOfDiff: the keys that differ are those that mlcfg diff
// finds between the manifests, and the machine, which that names above its
// table. (mlrun itself cannot import the compiler's diff.)
func TestSettingsAreThoseOfDiff(t *testing.T) {
	a := run(t, "a1", 40, nil)
	b := run(t, "b1", 30, func(r *report.Run) {
		seqs(768, false)(r)
		r.Manifest.Engine.Version, r.Manifest.Machine = "0.10.1", "beta"
		r.Manifest.EnvConfig = map[string]string{"NCCL_DEBUG": "WARN"}
		r.Manifest.SamplingConfig = map[string]any{"stop": []any{"a", "b"}}
		r.Manifest.HarnessConfig = map[string]any{"sorting": map[string]any{"strategy": "ascending"}}
		section, err := loadgen.ReadSection(r.Manifest.Loadgen)
		if err != nil {
			t.Fatal(err)
		}
		section.Settings.ServerTargetQPS = 120.5
		r.Manifest.Loadgen = section.Map()
	})
	c := compared(t, a, b)
	var got []string
	for _, d := range c.Settings {
		got = append(got, d.Key)
	}
	found := diff.Compare([]diff.Side{diff.FromManifest("a", a.Run().Manifest), diff.FromManifest("b", b.Run().Manifest)}, diff.Options{})
	want := []string{"machine"}
	for _, row := range found.Rows {
		want = append(want, row.Key)
	}
	normal := func(keys []string) []string {
		var out []string
		for _, k := range keys {
			k = strings.NewReplacer("vllm_engine_config", "engine_config", "vllm_sampling_config", "sampling_config").Replace(k)
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	if diff := cmp.Diff(normal(want), normal(got)); diff != "" {
		t.Errorf("(-mlcfg diff +mlrun report)\n%s", diff)
	}
}

func TestRatio(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{{"512", "768", "×1.5"}, {"0.5", "", ""}, {"x", "1", ""}, {"0", "1", ""}, {"1", "-1", ""}, {"2 (2s)", "4 (4s)", ""}} {
		d := Difference{Values: []string{test.a, test.b}}
		if got := d.Ratio(); got != test.want {
			t.Errorf("%s: %q, want %q", fmt.Sprint(test.a, " ", test.b), got, test.want)
		}
	}
}
