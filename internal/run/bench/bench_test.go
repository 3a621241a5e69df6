package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

func TestParseLoads(t *testing.T) {
	for _, c := range []struct{ rates, concurrencies, want string }{
		{"4", "", "rate-4"},
		{"0.5, 2", "1,8", "rate-0.5 rate-2 concurrency-1 concurrency-8"},
		{"0", "", `the rate "0" is no number`},
		{"inf", "", `the rate "inf" is no number`},
		{"nan", "", `the rate "nan" is no number`},
		{"", "0", `the concurrency "0" is no number`},
		{"", "99999", "from 1 to 4096"},
		{"4,4.0", "", "the load 4/s is given twice"},
		{"4,", "", `the rate "" is no number`},
	} {
		loads, err := ParseLoads(c.rates, c.concurrencies)
		var names []string
		for _, l := range loads {
			names = append(names, l.Name())
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%q, %q: got %q, want %q", c.rates, c.concurrencies, got, c.want)
		}
	}
}

func TestManifest(t *testing.T) {
	b, _ := backend.Of(backend.VLLM)
	target := &engine.Found{URL: "http://127.0.0.1:1", Models: []string{"m"}, Backend: b, Release: "0.33.0"}
	o := Options{Model: "m", Data: "/x/data.jsonl", Digest: strings.Repeat("0", 64), Samples: 50, Requests: 200, IgnoreEOS: true, Seed: 7, Limits: Limits{TTFT: 2 * time.Second}}
	for _, c := range []struct {
		load     Load
		scenario loadgen.Scenario
		inFlight int64
	}{{Load{Rate: 4}, loadgen.Server, 0}, {Load{Concurrency: 16}, loadgen.SingleStream, 16}} {
		m, err := Manifest(target, c.load, o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := manifest.Decode("m.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		section, err := loadgen.ReadSection(again.Loadgen)
		if err != nil {
			t.Fatal(err)
		}
		e, err := section.Effective()
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := manifest.Int(again.HarnessConfig, ConcurrencyKey); section.Settings.Scenario != c.scenario || n != c.inFlight || e.MinQueryCount != 200 || section.Settings.ScheduleSeed != 9 {
			t.Errorf("%s: scenario %v, %d in flight, %d queries, seed %d", c.load, section.Settings.Scenario, n, e.MinQueryCount, section.Settings.ScheduleSeed)
		}
		if c.load.Rate > 0 && section.Settings.ServerTargetQPS != 4 {
			t.Errorf("the rate is %g", section.Settings.ServerTargetQPS)
		}
		if again.SamplingConfig["ignore_eos"] != true || again.CheckSampling() != nil {
			t.Errorf("sampling is %v: %v", again.SamplingConfig, again.CheckSampling())
		}
		if got := LimitsOf(again); got != o.Limits {
			t.Errorf("limits are %v, want %v", got, o.Limits)
		}
		other := o
		other.Seed = 8
		if n, err := Manifest(target, c.load, other); err != nil || n.Meaning == m.Meaning {
			t.Errorf("another seed has the same meaning (%v)", err)
		}
	}
}

func TestFigures(t *testing.T) {
	const ms = time.Millisecond
	// At 100 ms steps: each first token after 50 ms, then 5 tokens of 10 ms, the last request's of 40 ms; one failed.
	row := func(i int, each time.Duration) record.Record {
		at := time.Duration(i) * 100 * ms
		return record.Record{Scheduled: at, Sent: at, FirstToken: at + 50*ms, Done: at + 50*ms + 5*each, InputTokens: 20, OutputTokens: 6, Status: record.OK}
	}
	rows := []record.Record{row(0, 10*ms), row(1, 10*ms), row(2, 10*ms), row(3, 40*ms)}
	rows = append(rows, record.Record{Scheduled: 150 * ms, Done: 160 * ms, Status: record.Failed, FirstToken: record.NotReached})
	m := &manifest.Manifest{HarnessConfig: map[string]any{tpotKey: 20.0, ttftKey: 50.0}}
	f := FiguresOf(m, record.TableOf(rows))
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
	near("seconds", f.Seconds, 0.55)
	near("requests/s", f.RequestsPerSecond, 4/0.55)
	near("output tokens/s", f.OutputTokensPerSecond, 24/0.55)
	near("input tokens/s", f.InputTokensPerSecond, 80/0.55)
	near("TTFT p99", f.TTFT.P99, 50)
	near("TPOT p50", f.TPOT.P50, 10)
	near("TPOT max", f.TPOT.Max, 40)
	near("latency mean", f.Latency.Mean, (3*100+250)/4.0)
	near("ITL", f.ITL, (3*50+200)/20.0)
	if f.Requests != 5 || f.Failed != 1 {
		t.Errorf("%d requests, %d failed", f.Requests, f.Failed)
	}
	if f.Goodput == nil || f.Good == nil {
		t.Fatal("no goodput")
	}
	near("goodput", *f.Goodput, 3/0.55)
	near("good share", *f.Good, 0.6)
	if f := FiguresOf(&manifest.Manifest{}, record.TableOf(rows)); f.Goodput != nil {
		t.Errorf("without limits the goodput is %g", *f.Goodput)
	}
	if f := FiguresOf(m, nil); f.RequestsPerSecond != 0 || f.Goodput != nil {
		t.Errorf("of nothing: %+v", f)
	}
}
