package clients

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlcfg/internal/client"
)

func wall() int64 { return time.Now().UnixNano() }

// work is a client that sends a request a second to each of two replicas, for ten.
type work struct {
	number int
	job    error
	phase  error
	waits  bool // for the abort
	began  time.Time
}

func (w *work) Job(context.Context, json.RawMessage) (int, error) { return 2, w.job }

func (w *work) Phase(ctx context.Context, number int, c Control) (client.Summary, error) {
	time.Sleep(time.Duration(w.number) * time.Second) // one is ready later than the other
	at, err := c.Begin()
	if err != nil {
		return client.Summary{}, err
	}
	w.began = at
	time.Sleep(time.Until(at))
	for n := range 10 {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			if w.waits {
				<-c.Abort
			}
			return client.Summary{Sent: n}, ctx.Err()
		}
		c.Progress.Set(0, int64(n+1), int64(n), int64(n))
		c.Progress.Set(1, int64(n+1), int64(n), int64(n))
	}
	return client.Summary{Sent: 10, OK: 10, KeptUp: true, Start: at, Wall: time.Duration(number+1) * time.Second}, w.phase
}

// inProcess runs a client as goroutines.
func inProcess(w Work, clock Clock) Process {
	orders, in := io.Pipe()
	out, reports := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Serve(context.Background(), orders, reports, clock, w)
		reports.Close()
		orders.Close()
		ended <- err
	}()
	return Process{In: in, Out: out, Wait: func() error { return <-ended }, Kill: func() { reports.Close(); orders.Close() }}
}

// saying is a process that says these lines, one to each order, and lives until it is killed.
func saying(lines ...string) Process {
	orders, in := io.Pipe()
	out, reports := io.Pipe()
	gone := make(chan struct{})
	kill := func() { reports.Close(); orders.Close() }
	go func() {
		defer close(gone)
		read := bufio.NewScanner(orders)
		for read.Scan() {
			if len(lines) > 0 {
				line := strings.ReplaceAll(lines[0], "NOW", fmt.Sprint(wall()))
				lines = lines[1:]
				if line != "" {
					fmt.Fprintln(reports, line)
				}
			}
		}
		kill()
	}()
	return Process{In: in, Out: out, Wait: func() error { <-gone; return errors.New("signal: killed") }, Kill: kill}
}

func group(t *testing.T, all ...Process) *Group {
	t.Helper()
	g, err := Start(Options{
		Clients: len(all), Replicas: 2, Clock: wall, Job: func(i int) any { return i },
		Spawn: func(i int) (Process, error) { return all[i], nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// All clients begin at one moment, once the last is ready, in each phase; their counts are added up.
func TestPhases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []*work{{number: 0}, {number: 1}, {number: 2}}
		g := group(t, inProcess(all[0], wall), inProcess(all[1], wall), inProcess(all[2], wall))
		for number := range 2 {
			asked := time.Now()
			var began time.Time
			progress := client.NewProgress(2)
			sums, err := g.Run(t.Context(), Phase{Number: number, Began: func(at time.Time) { began = at }, Progress: progress})
			if err != nil || len(sums) != 3 {
				t.Fatalf("%v, %v", sums, err)
			}
			if want := asked.Add(2*time.Second + lead); !began.Equal(want) {
				t.Errorf("it began %v after it was asked for, want %v", began.Sub(asked), want.Sub(asked))
			}
			for i, w := range all {
				if !w.began.Equal(began) || sums[i].Sent != 10 || sums[i].Wall != time.Duration(number+1)*time.Second {
					t.Errorf("client %d began %v after the start: %+v", i, w.began.Sub(began), sums[i])
				}
			}
			if sent, first, done := progress.Replica(1); sent < 24 || sent > 30 || first != done || done != sent-3 {
				t.Errorf("progress %d, %d, %d", sent, first, done)
			}
		}
		g.Close()
	})
}

// A done context lets what is in flight finish, an abort gives it up.
func TestStopped(t *testing.T) {
	for _, abort := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := group(t, inProcess(&work{waits: abort}, wall), inProcess(&work{waits: abort}, wall))
			ctx, cancel := context.WithCancel(t.Context())
			aborted := make(chan struct{})
			go func() {
				time.Sleep(3500 * time.Millisecond)
				cancel()
				time.Sleep(time.Second)
				close(aborted)
			}()
			sums, err := g.Run(ctx, Phase{Abort: aborted})
			if !errors.Is(err, context.Canceled) || sums[0].Sent != 3 || sums[1].Sent != 3 {
				t.Errorf("abort %t: %v, %+v", abort, err, sums)
			}
			g.Close()
			time.Sleep(time.Minute)
		})
	}
}

// The first client that fails ends the run for all, and what it said is told; so is one that is
// no client.
func TestFailures(t *testing.T) {
	const ready = `{"ready":{"clock_ns":NOW}}`
	stalled := &client.StallError{Replica: 1, Quiet: time.Minute, InFlight: 3}
	for name, c := range map[string]struct {
		other func() Process
		want  string
	}{
		"a job that fails":   {func() Process { return inProcess(&work{job: errors.New("no data set")}, wall) }, "client 1: no data set"},
		"a phase that fails": {func() Process { return inProcess(&work{phase: errors.New("disk full")}, wall) }, "client 1: disk full"},
		"a silent replica":   {func() Process { return inProcess(&work{phase: stalled}, wall) }, "client 1: replica 1 hangs"},
		"another clock":      {func() Process { return inProcess(&work{}, func() int64 { return wall() - int64(time.Hour) }) }, "client 1: its monotonic clock is not this machine's"},
		"a clock ahead":      {func() Process { return inProcess(&work{}, func() int64 { return wall() + int64(time.Hour) }) }, "client 1: its monotonic clock is not this machine's"},
		"an end":             {func() Process { p := saying("", ""); time.AfterFunc(time.Second, p.Kill); return p }, "client 1: ended by itself: signal: killed"},
		"a late end":         {func() Process { p := saying("", ready); time.AfterFunc(4*time.Second, p.Kill); return p }, "client 1: ended by itself: signal: killed"},
		"no JSON":            {func() Process { return saying("ready") }, "what it says is no report: invalid character"},
		"a field of nothing": {func() Process { return saying(`{"redy":1}`) }, `what it says is no report: json: unknown field "redy"`},
		"two at once":        {func() Process { return saying(`{"ready":{"clock_ns":1},"ended":{}}`) }, "a report is one of"},
		"nothing":            {func() Process { return saying(`{}`) }, "a report is one of"},
		"more after it":      {func() Process { return saying(`{"ready":{"clock_ns":1}} {}`) }, "there is more after the object"},
		"too long":           {func() Process { return saying(`{"failed":{"text":"` + strings.Repeat("x", longestReport) + `"}}`) }, "a line is longer than"},
		"progress too early": {func() Process { return saying(`{"progress":[{},{}]}`) }, "it says what cannot be said now"},
		"an end too early":   {func() Process { return saying("", `{"ended":{}}`) }, "it says what cannot be said now"},
		"ready twice":        {func() Process { return saying("", ready, ready) }, "it says what cannot be said now"},
		"three replicas":     {func() Process { return saying("", ready, `{"progress":[{},{},{}]}`) }, "progress of 3 replicas, and there are 2"},
		"less than nothing":  {func() Process { return saying("", ready, `{"progress":[{"sent":1},{"sent":1,"done":2}]}`) }, "progress that cannot be"},
		"a replica too far":  {func() Process { return saying("", `{"failed":{"text":"x","stall":{"replica":2}}}`) }, "there is no replica 2"},
		"a wrong summary":    {func() Process { return saying("", ready, `{"ended":{"Sent":1,"OK":2}}`) }, "a summary that cannot be"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := group(t, inProcess(&work{}, wall), c.other())
				_, err := g.Run(t.Context(), Phase{})
				var of *Error
				if !errors.As(err, &of) || of.Client != 1 || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if silent := (*client.StallError)(nil); errors.As(err, &silent) != (name == "a silent replica") || silent != nil && *silent != *stalled {
					t.Errorf("%v", silent)
				}
				g.Close()
				time.Sleep(time.Minute)
			})
		})
	}
}

// A client that does not end when it is told to is killed, in a phase and after the last.
func TestStubborn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := group(t, inProcess(&work{}, wall), saying("", `{"ready":{"clock_ns":NOW}}`))
		ctx, cancel := context.WithCancel(t.Context())
		aborted := make(chan struct{})
		time.AfterFunc(time.Second, func() { cancel(); close(aborted) })
		begun := time.Now()
		if _, err := g.Run(ctx, Phase{Abort: aborted}); err == nil || time.Since(begun) != time.Second+killAfter {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		g.Close()
		time.Sleep(time.Minute)
	})
	synctest.Test(t, func(t *testing.T) {
		g := group(t, saying(`{"failed":{"text":"x"}}`))
		g.Close()
	})
}

// A process that cannot be started ends those that were.
func TestStartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := Start(Options{Clients: 2, Replicas: 2, Clock: wall, Job: func(int) any { return 1 }, Spawn: func(i int) (Process, error) {
			if i == 1 {
				return Process{}, errors.New("no more processes")
			}
			return inProcess(&work{}, wall), nil
		}})
		if err == nil || err.Error() != "starting client 1: no more processes" {
			t.Errorf("%v", err)
		}
	})
}

// A client ends with its run: at the end of its orders it gives up what is in flight, and an
// order that is none, or comes out of turn, ends it too.
func TestServeEnds(t *testing.T) {
	for orders, want := range map[string]string{
		"":                                 "",
		`{"job":1}`:                        "",
		`{"job":1}|{"phase":0}`:            "",
		`{"job":1}|{"abort":true}`:         "",
		"go":                               "an order that is none",
		`{"phase":-1}`:                     "there is no phase -1",
		`{"job":1,"stop":true}`:            "an order is one of",
		`{"job":1}|{"job":1}|{"job":1}`:    "out of turn",
		`{"start_ns":1}|{"start_ns":1}`:    "out of turn",
		`{"job":1}|{"phase":0}|{"path":1}`: "unknown field",
	} {
		synctest.Test(t, func(t *testing.T) {
			in := strings.NewReader(strings.ReplaceAll(orders, "|", "\n"))
			err := Serve(t.Context(), in, io.Discard, wall, &work{waits: true})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", orders, err, want)
			}
		})
	}
}

// Figures of all clients are those of one that did it all; one that was late is named.
func TestTogether(t *testing.T) {
	a := client.Summary{
		Sent: 5, OK: 4, Wall: time.Second, Failed: map[client.ErrorClass]int{client.BrokenError: 1}, InputTokens: 1, OutputTokens: 2, KeptUp: true,
		Lateness: client.Quantiles{P50: 1, P99: 5, Max: 6}, Waited: 1, Resent: 2, Stamped: 3, Departed: 4, Streamed: 5, Held: 1, Opened: 7, Stalled: 8, CPU: 9, Served: map[string]int{"m": 1},
	}
	b := a
	b.Wall, b.Lateness, b.KeptUp, b.Reasons = 2*time.Second, client.Quantiles{P50: 2, P99: 4, Max: 9}, false, []string{"late"}
	got := Together([]client.Summary{a, b}, true)
	want := client.Summary{
		Sent: 10, OK: 8, Wall: 2 * time.Second, Failed: map[client.ErrorClass]int{client.BrokenError: 2}, InputTokens: 2, OutputTokens: 4, Reasons: []string{"client 1: late"},
		Lateness: client.Quantiles{P50: 2, P99: 5, Max: 9}, Waited: 2, Resent: 4, Stamped: 6, Departed: 8, Streamed: 10, Held: 2, Opened: 14, Stalled: 16, CPU: 18, Served: map[string]int{"m": 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	a.CPU = 1000 * time.Second
	if got := Together([]client.Summary{a, a}, false); got.KeptUp || len(got.Reasons) != 1 || !strings.Contains(got.Reasons[0], "the clients together used") {
		t.Errorf("%v", got.Reasons)
	}
	if got := Together([]client.Summary{a, a}, true); !got.KeptUp {
		t.Errorf("%v", got.Reasons)
	}
}

func FuzzReport(f *testing.F) {
	for _, line := range []string{
		`{"ready":{"clock_ns":12}}`, `{"progress":[{"sent":3,"first_token":2,"done":1},{}]}`, `{"failed":{"text":"x","stall":{"replica":1,"quiet_ns":5,"in_flight":2}}}`,
		`{"ended":{"Sent":1,"OK":1,"Served":{"m":0},"Failed":{"broken":1},"Reasons":["late"]}}`, `{"ended":null}`, `{}`, `[]`, `{"ready":{}} x`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseReport(line, 2)
		if err != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseReport(again, 2)
		if err != nil || !reflect.DeepEqual(back, r) && !strings.Contains(string(again), "Start") {
			t.Errorf("%s is read as %+v, its own form as %+v, %v", line, r, back, err)
		}
	})
}

func FuzzOrder(f *testing.F) {
	for _, line := range []string{`{"job":{"a":1}}`, `{"phase":0}`, `{"start_ns":-5}`, `{"stop":true}`, `{"abort":true}`, `{"abort":false}`, `null`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		o, err := parseOrder(line)
		if err != nil {
			return
		}
		again, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseOrder(again); err != nil {
			t.Errorf("%s has the form %s, which is none: %v", line, again, err)
		}
	})
}
