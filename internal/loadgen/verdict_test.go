package loadgen

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/record/percentile"
)

func serverSettings(tokens bool) *Effective {
	q := DefaultSettings()
	q.Scenario = Server
	q.ServerTargetQPS = 100
	q.MinDuration, q.MinQueryCount = time.Second, 100
	q.UseTokenLatencies = tokens
	q.TTFTLatency, q.TPOTLatency = 2*time.Second, 200*time.Millisecond
	e, err := q.Effective(Library{TotalSampleCount: 100, PerformanceSampleCount: 100})
	if err != nil {
		panic(err)
	}
	return &e
}

// serverRecords are n queries, 10 ms apart, that take the same time each.
func serverRecords(n int, latency, ttft time.Duration, tokens int64) *Records {
	r := &Records{SamplesPerQuery: 1}
	for i := range int64(n) {
		at := i * 10_000_000
		r.Scheduled = append(r.Scheduled, at)
		r.Issued = append(r.Issued, at+1000)
		r.FirstToken = append(r.FirstToken, at+ttft.Nanoseconds())
		r.Done = append(r.Done, at+latency.Nanoseconds())
		r.Tokens = append(r.Tokens, tokens)
	}
	return r
}

func mustJudge(t *testing.T, s *Effective, r *Records) (Verdict, Summary) {
	t.Helper()
	v, sum, err := Judge(s, r)
	if err != nil {
		t.Fatal(err)
	}
	return v, sum
}

func TestJudgeServer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		tokens  bool
		records *Records
		change  func(*Records)
		want    string // conditions that are not met
		advice  string
	}{
		{name: "good", records: serverRecords(1000, 50*time.Millisecond, 0, 0)},
		{name: "slow", records: serverRecords(1000, 150*time.Millisecond, 0, 0), want: "perf early", advice: "Reduce target QPS to improve latency."},
		{name: "at the limit", records: serverRecords(1000, 100*time.Millisecond, 0, 0)},
		{name: "short", records: serverRecords(101, 50*time.Millisecond, 0, 0), want: "early"},
		{name: "shorter than the minimum", records: serverRecords(100, 50*time.Millisecond, 0, 0), want: "duration early"},
		{name: "few", records: serverRecords(99, 50*time.Millisecond, 0, 0), want: "duration queries early"},
		{name: "tokens", tokens: true, records: serverRecords(1000, 3*time.Second, time.Second, 11)},
		{
			name: "late first token", tokens: true, records: serverRecords(1000, 3*time.Second, 2500*time.Millisecond, 11),
			want: "perf early", advice: "TTFT constrain not met: Reduce target QPS to improve latency.",
		},
		{
			name: "both late", tokens: true, records: serverRecords(1000, 9*time.Second, 2500*time.Millisecond, 11),
			want: "perf early", advice: "TTFT constrain not met: Reduce target QPS to improve latency.\n * TPOT constrain not met: Reduce target QPS to improve latency.",
		},
		{name: "one token each: negative TPOT passes", tokens: true, records: serverRecords(1000, 9*time.Second, time.Second, 1)},
		{
			name: "a sample without a response", records: serverRecords(1000, 50*time.Millisecond, 0, 0),
			change: func(r *Records) { r.Done[500] = NotReached }, want: "queries",
		},
		{
			name: "the last without a response", records: serverRecords(1000, 50*time.Millisecond, 0, 0),
			change: func(r *Records) { r.Done[999] = NotReached }, want: "queries",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.change != nil {
				tt.change(tt.records)
			}
			v, _ := mustJudge(t, serverSettings(tt.tokens), tt.records)
			var failed []string
			for _, c := range []struct {
				name string
				met  bool
			}{{"perf", v.PerfConstraintsMet}, {"duration", v.MinDurationMet}, {"queries", v.MinQueriesMet}, {"early", v.EarlyStoppingMet}} {
				if !c.met {
					failed = append(failed, c.name)
				}
			}
			if got := strings.Join(failed, " "); got != tt.want || v.Valid != (tt.want == "") {
				t.Errorf("not met: %q, valid %v; want %q", got, v.Valid, tt.want)
			}
			if v.PerfAdvice != tt.advice {
				t.Errorf("advice %q, want %q", v.PerfAdvice, tt.advice)
			}
		})
	}
}

// TPOT is judged first: where it fails, TTFT is not judged.
func TestEarlyStoppingOrder(t *testing.T) {
	v, _ := mustJudge(t, serverSettings(true), serverRecords(1000, 9*time.Second, 3*time.Second, 11))
	if v.EarlyStoppingTTFT != "" || !strings.Contains(v.EarlyStoppingTPOT, "Run unsuccessful") {
		t.Errorf("TTFT %q, TPOT %q", v.EarlyStoppingTTFT, v.EarlyStoppingTPOT)
	}
	v, _ = mustJudge(t, serverSettings(true), serverRecords(1000, 4*time.Second, 3*time.Second, 11))
	if v.EarlyStoppingTPOT != " * Run successful." || !strings.Contains(v.EarlyStoppingTTFT, "Run unsuccessful") {
		t.Errorf("TTFT %q, TPOT %q", v.EarlyStoppingTTFT, v.EarlyStoppingTPOT)
	}
}

func TestTimePerOutputToken(t *testing.T) {
	for _, tt := range []struct{ ttft, latency, tokens, want, counted int64 }{
		{100, 1100, 11, 100, 11},
		{100, 1109, 11, 100, 11},
		{100, 1100, 2, 1000, 2},
		{100, 1100, 1, -1000, 0},
		{100, 1100, 0, -1000, 0},
		{100, 1100, -5, -1000, 0},
		// Without a first token before the end LoadGen subtracts its mark, and wraps.
		{1100, 100, 11, (math.MinInt64 + 100) / 10, 11},
		{NotReached, 1100, 11, (math.MinInt64 + 1100) / 10, 11},
	} {
		r := &Records{SamplesPerQuery: 1, Scheduled: []int64{0}, Issued: []int64{0}, FirstToken: []int64{tt.ttft}, Done: []int64{tt.latency}, Tokens: []int64{tt.tokens}}
		m := measure(r, false, true, true)
		if m.tpot[0] != tt.want || m.tokens != uint64(tt.counted) {
			t.Errorf("%+v: TPOT %d, %d tokens", tt, m.tpot[0], m.tokens)
		}
	}
}

func TestJudgeRefusesRecordsThatDoNotFit(t *testing.T) {
	good := serverRecords(10, time.Second, time.Second, 5)
	for name, change := range map[string]func(r *Records){
		"none":         func(r *Records) { *r = Records{SamplesPerQuery: 1} },
		"no size":      func(r *Records) { r.SamplesPerQuery = 0 },
		"part":         func(r *Records) { r.SamplesPerQuery = 3 },
		"issued":       func(r *Records) { r.Issued = r.Issued[1:] },
		"done":         func(r *Records) { r.Done = nil },
		"tokens":       func(r *Records) { r.Tokens = nil },
		"first tokens": func(r *Records) { r.FirstToken = r.FirstToken[:3] },
	} {
		r := *good
		change(&r)
		if _, _, err := Judge(serverSettings(true), &r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestJudgeMultiStream(t *testing.T) {
	q := DefaultSettings()
	q.Scenario, q.MultiStreamSamplesPerQuery, q.MinQueryCount, q.MinDuration = MultiStream, 2, 2, 0
	s, err := q.Effective(Library{TotalSampleCount: 8, PerformanceSampleCount: 8})
	if err != nil {
		t.Fatal(err)
	}
	r := &Records{
		SamplesPerQuery: 2,
		Scheduled:       []int64{0, 0, 100, 100, 200, 200}, Issued: []int64{0, 0, 100, 100, 200, 200},
		Done: []int64{10, 90, 140, 130, 210, 205},
	}
	v, sum := mustJudge(t, &s, r)
	if sum.Queries != 3 || sum.Samples != 6 || sum.QueryLatency.Max != 90 || sum.QueryLatency.Min != 10 || sum.QueryLatency.Mean != 46 || sum.Latency.Min != 5 {
		t.Errorf("%+v", sum)
	}
	if want := " * Only processed 3 queries.\n * Need to process at least 662 queries for early stopping."; v.EarlyStopping != want || v.EarlyStoppingMet {
		t.Errorf("early stopping %q", v.EarlyStopping)
	}
}

// One order statistic never decreases with the percentile, and every one is one
// of the latencies; the order of the records does not matter.
func TestDistributionProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 3000; n += 1 + n/7 {
		latencies := make([]int64, n)
		for i := range latencies {
			latencies[i] = rng.Int64N(1 << 40)
		}
		shuffled := slices.Clone(latencies)
		rng.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		d, other := distribute(latencies, .9), distribute(shuffled, .9)
		if diff := cmp.Diff(d, other); diff != "" {
			t.Fatalf("n=%d: order matters:\n%s", n, diff)
		}
		before := d.Min
		for i, p := range d.Percentiles {
			if _, found := slices.BinarySearch(latencies, p); !found || p < before {
				t.Fatalf("n=%d: percentile %v is %d after %d", n, reported[i], p, before)
			}
			before = p
		}
		if before > d.Max || d.Mean < d.Min || d.Mean > d.Max || d.Target != d.Percentiles[1] {
			t.Fatalf("n=%d: %+v", n, d)
		}
		limit := rng.Int64N(1 << 40)
		var above int64
		for _, l := range latencies {
			if l > limit {
				above++
			}
		}
		if got := countAbove(latencies, limit); got != above {
			t.Fatalf("n=%d: %d above, want %d", n, got, above)
		}
	}
}

func TestPercentileIndex(t *testing.T) {
	sorted := make([]int64, 1000)
	for i := range sorted {
		sorted[i] = int64(i)
	}
	for _, tt := range []struct {
		n    int
		p    float64
		want int64
	}{
		{1, .5, 0},
		{1, .999, 0},
		{2, .5, 1},
		{100, .99, 99},
		{100, .97, 97},
		{101, .99, 99},
		{1000, .999, 999},
		{200, .9, 180},
		{10, 0, 0},
		{10, 1, 9},
		{10, 2, 9},
		{10, -1, 0},
		{10, math.NaN(), 0},
		{10, math.Inf(1), 9},
	} {
		if got := percentile.Of(sorted[:tt.n], tt.p); got != tt.want {
			t.Errorf("n=%d p=%v: %d, want %d", tt.n, tt.p, got, tt.want)
		}
	}
}

func TestMeanWrapsAsLoadGensDoes(t *testing.T) {
	if got := mean([]int64{1, 2, 4}); got != 2 {
		t.Errorf("got %d", got)
	}
	if got := mean([]int64{-1000, -1000}); got != math.MaxInt64-999 {
		t.Errorf("got %d", got)
	}
}

// More latency never turns an invalid Server run valid.
func TestVerdictIsMonotone(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := serverSettings(false)
	for range 50 {
		n := 100 + rng.IntN(2000)
		r := serverRecords(n, 0, 0, 0)
		for i := range r.Done {
			r.Done[i] += int64(rng.ExpFloat64() * 25e6)
		}
		before, _ := mustJudge(t, s, r)
		for i := range r.Done {
			r.Done[i] += rng.Int64N(20e6)
		}
		if after, _ := mustJudge(t, s, r); after.Valid && !before.Valid {
			t.Fatalf("%+v\n%+v", before, after)
		}
	}
}

func BenchmarkJudgeMillion(b *testing.B) {
	const n = 1_000_000
	rng := rand.New(rand.NewPCG(5, 6))
	r := serverRecords(n, 0, 0, 0)
	for i := range r.Done {
		first := rng.Int64N(2e9)
		r.FirstToken[i] += first
		r.Done[i] += first + rng.Int64N(20e9)
		r.Tokens[i] = 2 + rng.Int64N(1000)
	}
	for name, tokens := range map[string]bool{"plain": false, "tokens": true} {
		s := serverSettings(tokens)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, _, err := Judge(s, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The time that the minimum duration is held to, by scenario, at its edge.
func TestDurationAdvice(t *testing.T) {
	for _, c := range []struct {
		scenario Scenario
		advice   string
	}{
		{Offline, "Increase expected QPS so the loadgen pre-generates a larger (coalesced) query."},
		{Server, "Increase the target QPS so the loadgen pre-generates more queries."},
		{SingleStream, "Decrease the expected latency so the loadgen pre-generates more queries."},
		{MultiStream, "Decrease the expected latency so the loadgen pre-generates more queries."},
	} {
		e := &Effective{Requested: Settings{Scenario: c.scenario}, MinDuration: 2500 * time.Millisecond}
		for seconds, want := range map[float64]string{2.5: "", 3: "", 2.4999: c.advice, 0: c.advice} {
			sum := &Summary{MaxLatency: 99, FinalScheduled: 99, FinalIssued: 99}
			switch c.scenario {
			case Offline:
				sum.MaxLatency = seconds
			case Server:
				sum.FinalScheduled = seconds
			default:
				sum.FinalIssued = seconds
			}
			if got := durationAdvice(e, sum); got != want {
				t.Errorf("%v after %v s: %q, want %q", c.scenario, seconds, got, want)
			}
		}
	}
}
