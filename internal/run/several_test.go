package run

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/run/clients"
	"mlcfg/internal/run/live"
)

const (
	virtualReplicas = 3
	virtualFlight   = 240 // offline, on each replica: 1, 2, 3 and 4 divide it
)

// answering serves requests on one end of a pipe; how long an answer takes follows from the
// sample, of a fixed time where all are alike.
func answering(far net.Conn, alike bool) {
	defer far.Close()
	in := bufio.NewReader(far)
	for {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		var body struct{ Prompt []int }
		if json.NewDecoder(q.Body).Decode(&body) != nil || len(body.Prompt) == 0 {
			return
		}
		if _, err := io.Copy(io.Discard, q.Body); err != nil {
			return
		}
		sample := body.Prompt[0]
		if alike {
			sample = 1
		}
		event := func(finish string) {
			text := fmt.Sprintf(`data: {"choices":[{"index":0,"text":"a","finish_reason":%s,"token_ids":[%d]}]}`+"\n\n", finish, body.Prompt[0])
			if finish != "null" {
				text += "data: [DONE]\n\n"
			}
			fmt.Fprintf(far, "%x\r\n%s\r\n", len(text), text)
		}
		time.Sleep(time.Duration(sample%17+1) * time.Millisecond)
		fmt.Fprint(far, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		event("null")
		time.Sleep(time.Duration(sample%29+1) * time.Millisecond)
		event(`"stop"`)
		fmt.Fprint(far, "0\r\n\r\n")
	}
}

// virtualTest is a test over an engine in virtual time.
type virtualTest struct {
	dir       string
	manifest  *manifest.Manifest
	effective loadgen.Effective
	samples   *prompts
}

func newVirtualTest(t *testing.T, s loadgen.Settings, lib loadgen.Library) *virtualTest {
	t.Helper()
	e, err := s.Effective(lib)
	if err != nil {
		t.Fatal(err)
	}
	set := &dataset.Set{Samples: make([]dataset.Sample, lib.TotalSampleCount)}
	for i := range set.Samples {
		set.Samples[i].Tokens, set.Samples[i].MaxTokens = []int32{int32(i)}, 2
	}
	p, err := newPrompts(set, set.Len())
	if err != nil {
		t.Fatal(err)
	}
	m := &manifest.Manifest{
		BenchmarkName: "made-up", Scenario: s.Scenario.String(), TestMode: s.Mode.String(), Machine: "alpha", Backend: "vllm",
		Engine: manifest.Engine{Name: "vllm", Version: "0.10.2"}, HarnessConfig: map[string]any{"schedule_algo": "round_robin"},
	}
	m.Loadgen = loadgen.Section{Settings: s, Round: "v5.1", Frozen: true, Library: lib}.Map()
	return &virtualTest{dir: t.TempDir(), manifest: m, effective: e, samples: p}
}

func (v *virtualTest) plan() *Plan {
	b, _ := backend.With("vllm", "vllm")
	return &Plan{
		Manifest: v.manifest, settings: v.effective.Requested, effective: v.effective, samples: v.samples, Concurrency: virtualFlight,
		Limits: Limits{RequestTimeout: time.Hour, LateLimit: time.Second}.orDefaults(), Engine: &engine.Plan{Facts: b}, Data: Data{Path: "data"},
	}
}

// client connects to an engine of its own, which has no queue: answers depend on nothing else.
func (v *virtualTest) client(t *testing.T) *client.Client {
	t.Helper()
	o := client.Options{Model: "m", Stream: true, TokenIDs: true, IdleTimeout: time.Hour}
	for i := range virtualReplicas {
		o.URLs = append(o.URLs, fmt.Sprintf("http://replica-%d", i))
	}
	o.Dial = func(context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		go answering(far, v.effective.Requested.Scenario == loadgen.Offline)
		return near, nil
	}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// virtualPart is a client of several, whose job is done already.
type virtualPart struct{ *part }

func (virtualPart) Job(context.Context, json.RawMessage) (int, error) { return virtualReplicas, nil }

// spawn runs a client as goroutines of this process.
func (v *virtualTest) spawn(t *testing.T, number, of int) (clients.Process, error) {
	log, err := record.CreateClient(v.dir, number)
	if err != nil {
		return clients.Process{}, err
	}
	p := &part{plan: v.plan(), client: v.client(t)}
	p.Client, p.Clients, p.Dir, p.Endpoints, p.Concurrency = number, of, v.dir, make([]engine.Endpoint, virtualReplicas), virtualFlight
	if err := p.layOut(); err != nil {
		return clients.Process{}, err
	}
	orders, in := io.Pipe()
	out, reports := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := clients.Serve(context.Background(), orders, reports, virtualClock, virtualPart{p})
		ended <- errors.Join(err, reports.Close(), orders.Close(), log.Close())
	}()
	return clients.Process{In: in, Out: out, Wait: func() error { return <-ended }, Kill: func() { reports.Close() }}, nil
}

func virtualClock() int64 { return time.Now().UnixNano() }

// issuedBy is what a run left behind.
type issuedBy struct {
	records       []record.Record
	verdict, logs string
	answers       []string
}

// moments are the parts of a detail log that say when the line was written, and when the test
// was by the wall clock: a common start is told a moment before it is.
var moments = regexp.MustCompile(`"time_ms": [0-9.]+|"\d\d-\d\d-\d{4} [0-9:.]+"`)

// run carries the test out with so many clients, as runner does, and judges it.
func (v *virtualTest) run(t *testing.T, n int) (got issuedBy) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &runner{plan: v.plan(), dir: &record.Dir{Path: v.dir}, effective: v.effective, meter: live.NewMeter(live.Run{})}
		r.state.Phase, r.state.MeasuringSince = record.Ended, &time.Time{}
		c := v.client(t)
		if n > 1 {
			r.plan.Clients, r.state.Clients = n, n
			var err error
			r.group, err = clients.Start(clients.Options{
				Clients: n, Replicas: virtualReplicas, Clock: virtualClock, Job: func(int) any { return struct{}{} },
				Spawn: func(i int) (clients.Process, error) { return v.spawn(t, i, n) },
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		phases, err := v.effective.Phases(loadgen.Generator{})
		if err == nil {
			err = r.openLogs()
		}
		if err == nil {
			err = r.phases(t.Context(), c, phases, v.samples, virtualReplicas, nil)
		}
		if err != nil {
			t.Error(err)
		}
		if r.group != nil {
			r.group.Close()
			err = r.mergeClients()
		} else { // Parquet has channels that outlive a bubble
			err = r.records.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // connections that nobody uses are closed
		if err := record.ReadFile(filepath.Join(v.dir, record.FileName), func(rec *record.Record) bool {
			got.records = append(got.records, *rec)
			return true
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(got.records, func(a, b record.Record) int { return cmp.Compare(a.Done, b.Done) }) && len(phases) == 1 {
			t.Errorf("%d clients: records are not in the order in which requests ended", n)
		}
		slices.SortFunc(got.records, func(a, b record.Record) int { return cmp.Compare(a.Seq, b.Seq) })
		r.state.Clients = 0 // all else is to be the same
		j, err := report.Judge(&report.Run{Manifest: v.manifest, State: r.state, Records: record.TableOf(got.records)})
		if err != nil {
			t.Fatal(err)
		}
		summary, err := json.MarshalIndent(j.Summary, "", "  ")
		got.verdict = string(summary)
		if err := errors.Join(err, r.closeLogs(j)); err != nil {
			t.Fatal(err)
		}
	})
	for _, name := range []string{loadgen.SummaryName, loadgen.DetailName, loadgen.AccuracyName} {
		text, err := os.ReadFile(filepath.Join(v.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name != loadgen.AccuracyName {
			got.logs += moments.ReplaceAllString(string(text), "")
			continue
		}
		for line := range strings.Lines(string(text)) { // those of one moment are in any order
			got.answers = append(got.answers, strings.TrimRight(line, ",\n"))
		}
		slices.Sort(got.answers)
	}
	return got
}

// sameAsOne holds a test with several clients to the same with one: every field of every
// record, the verdict, and LoadGen's logs.
func sameAsOne(t *testing.T, s loadgen.Settings, lib loadgen.Library, numbers ...int) {
	t.Helper()
	one := newVirtualTest(t, s, lib).run(t, 1)
	if len(one.records) == 0 {
		t.Fatal("no records")
	}
	for _, n := range numbers {
		got := newVirtualTest(t, s, lib).run(t, n)
		if !slices.Equal(got.records, one.records) {
			i := slices.IndexFunc(got.records, func(r record.Record) bool { return int(r.Seq) >= len(one.records) || r != one.records[r.Seq] })
			t.Errorf("%d clients: %d records, of one %d; the first other one is %d: %+v", n, len(got.records), len(one.records), i, got.records[max(i, 0)])
		}
		if got.verdict != one.verdict {
			t.Errorf("%d clients: the verdict is\n%s\nof one\n%s", n, got.verdict, one.verdict)
		}
		if got.logs != one.logs {
			t.Errorf("%d clients: the logs are others: %s", n, gocmp.Diff(strings.Split(one.logs, "\n"), strings.Split(got.logs, "\n")))
		}
		if !slices.Equal(got.answers, one.answers) {
			t.Errorf("%d clients: the accuracy log is\n%s\nof one\n%s", n, got.answers, one.answers)
		}
	}
}

// Several clients give what one gives, in virtual time: with every way in which a test can end.
func TestSeveralAreOne(t *testing.T) {
	for name, change := range map[string]func(*loadgen.Settings){
		"server":           func(*loadgen.Settings) {},
		"by duration":      func(s *loadgen.Settings) { s.MinDuration, s.MinQueryCount = 3*time.Second, 10 },
		"too few":          func(s *loadgen.Settings) { s.MinDuration, s.MaxQueryCount = time.Minute, 100 },
		"max duration":     func(s *loadgen.Settings) { s.MinDuration, s.MaxDuration = 10*time.Second, time.Second },
		"too slow":         func(s *loadgen.Settings) { s.TTFTLatency, s.MinQueryCount = 3*time.Millisecond, 600 },
		"sampled accuracy": func(s *loadgen.Settings) { s.AccuracyLogSamplingTarget = 64 },
		"accuracy":         func(s *loadgen.Settings) { s.Mode, s.PerformanceSampleCountOverride = loadgen.AccuracyOnly, 30 },
		"submission":       func(s *loadgen.Settings) { s.Mode = loadgen.SubmissionRun },
		"offline":          func(s *loadgen.Settings) { s.Scenario = loadgen.Offline },
		"offline accuracy": func(s *loadgen.Settings) { s.Scenario, s.Mode = loadgen.Offline, loadgen.AccuracyOnly },
	} {
		t.Run(name, func(t *testing.T) {
			s := loadgen.DefaultSettings()
			s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount = loadgen.Server, 200, 0, 500
			s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, time.Second, time.Second
			s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = 1, 2, 3
			change(&s)
			sameAsOne(t, s, loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, 2, 4)
		})
	}
}
