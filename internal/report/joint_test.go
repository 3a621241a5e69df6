package report

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// A run with a fault did not come to its own end, whatever its records say; what
// the INVALID file says is a reason, once.
func TestFaultsAndProblems(t *testing.T) {
	faulty := ended
	faulty.Faults = []string{"the power script failed"}
	dir := fixture(t, 600, faulty, nil)
	if err := os.WriteFile(filepath.Join(dir, record.InvalidFile), []byte("the power script failed\n\n  the disk was full  \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := judged(t, dir).Summary
	if want := []string{"the power script failed", "the disk was full"}; sum.Valid || sum.Complete || !slices.Equal(sum.Reasons, want) {
		t.Errorf("valid %t, complete %t, %q; want %q", sum.Valid, sum.Complete, sum.Reasons, want)
	}
	if sum := judged(t, fixture(t, 600, ended, nil)).Summary; !sum.Complete || !sum.Valid {
		t.Errorf("%+v", sum)
	}
	results := record.State{Phase: record.Results, Program: "mlrun test"}
	if sum := judged(t, fixture(t, 600, results, nil)).Summary; sum.Complete || !sum.Valid {
		t.Errorf("judged before the state says ended: %+v", sum)
	}
}

// What the official LoadGen wrote is the verdict of a run that it issued.
func TestOfficialVerdict(t *testing.T) {
	official := ended
	official.OfficialLoadGen = "5.1.2"
	for text, want := range map[string]struct {
		valid  bool
		reason string
	}{
		"Result is : VALID\n":   {true, ""},
		"Result is : INVALID\n": {false, "the official LoadGen's result is INVALID: see mlperf_log_summary.txt"},
		"no result":             {false, "the official LoadGen wrote no result"},
	} {
		dir := fixture(t, 600, official, nil)
		if err := os.WriteFile(filepath.Join(dir, loadgen.SummaryName), []byte("=====\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		if sum := judged(t, dir).Summary; sum.Valid != want.valid || want.reason != "" && !slices.Contains(sum.Reasons, want.reason) {
			t.Errorf("%q: valid %t, %q", text, sum.Valid, sum.Reasons)
		}
	}
	// Why it is INVALID is said as of any run.
	dir := fixture(t, 30, official, nil)
	if err := os.WriteFile(filepath.Join(dir, loadgen.SummaryName), []byte("Result is : INVALID\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if sum := judged(t, dir).Summary; !slices.Contains(sum.Reasons, MinQueries) {
		t.Errorf("%q", sum.Reasons)
	}
	if sum := judged(t, fixture(t, 600, official, nil)).Summary; sum.Valid || !slices.Contains(sum.Reasons, "the official LoadGen wrote no result") {
		t.Errorf("without a summary: %q", sum.Reasons)
	}
}

// The course of six seconds in halves, by hand: requests that end on either side of a
// boundary, one that failed, one that never ended, one that was not streamed.
func TestTimeline(t *testing.T) {
	s := func(halves float64) time.Duration { return time.Duration(halves * 0.5e9) }
	rows := []record.Record{
		{Seq: 0, Scheduled: 0, Sent: s(0.25), FirstToken: s(1), Done: s(3), OutputTokens: 20, Status: record.OK},
		{Seq: 1, Scheduled: s(2), Sent: s(2), FirstToken: s(2.5), Done: s(2.5), OutputTokens: 7, Status: record.OK},
		{Seq: 2, Scheduled: s(2.75), Sent: s(3.25), FirstToken: record.NotReached, Done: s(4.5), Status: record.Failed},
		{Seq: 3, Scheduled: s(5), Sent: s(5.5), FirstToken: record.NotReached, Done: s(6.5), OutputTokens: 9, Status: record.OK},
		{Seq: 4, Scheduled: s(8), Sent: s(8), FirstToken: record.NotReached, Done: record.NotReached, Status: record.Abandoned},
		{Seq: 5, Scheduled: s(9), Sent: record.NotReached, FirstToken: record.NotReached, Done: s(12), Status: record.Failed},
	}
	got := timeline(record.TableOf(rows), true)
	if got == nil || got.IntervalS != 0.5 || len(got.Intervals) != 12 {
		t.Fatalf("%+v", got)
	}
	p := func(v float64) *float64 { return &v }
	want := make([]Interval, 12)
	for i := range want {
		want[i].FromS = float64(i) / 2
	}
	set := func(i int, change func(*Interval)) { change(&want[i]) }
	set(0, func(in *Interval) { in.InFlight, in.LatenessMS = 0.75, p(125) })
	set(1, func(in *Interval) {
		in.InFlight, in.TokensPerSecond, in.TTFTP50MS, in.TTFTP99MS = 1, 20, p(500), p(500)
	})
	set(2, func(in *Interval) {
		in.InFlight, in.TokensPerSecond, in.Completed, in.SamplesPerSecond = 1.5, 34, 1, 2
		in.TTFTP50MS, in.TTFTP99MS, in.LatenessMS = p(250), p(250), p(250)
	})
	set(3, func(in *Interval) { in.InFlight, in.Completed, in.SamplesPerSecond = 0.75, 1, 2 })
	set(4, func(in *Interval) { in.InFlight, in.Failed = 0.5, 1 })
	set(5, func(in *Interval) { in.InFlight, in.LatenessMS = 0.5, p(250) })
	set(6, func(in *Interval) { in.InFlight, in.TokensPerSecond, in.Completed, in.SamplesPerSecond = 0.5, 18, 1, 2 })
	for i := 8; i < 12; i++ {
		set(i, func(in *Interval) { in.InFlight = 1 })
	}
	set(8, func(in *Interval) { in.LatenessMS = p(0) })
	set(11, func(in *Interval) { in.Failed = 1 })
	if diff := cmp.Diff(want, got.Intervals, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if timeline(nil, true) != nil || timeline(record.TableOf([]record.Record{{Done: record.NotReached, Sent: record.NotReached, FirstToken: record.NotReached}}), true) != nil {
		t.Error("there is a course of a run in which nothing took any time")
	}
	for _, in := range timeline(record.TableOf(rows), false).Intervals {
		if in.LatenessMS != nil {
			t.Error("lateness is shown where no schedule is kept")
		}
	}
}

// Each point of a long curve is the peak of its own stretch of time.
func TestPeaksByInterval(t *testing.T) {
	const each = 10
	var samples []metrics.Sample
	for i := range mostIntervals * each {
		running, waiting := float64(i%each), float64(i)
		m := metrics.Sample{At: int64(i) * 1e9, Running: &running}
		if i%2 == 0 {
			m.Waiting = &waiting
		}
		samples = append(samples, m)
	}
	kv := 0.5
	samples = append(samples, metrics.Sample{Replica: 3, KVCache: &kv}, metrics.Sample{Replica: 4}, metrics.Sample{Replica: -1, KVCache: &kv}, metrics.Sample{Replica: mostReplicas + 1, KVCache: &kv}, metrics.Sample{Replica: mostReplicas, KVCache: &kv})
	curves := engineCurves(samples)
	if len(curves) != 3 || curves[0].Replica != 0 || curves[1].Replica != 3 || curves[2].Replica != mostReplicas || *curves[1].Points[0].KVCache != kv {
		t.Fatalf("%d curves", len(curves))
	}
	points := curves[0].Points
	if len(points) != mostIntervals {
		t.Fatalf("%d points", len(points))
	}
	for i, p := range points {
		from := i * (mostIntervals*each - 1) / mostIntervals
		if *p.Running != each-1 || p.KVCache != nil || int(p.AtS) < from || int(p.AtS) > from+1 || *p.Waiting < p.AtS || *p.Waiting > p.AtS+each {
			t.Errorf("point %d at %v s: running %v, waiting %v", i, p.AtS, *p.Running, *p.Waiting)
		}
	}
	// However damaged a file is, a curve has no more points than can be shown.
	for i := range samples {
		samples[i].At = 0
	}
	if points := engineCurves(samples)[0].Points; len(points) != 1 || *points[0].Running != each-1 {
		t.Errorf("all at once: %d points, %+v", len(points), points[0])
	}
}

// A sheet does not hold on to the records that it is of.
func TestSheetLetsGo(t *testing.T) {
	r := made(loadgen.Server, 100, ended, nil)
	r.Metrics = append(r.Metrics, metrics.Sample{})
	s := sheetOf(t, r)
	if run := s.Run(); run.Records != nil || run.Metrics != nil || run.Path != r.Path || r.Records.Len() != 100 {
		t.Errorf("%+v", run)
	}
}

// Offline and multistream, a query is what the records say it is.
func TestSamples(t *testing.T) {
	rows := []record.Record{
		{Query: 0, Scheduled: 1, Issued: 2, FirstToken: 3, Done: 4, OutputTokens: 5, Status: record.OK},
		{Query: 0, Scheduled: 6, Issued: 7, FirstToken: 8, Done: 9, OutputTokens: 10, Status: record.TimedOut},
		{Query: 1, Scheduled: 11, Issued: 12, FirstToken: record.NotReached, Done: 13, OutputTokens: 14, Status: record.OK},
		{Query: 1, Scheduled: 15, Issued: 16, FirstToken: 17, Done: 18, OutputTokens: 19, Status: record.OK},
	}
	for scenario, want := range map[loadgen.Scenario]int{loadgen.Server: 1, loadgen.SingleStream: 1, loadgen.Offline: 4, loadgen.MultiStream: 2} {
		of := samplesOf(record.TableOf(rows), scenario)
		if of.PerQuery() != want {
			t.Errorf("%v: %d samples a query, want %d", scenario, of.PerQuery(), want)
		}
		const never = loadgen.NotReached
		expected := []loadgen.Sample{
			{Scheduled: 1, Issued: 2, Done: 4, FirstToken: 3, Tokens: 5},
			{Scheduled: 6, Issued: 7, Done: never, FirstToken: never, Tokens: 10},
			{Scheduled: 11, Issued: 12, Done: 13, FirstToken: never, Tokens: 14},
			{Scheduled: 15, Issued: 16, Done: 18, FirstToken: 17, Tokens: 19},
		}
		var got []loadgen.Sample
		for i := range of.Len() {
			got = append(got, of.At(i))
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%v: %s", scenario, diff)
		}
	}
	if got := samplesOf(record.TableOf(rows[:2]), loadgen.MultiStream).PerQuery(); got != 2 {
		t.Errorf("one query of two: %d", got)
	}
}

// What is above a limit is counted, at the limit is not; without token latencies
// the limit is that of the whole answer.
func TestLimits(t *testing.T) {
	late := func(i int, r *record.Record) {
		if i < 7 {
			r.FirstToken, r.Done = r.Scheduled+200_000_001, r.Scheduled+2_000_000_001
		} else {
			r.FirstToken, r.Done = r.Scheduled+200_000_000, r.Scheduled+200_000_000+31*50_000_000
		}
	}
	for _, tokens := range []bool{true, false} {
		r := made(loadgen.Server, 600, ended, func(s *loadgen.Settings) {
			s.UseTokenLatencies = tokens
			s.ServerTargetLatency = 2 * time.Second
		})
		change(r, late)
		s := sheetOf(t, r)
		names := map[string]bool{}
		for _, c := range s.Conditions {
			names[c.Name] = true
		}
		if names["TTFT limit"] != tokens || names["TPOT limit"] != tokens || names["latency limit"] == tokens {
			t.Errorf("token latencies %t: %v", tokens, names)
		}
		for _, d := range s.Distributions {
			want := uint64(0)
			limited := tokens && (d.Name == "TTFT" || d.Name == "TPOT") || !tokens && d.Name == "latency"
			switch {
			case limited && d.Name == "TPOT":
				want = 7 // (2 s - 0.2 s) over 31 tokens is 58 ms
			case limited:
				want = 7
			}
			if (d.LimitMS != nil) != limited || d.Above != want {
				t.Errorf("token latencies %t, %s: limit %v, %d above, want %d", tokens, d.Name, d.LimitMS, d.Above, want)
			}
		}
	}
}

// What helps a run of too few queries depends on what ended it; each condition that is not
// met has LoadGen's advice beside it.
func TestWhatToChange(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*loadgen.Settings)
		failed bool
		want   string
	}{
		"it ended by itself": {nil, false, "let the run end by itself; how many queries there must be is set by *.Server.min_query_count in user.conf and *.Server.min_duration in user.conf"},
		"a longest duration": {func(s *loadgen.Settings) { s.MaxDuration = time.Minute }, false, "the run ends at an upper limit: raise it or take it out, *.Server.max_duration in user.conf"},
		"a largest count":    {func(s *loadgen.Settings) { s.MaxQueryCount = 1000 }, false, "the run ends at an upper limit: raise it or take it out, *.Server.max_query_count in user.conf"},
		"both": {
			func(s *loadgen.Settings) { s.MaxDuration, s.MaxQueryCount = time.Minute, 1000 }, false,
			"the run ends at an upper limit: raise it or take it out, *.Server.max_duration in user.conf, *.Server.max_query_count in user.conf",
		},
		"failures": {func(s *loadgen.Settings) { s.MaxQueryCount = 1000 }, true, "find out why requests failed: every sample has to be completed"},
	} {
		r := made(loadgen.Server, 30, ended, c.change)
		if c.failed {
			failOne(r, 3, "HTTP 500")
		}
		for _, got := range sheetOf(t, r).Conditions {
			if got.Name == "minimum queries" && (got.Met || got.Change != c.want) {
				t.Errorf("%s: %+v, want %s", name, got, c.want)
			}
			if (got.Name == "minimum duration" || got.Name == "early stopping") && (got.Met || got.Advice == "" || strings.Contains(got.Advice, "Run successful")) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	// A benchmark that the round does not have is held to LoadGen's limits for all: that is said.
	r := made(loadgen.Server, 600, ended, func(s *loadgen.Settings) { s.TTFTLatency = time.Millisecond })
	r.Manifest.Loadgen["benchmark"] = "own-model"
	for _, got := range sheetOf(t, r).Conditions {
		if got.Name == "TTFT limit" && (got.Met || !strings.HasPrefix(got.Change, "the limit is LoadGen's for all: round v5.1 has none of own-model; write your own into user.conf (own-model.Server.")) {
			t.Errorf("%+v", got)
		}
	}
}

// A run of accuracy and performance is judged by its performance phase alone, however much
// of it there is; without any there is no verdict.
func TestSubmissionRun(t *testing.T) {
	const accuracy = 64 // as many as the data set has
	for performance, want := range map[int]struct{ samples, judged bool }{600: {true, true}, 0: {false, false}} {
		r := made(loadgen.Server, accuracy+performance, ended, func(s *loadgen.Settings) { s.Mode = loadgen.SubmissionRun })
		change(r, func(i int, rec *record.Record) {
			if i < accuracy { // which are slow
				rec.FirstToken, rec.Done = rec.FirstToken+time.Minute, rec.Done+time.Minute
			} else {
				back := time.Duration(accuracy) * 10_000_000
				rec.Scheduled, rec.Issued, rec.Sent, rec.FirstToken, rec.Done = rec.Scheduled-back, rec.Issued-back, rec.Sent-back, rec.FirstToken-back, rec.Done-back
			}
		})
		s := sheetOf(t, r)
		if (len(s.Conditions) > 0) != want.judged || s.Valid != want.judged || slices.Contains(s.Reasons, "no request of the performance phase was recorded") == want.judged || want.samples && (s.Samples != uint64(performance) || s.TTFT.MaxMS > 1000) {
			t.Errorf("%d of performance: %d samples, valid %t, %q", performance, s.Samples, s.Valid, s.Reasons)
		}
	}
}

// How the engine was started is told from the plan, where that is there.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	if got := command(dir); got != "" {
		t.Errorf("without a plan: %q", got)
	}
	for text, want := range map[string]string{`{"engine":{"replicas":[{"command":["vllm","serve"]},{"command":["x"]}]}}`: "vllm serve", `{"engine":{"replicas":[]}}`: "", `{`: ""} {
		if err := os.WriteFile(filepath.Join(dir, record.PlanFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := command(dir); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// LoadGen's rules are asked in one place: whatever shows a verdict shows that of [Judge].
func TestJudgedInOnePlace(t *testing.T) {
	var callers []string
	for _, top := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for line := range strings.Lines(string(text)) {
				if strings.Contains(line, "loadgen.Judge(") && !strings.HasPrefix(strings.TrimSpace(line), "//") {
					callers = append(callers, path)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(callers, []string{"../../internal/report/judge.go"}) {
		t.Errorf("runs are judged in %q", callers)
	}
}

// A manifest whose settings cannot be read has neither judgement nor sheet.
func TestJudgeRefuses(t *testing.T) {
	r := made(loadgen.Server, 10, ended, nil)
	r.Manifest.Loadgen = map[string]any{"server_target_qps": "fast"}
	if j, err := Judge(r); err == nil || j != nil {
		t.Errorf("%v, %v", j, err)
	}
	nothing := made(loadgen.Server, 10, ended, func(s *loadgen.Settings) {
		s.Mode, s.PerformanceIssueSame, s.PerformanceIssueSameIndex = loadgen.SubmissionRun, true, 64
	})
	if j, err := Judge(nothing); err == nil || j != nil || !strings.HasPrefix(err.Error(), "laying out the test: ") {
		t.Errorf("%v, %v", j, err)
	}
	if s, err := NewSheet(r); err == nil || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

// Of several late requests due in one interval the worst shows.
func TestWorstLateness(t *testing.T) {
	var rows []record.Record
	for i, late := range []time.Duration{3e6, 9e6, 5e6} {
		at := time.Duration(i) * 1e6
		rows = append(rows, record.Record{Scheduled: at, Sent: at + late, FirstToken: record.NotReached, Done: 1e9, Status: record.OK})
	}
	if in := timeline(record.TableOf(rows), true).Intervals[0]; in.LatenessMS == nil || *in.LatenessMS != 9 {
		t.Errorf("%+v", in)
	}
}
