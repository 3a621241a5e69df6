package run

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/run/live"
)

var hour = flag.Bool("hour", false, "TestHour records a whole hour: a million requests")

// TestHour records a server run of an hour of virtual time (of 72 s without
// -hour) as a run does: LoadGen's schedule, results in batches, record file,
// Parquet and live view. Every request is there once and, with
// -hour, memory stays where it is after the first two tenths.
func TestHour(t *testing.T) {
	duration := 72 * time.Second
	if *hour {
		duration = time.Hour
	}
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount = loadgen.Server, 278, duration, 1
	e, err := s.Effective(loadgen.Library{TotalSampleCount: 24576, PerformanceSampleCount: 24576})
	if err != nil {
		t.Fatal(err)
	}
	phases, err := e.Phases(loadgen.Generator{})
	if err != nil {
		t.Fatal(err)
	}
	phase := phases[0]
	total := phase.Totals().Samples
	dir := t.TempDir()
	w, err := record.Create(filepath.Join(dir, record.FileName))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := record.CreateParts(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	meter := live.NewMeter(live.Run{})
	meter.Start(live.Phase{Total: total, Due: phase.Due()}, 8)
	meter.Begin(time.Unix(0, 0))
	out := &sink{records: w, parts: parts, meter: meter}

	batch := make([]client.Result, 0, 256)
	var after []memory // each tenth
	var before, end runtime.MemStats
	var spent time.Duration
	write := func() {
		began := cpuTime()
		if err := out.Write(batch); err != nil {
			t.Fatal(err)
		}
		spent += cpuTime() - began
		batch = batch[:0]
	}
	runtime.ReadMemStats(&before)
	n := uint64(0)
	for cursor := phase.Cursor(); cursor.Next(); n++ {
		q := &cursor.Query
		batch = append(batch, client.Result{Record: record.Record{
			Seq: q.FirstSample, Sample: uint32(q.Samples[0]), Replica: int32(n % 8), Scheduled: q.Scheduled, Sent: q.Scheduled + 20*time.Microsecond,
			FirstToken: q.Scheduled + 50*time.Millisecond + time.Duration(n%977)*time.Microsecond, Done: q.Scheduled + 2*time.Second + time.Duration(n%7919)*time.Microsecond,
			InputTokens: 250, OutputTokens: 100 + int64(n%28), Finish: "length", Status: record.OK,
		}})
		if len(batch) == cap(batch) {
			write()
		}
		if (n+1)*10/total > n*10/total {
			meter.Snapshot(time.Unix(0, int64(q.Scheduled)))
			after = append(after, memoryNow())
		}
	}
	write()
	runtime.ReadMemStats(&end)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	for i, m := range after {
		t.Logf("after %3d %%: %5.1f MB live, %5.1f MB resident", 10*(i+1), m.live, m.resident)
	}
	t.Logf("%d requests: %v of CPU time a request, %.2f allocations", n, (spent / time.Duration(n)).Round(time.Nanosecond), float64(end.Mallocs-before.Mallocs)/float64(n))
	flat(t, *hour, after)
	for name, read := range map[string]func(func(*record.Record) bool) error{
		record.FileName: func(f func(*record.Record) bool) error {
			return record.ReadFile(filepath.Join(dir, record.FileName), f)
		},
		record.PartsDir: func(f func(*record.Record) bool) error { return record.ReadParts(dir, f) },
	} {
		next := uint64(0)
		if err := read(func(r *record.Record) bool {
			if r.Seq != next || !r.OK() {
				t.Fatalf("%s: record %d is %+v", name, next, *r)
			}
			next++
			return true
		}); err != nil {
			t.Fatal(err)
		}
		if next != n || n != total {
			t.Errorf("%s has %d records of %d requests, %d were scheduled", name, next, n, total)
		}
	}
}

var million = flag.Bool("million", false, "TestMillion sends a million requests")

// TestMillion sends requests (20,000 without -million) with the real client to the
// mock server over loopback and records them as a run does.
func TestMillion(t *testing.T) {
	n := 20_000
	if *million {
		n = 1_000_000
	}
	server, err := mock.Start("127.0.0.1:0", mock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, err := client.New(client.Options{URLs: []string{server.URL()}, Model: "mock", Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w, err := record.Create(filepath.Join(dir, record.FileName))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := record.CreateParts(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	meter := live.NewMeter(live.Run{})
	meter.Start(live.Phase{Total: uint64(n)}, 1)
	out := &sink{records: w, parts: parts, meter: meter}
	prompt := make([]int32, 32)
	source := client.SourceFunc(func(a client.Ask, r *client.Request) bool {
		r.ID, r.Replica, r.Tokens, r.MaxTokens = uint64(a.Sent), 0, prompt, 1
		return a.Sent < n
	})
	var after []memory
	written := 0
	sum, err := c.Run(t.Context(), client.Plan{Pace: client.AtOnce, Concurrency: 32, Progress: meter.Progress(), Started: meter.Begin}, source, client.SinkFunc(func(batch []client.Result) error {
		if err := out.Write(batch); err != nil {
			return err
		}
		before := written * 10 / n
		if written += len(batch); written*10/n > before {
			server.Truth() // which is not the client's memory
			after = append(after, memoryNow())
		}
		return nil
	}))
	if err := errors.Join(err, w.Close(), parts.Close()); err != nil || sum.OK != n {
		t.Fatalf("%d of %d requests were answered, error %v", sum.OK, n, err)
	}
	for i, m := range after {
		t.Logf("after %3d %%: %5.1f MB live, %5.1f MB resident", 10*(i+1), m.live, m.resident)
	}
	t.Logf("%d requests in %v, %v of CPU time a request with the server's share", n, sum.Wall.Round(time.Second), (sum.CPU / time.Duration(n)).Round(time.Nanosecond))
	flat(t, *million, after)
	seen := make([]bool, n)
	count := 0
	if err := record.ReadParts(dir, func(r *record.Record) bool {
		if r.Seq >= uint64(n) || seen[r.Seq] {
			t.Fatalf("record %d is one too many", r.Seq)
		}
		seen[r.Seq] = true
		count++
		return true
	}); err != nil || count != n {
		t.Errorf("%d records of %d requests, error %v", count, n, err)
	}
	if s := meter.Snapshot(time.Now()); s.Sent != uint64(n) || s.Done != uint64(n) || s.FirstToken != uint64(n) {
		t.Errorf("the live view counts %d sent, %d first tokens, %d done; want %d of each", s.Sent, s.FirstToken, s.Done, n)
	}
}

// cpuTime is what the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// flat holds, for a whole million, that memory does not grow after the first
// tenth: by no more than 16 bytes a request. Before it, encoders come into being.
func flat(t *testing.T, whole bool, after []memory) {
	t.Helper()
	// What lies in pools is live or not, as the collector finds it: the larger of two looks counts.
	if grown := after[len(after)-1].live - max(after[0].live, after[1].live); whole && grown > 16 {
		t.Errorf("%.1f MB more are live at the end than after the first two tenths", grown)
	}
}

// memory is what the process holds, in megabytes.
type memory struct{ live, resident float64 }

func memoryNow() memory {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	out := memory{live: float64(m.HeapAlloc) / 1e6}
	if data, err := os.ReadFile("/proc/self/statm"); err == nil {
		if words := strings.Fields(string(data)); len(words) > 1 {
			pages, _ := strconv.Atoi(words[1]) // 0 where the kernel says something else
			out.resident = float64(pages*os.Getpagesize()) / 1e6
		}
	}
	return out
}
