package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/tools/goldenfile"
)

// made is a run in memory: n requests, 100 a second where they are scheduled.
func made(scenario loadgen.Scenario, n int, state record.State, change func(*loadgen.Settings)) *Run {
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.OfflineExpectedQPS, s.MinDuration, s.MinQueryCount = scenario, 100, 100, 5*time.Second, 100
	if scenario == loadgen.Server {
		s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 200*time.Millisecond, 50*time.Millisecond
	}
	if change != nil {
		change(&s)
	}
	mode := "performance"
	if s.Mode == loadgen.AccuracyOnly {
		mode = "accuracy"
	}
	state.DatasetSamples = 64
	r := &Run{Path: "runs/made", Records: &record.Table{}, State: state, Manifest: &manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: strings.ToLower(fmt.Sprint(scenario)), TestMode: mode, Machine: "alpha", Backend: "vllm", Digest: "sha256:0123456789abcdef",
		Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EngineConfig: map[string]any{"max_num_seqs": 512, "dtype": nil},
		Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Round: "v5.1", Frozen: true}.Map(),
	}}
	for i := range n {
		at := time.Duration(i) * 10_000_000
		if scenario == loadgen.Offline {
			at = 0
		}
		if scenario == loadgen.SingleStream {
			at = time.Duration(i) * 60_000_000
		}
		first := max(at, time.Duration(i)*10_000_000) + 50_000_000
		query := uint64(i)
		if scenario == loadgen.Offline {
			query = 0
		}
		r.Records.Append(&record.Record{
			Seq: uint64(i), Query: query, Sample: uint32(i % 64), Replica: int32(i % 2), Scheduled: at, Issued: at + 1000, Sent: at + 1000,
			FirstToken: first, Done: first + 31*time.Duration(100+i%7)*100_000, InputTokens: 100, OutputTokens: 32, Status: record.OK, Finish: "length",
		})
	}
	return r
}

func fail(r *record.Record, cause string) {
	r.Status, r.Error, r.Done, r.FirstToken, r.OutputTokens = record.Failed, cause, r.Sent+5000, record.NotReached, 0
}

// change changes the records of a run.
func change(r *Run, f func(i int, rec *record.Record)) {
	rows := r.Records.Rows()
	for i := range rows {
		f(i, &rows[i])
	}
	r.Records = record.TableOf(rows)
}

func failOne(r *Run, which int, cause string) {
	change(r, func(i int, rec *record.Record) {
		if i == which {
			fail(rec, cause)
		}
	})
}

// abandon is what a run gave up at its end.
func abandon(r *record.Record) {
	r.Status, r.Done, r.FirstToken = record.Abandoned, record.NotReached, record.NotReached
}

func noneCompleted(n int) *Run {
	r := made(loadgen.Server, n, ended, nil)
	change(r, func(_ int, rec *record.Record) { fail(rec, "HTTP 500") })
	return r
}

func sheetOf(t *testing.T, r *Run) *Sheet {
	t.Helper()
	s, err := NewSheet(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSheetGolden(t *testing.T) {
	simulated := ended
	simulated.Simulated, simulated.Synthetic = true, true
	official := ended
	official.OfficialLoadGen = "5.1.2"
	tests := map[string]func() *Run{
		"server":    func() *Run { return made(loadgen.Server, 600, ended, nil) },
		"offline":   func() *Run { return made(loadgen.Offline, 600, ended, nil) },
		"stream":    func() *Run { return made(loadgen.SingleStream, 300, ended, nil) },
		"simulated": func() *Run { return made(loadgen.Server, 600, simulated, nil) },
		"accuracy": func() *Run {
			return made(loadgen.Offline, 64, ended, func(s *loadgen.Settings) { s.Mode = loadgen.AccuracyOnly })
		},
		"official": func() *Run {
			r := made(loadgen.Server, 600, official, nil)
			r.OfficialResult = "VALID"
			return r
		},
		"one":        func() *Run { return made(loadgen.Server, 1, ended, nil) },
		"all failed": func() *Run { return noneCompleted(200) },
		"slow": func() *Run {
			r := made(loadgen.Server, 600, ended, nil)
			change(r, func(i int, rec *record.Record) {
				if i%10 == 0 {
					rec.FirstToken += 400_000_000
					rec.Done += 400_000_000
				}
			})
			return r
		},
		"crashed": func() *Run {
			r := made(loadgen.Server, 30, record.State{Phase: record.Measuring}, nil)
			change(r, func(i int, rec *record.Record) {
				if i == 29 {
					abandon(rec)
				}
			})
			return r
		},
		"nothing": func() *Run { return made(loadgen.Server, 0, record.State{Phase: record.Starting}, nil) },
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			s := sheetOf(t, run())
			var text, md bytes.Buffer
			if err := WriteSheetText(&text, s); err != nil {
				t.Fatal(err)
			}
			if err := WriteSheetMarkdown(&md, s); err != nil {
				t.Fatal(err)
			}
			file := "sheet-" + strings.ReplaceAll(name, " ", "-")
			goldenfile.Check(t, filepath.Join("testdata", file+".txt"), text.Bytes())
			goldenfile.Check(t, filepath.Join("testdata", file+".md"), md.Bytes())
			js, err := json.Marshal(s) // no number in it is none
			if err != nil {
				t.Fatal(err)
			}
			if s.Simulated && !bytes.Contains(js, []byte(`"simulated":true`)) {
				t.Error("JSON does not say that the figures are simulated")
			}
		})
	}
}

// The whole of a small sheet as JSON, with a part of every kind in it.
func TestSheetJSON(t *testing.T) {
	simulated, end := ended, time.Date(2026, 1, 2, 3, 14, 15, 0, time.UTC)
	simulated.Simulated, simulated.Started, simulated.Ended = true, end.Add(-10*time.Minute), &end
	r := made(loadgen.Server, 20, simulated, func(s *loadgen.Settings) { s.TTFTLatency = 60 * time.Millisecond })
	r.Path = filepath.Join(t.TempDir(), "made")
	if err := os.Mkdir(r.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		record.MachineFile: `{"cpu":{"model":"x","cores":64},"memory_bytes":1610612736,"accelerators":[{"name":"H","slot":1},"other"],"none":null}`,
		record.PlanFile:    `{"engine":{"replicas":[{"command":["vllm","serve","--port","{port}"]}]}}`,
	} {
		if err := os.WriteFile(filepath.Join(r.Path, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	change(r, func(i int, rec *record.Record) {
		rec.Replica, rec.Stamped = int32(i/15), i%2 == 0
		rec.Sent += time.Duration(i) * time.Millisecond
		rec.FirstToken += time.Duration(i*i) * time.Millisecond
		rec.Done += time.Duration(i*i) * time.Millisecond
		if cause := map[int]string{3: "HTTP 500: request 17", 9: "HTTP 500: request 18", 16: "broken"}[i]; cause != "" {
			fail(rec, cause)
		}
		if i == 19 {
			abandon(rec)
		}
	})
	p := func(v float64) *float64 { return &v }
	for i := range 3 {
		r.Metrics = append(r.Metrics, metrics.Sample{At: int64(i) * 5e8, Replica: i % 2, Running: p(float64(8 - i)), Waiting: p(float64(i)), KVCache: p(0.25 * float64(i+1))})
	}
	r.Metrics = append(r.Metrics, metrics.Sample{At: 1, Replica: 7, Waiting: p(99)}) // no request went to it
	r.Manifest.EnvConfig = map[string]string{"VLLM_USE_V1": "1"}
	r.Manifest.HarnessConfig = map[string]any{"device_count": int64(8), "sorting": map[string]any{"strategy": "buckets"}, "unknown": 1}
	text, err := json.MarshalIndent(sheetOf(t, r), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	goldenfile.Check(t, filepath.Join("testdata", "sheet-whole.json"), append(text, '\n'))
}

// TestSheetAccountsForEveryRequest adds up again what was reduced.
func TestSheetAccountsForEveryRequest(t *testing.T) {
	r := made(loadgen.Server, 5000, ended, nil)
	change(r, func(i int, rec *record.Record) {
		if i == 4321 {
			rec.Done += 90_000_000_000 // one far out
		}
	})
	failOne(r, 17, "HTTP 500")
	s := sheetOf(t, r)
	for _, d := range s.Distributions {
		want := uint64(4999)
		if d.Name == "lateness" {
			want = 5000
		}
		var counted uint64
		for _, b := range d.Histogram {
			counted += b.Count
		}
		last := d.Quantiles[len(d.Quantiles)-1]
		if counted != want || d.Count != want || last.Share != 1 {
			t.Errorf("%s: %d counted in %d, the last quantile at %v; want %d, 1", d.Name, counted, d.Count, last.Share, want)
		}
		spread := map[string]*Spread{"TTFT": s.TTFT, "TPOT": s.TPOT, "latency": s.Latency, "lateness": s.Lateness}[d.Name]
		if last.MS != spread.MaxMS {
			t.Errorf("%s: the largest is %v, the summary's %v", d.Name, last.MS, spread.MaxMS)
		}
		if n := len(d.Quantiles) + len(d.Histogram); n > 400 {
			t.Errorf("%s takes %d points", d.Name, n)
		}
		for _, q := range d.Quantiles {
			// By the summary's rule: p99 is the element at trunc(N p).
			if at := int(math.Round(q.Share * float64(d.Count))); at == int(.99*float64(d.Count))+1 && q.MS != spread.P99MS {
				t.Errorf("%s: p99 %v, the summary's %v", d.Name, q.MS, spread.P99MS)
			}
		}
	}
	over := s.Distributions[2].Histogram
	if last := over[len(over)-1]; !last.Over || last.Count == 0 || last.ToMS != s.Latency.MaxMS {
		t.Errorf("the one far out is not told: %+v", last)
	}
	done, failed, tokens, flight := uint64(0), uint64(0), 0.0, 0.0
	for _, in := range s.Timeline.Intervals {
		done, failed = done+in.Completed, failed+in.Failed
		tokens += in.TokensPerSecond * s.Timeline.IntervalS
		flight += in.InFlight * s.Timeline.IntervalS
	}
	var wantFlight float64
	for _, rec := range r.Records.All() {
		wantFlight += float64(rec.Done-rec.Sent) / 1e9
	}
	if done != 4999 || failed != 1 || math.Abs(tokens-float64(s.OutputTokens)) > 1e-3 || math.Abs(flight-wantFlight) > 1e-6*wantFlight {
		t.Errorf("over time: %d completed, %d failed, %.3f tokens, %.3f s in flight; want 4999, 1, %d, %.3f", done, failed, tokens, flight, s.OutputTokens, wantFlight)
	}
	requests := 0
	for _, b := range s.Balance.Shares {
		requests += b.Requests
	}
	if requests != 5000 {
		t.Errorf("the replicas have %d requests", requests)
	}
	for _, q := range s.Slowest {
		if math.Abs(q.LateMS+q.WaitMS+q.DecodeMS-q.LatencyMS) > 1e-6 {
			t.Errorf("request %d: %v + %v + %v is not %v", q.Seq, q.LateMS, q.WaitMS, q.DecodeMS, q.LatencyMS)
		}
	}
	if s.Slowest[0].Seq != 4321 || !slices.IsSortedFunc(s.Slowest, func(a, b Slow) int { return int(b.LatencyMS - a.LatencyMS) }) || len(s.Slowest) != slowest {
		t.Errorf("slowest: %+v", s.Slowest)
	}
}

// TestQuantilesReachTheLargest, and rise, for any number of times.
func TestQuantilesReachTheLargest(t *testing.T) {
	var sorted []time.Duration
	for n := 1; n <= 3000; n++ {
		sorted = append(sorted, time.Duration(n)*1_000_000)
		list := quantiles(sorted)
		if last := list[len(list)-1]; last.Share != 1 || last.MS != float64(n) {
			t.Fatalf("of %d the last is %+v", n, last)
		}
		if !slices.IsSortedFunc(list, func(a, b Quantile) int { return cmp.Compare(a.Share, b.Share) }) || len(list) > 260 {
			t.Fatalf("of %d: %d quantiles, or not in order", n, len(list))
		}
	}
}

// TestPeaksAreKept: an engine that spoke more often than can be shown loses no peak.
func TestPeaksAreKept(t *testing.T) {
	r := made(loadgen.Server, 100, ended, nil)
	for i := range 10_000 {
		waiting := 1.0
		if i == 7777 {
			waiting = 50
		}
		r.Metrics = append(r.Metrics, metrics.Sample{At: int64(i) * 1e8, Replica: i % 2, Waiting: &waiting})
	}
	s := sheetOf(t, r)
	most := 0.0
	for _, c := range s.EngineCurves {
		if len(c.Points) > mostIntervals {
			t.Errorf("replica %d has %d points", c.Replica, len(c.Points))
		}
		for _, p := range c.Points {
			most = max(most, *p.Waiting)
		}
	}
	if most != 50 || *s.Balance.Shares[1].PeakWaiting != 50 || *s.Balance.Shares[0].PeakWaiting != 1 {
		t.Errorf("the peak is %v, by replica %v and %v", most, *s.Balance.Shares[0].PeakWaiting, *s.Balance.Shares[1].PeakWaiting)
	}
}

// TestCausesAreBounded: an engine that puts a word of its own into each message
// does not make an endless list.
func TestCausesAreBounded(t *testing.T) {
	r := made(loadgen.Server, 500, ended, nil)
	change(r, func(i int, rec *record.Record) { fail(rec, fmt.Sprintf("request %s refused", strings.Repeat("x", i))) })
	s := sheetOf(t, r)
	var n uint64
	for _, f := range s.Failures {
		n += f.Requests
	}
	if len(s.Failures) != mostCauses+1 || n != 500 {
		t.Errorf("%d causes for %d requests", len(s.Failures), n)
	}
}

// TestConditionsAreTheVerdict: a run is VALID exactly where every condition is met.
func TestConditionsAreTheVerdict(t *testing.T) {
	for _, n := range []int{1, 99, 400, 600, 2000} {
		if none := sheetOf(t, noneCompleted(n)); none.Valid || none.ScheduledSamplesPerSecond != nil || none.Conditions[2].Met {
			t.Errorf("%d requests, all failed: %+v", n, none.Conditions)
		}
		for _, ttft := range []time.Duration{20, 49, 50, 51, 200} {
			r := made(loadgen.Server, n, ended, func(s *loadgen.Settings) { s.TTFTLatency = ttft * time.Millisecond })
			s := sheetOf(t, r)
			met := true
			for _, c := range s.Conditions {
				met = met && c.Met
				if !c.Met && c.Change == "" {
					t.Errorf("%d requests, limit %d ms: %s says nothing of what to change", n, ttft, c.Name)
				}
			}
			if met != s.Valid {
				t.Errorf("%d requests, limit %d ms: conditions met %v, valid %v", n, ttft, met, s.Valid)
			}
		}
	}
}

func TestEnvironmentOfAnyMachineFile(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"cpu":"x","memory_bytes":2147483648,"accelerators":["a","b"],"driver":{"name":"n","version":2}}`: "accelerators=a; b cpu=x driver.name=n driver.version=2 memory_bytes=2.0 GiB",
		`{"gpus":[{"name":"H","slot":1}],"none":null}`:                                                     "gpus=name H, slot 1",
		`[]`: "", `{`: "", "": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, record.MachineFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var got []string
		for k, v := range Machine(dir) {
			got = append(got, k+"="+v)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func BenchmarkSheetOfAMillion(b *testing.B) {
	r := made(loadgen.Server, 1_000_000, ended, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewSheet(r); err != nil {
			b.Fatal(err)
		}
	}
}
