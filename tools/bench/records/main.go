// Command records makes a run directory of many requests, so that reading one can be
// measured: records that follow LoadGen's schedule with times drawn by a seed, their
// Parquet copy, summary, logs and seal. It is marked as a simulated engine's.
//
//	records -n 1000000 -out DIR
package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

type options struct {
	n        uint64
	scenario loadgen.Scenario
	replicas int
	failed   float64
	seed     uint64
	out      string
}

func main() {
	o := options{}
	flag.Uint64Var(&o.n, "n", 1_000_000, "how many requests, about")
	offline := flag.Bool("offline", false, "Offline instead of Server")
	flag.IntVar(&o.replicas, "replicas", 8, "how many engine replicas answer")
	flag.Float64Var(&o.failed, "failed", 0, "share of the requests that fail")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the times")
	flag.StringVar(&o.out, "out", "", "the run directory, which must not exist")
	flag.Parse()
	o.scenario = loadgen.Server
	if *offline {
		o.scenario = loadgen.Offline
	}
	if err := write(o); err != nil {
		fmt.Fprintln(os.Stderr, "records:", err)
		os.Exit(2)
	}
}

const (
	samples = 24576
	rate    = 278 // requests/s
)

func write(o options) error {
	s := loadgen.DefaultSettings()
	s.Scenario, s.MinDuration = o.scenario, time.Duration(o.n*1000/rate)*time.Millisecond
	s.ServerTargetQPS, s.OfflineExpectedQPS, s.MinQueryCount = rate, rate/1.1, 1 // Offline makes a tenth more than it is expected to need
	s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 2*time.Second, 200*time.Millisecond
	lib := loadgen.Library{TotalSampleCount: samples, PerformanceSampleCount: samples}
	m := &manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: strings.ToLower(o.scenario.String()), TestMode: "performance", Machine: "bench", Variant: "bench", Backend: "bench",
		Engine: manifest.Engine{Name: "bench", Version: "1"}, Schema: "sha256:00",
		Loadgen: loadgen.Section{Settings: s, Library: lib, Round: "v5.1", Frozen: true}.Map(),
	}
	yaml, err := m.YAML()
	if err != nil {
		return err
	}
	dir, err := record.CreateDir(o.out)
	if err != nil {
		return err
	}
	state := record.State{Phase: record.Ended, Simulated: true, DatasetSamples: samples, Program: "mlrun bench", Started: time.Unix(0, 0).UTC()}
	if err := errors.Join(dir.Write(record.ManifestFile, yaml), o.records(dir, s, lib, &state), dir.WriteJSON(record.StateFile, state), dir.Close()); err != nil {
		return err
	}
	if _, err := record.Complete(o.out); err != nil {
		return err
	}
	return finish(o.out)
}

// records writes the record file.
func (o options) records(dir *record.Dir, s loadgen.Settings, lib loadgen.Library, state *record.State) error {
	e, err := s.Effective(lib)
	if err != nil {
		return err
	}
	phases, err := e.Phases(loadgen.Generator{})
	if err != nil {
		return err
	}
	w, err := record.Create(dir.File(record.FileName))
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.seed, 0))
	n := uint64(0)
	for c := phases[0].Cursor(); c.Next(); {
		for i, sample := range c.Query.Samples {
			r := o.request(rng, c.Query.FirstSample+uint64(i), c.Query.Scheduled)
			r.Query, r.Sample = c.Query.FirstSample, uint32(sample)
			n++
			if err := w.Append(&r); err != nil {
				return errors.Join(err, w.Close())
			}
		}
	}
	state.Records = &n
	return w.Close()
}

// request is one with times as a busy engine has them.
func (o options) request(rng *rand.Rand, seq uint64, at time.Duration) record.Record {
	r := record.Record{
		Seq: seq, Replica: int32(rng.IntN(o.replicas)), Scheduled: at, Issued: at, InputTokens: 20 + rng.Int64N(2000), OutputTokens: 2 + rng.Int64N(1000),
		Status: record.OK, Finish: "stop", Stamped: true, SentStamped: true,
	}
	r.Sent = at + time.Duration(rng.ExpFloat64()*40e3)
	if o.scenario == loadgen.Server {
		r.Issued = r.Sent
	} else { // as many in flight as a batch holds
		r.Sent += time.Duration(float64(seq) / rate * 1e9)
	}
	if r.OutputTokens > 900 {
		r.OutputTokens, r.Finish = 900, "length"
	}
	r.FirstToken = r.Sent + time.Duration(math.Exp(rng.NormFloat64()/2)*150e6)
	r.Done = r.FirstToken + time.Duration(float64(r.OutputTokens-1)*math.Exp(rng.NormFloat64()/8)*30e6)
	if rng.Float64() < o.failed {
		r.Status, r.Error, r.Finish, r.FirstToken, r.OutputTokens, r.Done = record.Failed, fmt.Sprintf("status: HTTP 503: request %08x was refused", rng.Uint32()), "", record.NotReached, 0, r.Sent+time.Millisecond
	}
	return r
}

// finish writes what follows from the records, and the seal.
func finish(path string) error {
	run, err := report.Load(path)
	if err != nil {
		return err
	}
	j, err := report.Judge(run)
	if err != nil {
		return err
	}
	dir, err := record.OpenDir(path)
	if err != nil {
		return err
	}
	logs, err := loadgen.CreateLogs(path, loadgen.Program{Name: "mlrun", Version: "bench"}, 1, func() time.Duration { return 0 })
	if err != nil {
		return err
	}
	logs.Detail.LogResults(j.Settings, j.Verdict, j.Figures)
	return errors.Join(
		logs.Close(loadgen.Report{SUT: report.SUT(run.Manifest, run.State.Simulated), Settings: j.Settings, Verdict: j.Verdict, Summary: j.Figures}),
		dir.WriteJSON(record.SummaryFile, j.Summary), record.Seal(path), dir.Close())
}
