package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// virtual makes a client whose engine answers over pipes, so that the clock of a
// synctest bubble is the only one. answer gets the number of the request.
func virtual(t *testing.T, o Options, answer func(n int, w net.Conn) bool) (*Client, *atomic.Int64) {
	t.Helper()
	var requests, conns atomic.Int64
	o.URLs, o.Stream = []string{"http://engine"}, true
	o.Dial = func(context.Context, string) (net.Conn, error) {
		conns.Add(1)
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			in := bufio.NewReader(far)
			for {
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				n := int(requests.Add(1)) - 1
				if !answer(n, far) {
					return
				}
			}
		}()
		return near, nil
	}
	return newClient(t, o), &conns
}

// after answers with one token after a delay, and ends after another.
func after(first, rest time.Duration) func(int, net.Conn) bool {
	whole := streamHead + chunked(tokenEvent("a", "null", 1), tokenEvent("a", "stop", 2), "[DONE]")
	cut := strings.Index(whole, "stop")
	return func(_ int, w net.Conn) bool {
		time.Sleep(first)
		if _, err := io.WriteString(w, whole[:cut]); err != nil {
			return false
		}
		time.Sleep(rest)
		_, err := io.WriteString(w, whole[cut:])
		return err == nil
	}
}

// TestScheduleIsKept holds that requests leave when they are due, however slow
// the engine is, and that all times are true.
func TestScheduleIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := virtual(t, Options{}, after(3*time.Second, 2*time.Second))
		var got kept
		s, err := c.Run(t.Context(), Plan{}, numbered(100, 70*time.Millisecond), &got)
		if err != nil || s.OK != 100 || !s.KeptUp {
			t.Fatalf("%+v, %v", s, err)
		}
		if s.Wall != 99*70*time.Millisecond+5*time.Second {
			t.Errorf("the run took %v", s.Wall)
		}
		for _, r := range got {
			if due := time.Duration(r.Seq) * 70 * time.Millisecond; r.Scheduled != due || r.Sent != due ||
				r.FirstToken != due+3*time.Second || r.LastToken != due+5*time.Second || r.Done != r.LastToken {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestLateSource holds that requests that are overdue leave at once, that their
// lateness is told, and that the next ones are on time again.
func TestLateSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := virtual(t, Options{}, after(0, 0))
		l := numbered(50, 10*time.Millisecond)
		slow := SourceFunc(func(a Ask, r *Request) bool {
			if a.Sent == 10 {
				time.Sleep(105 * time.Millisecond) // asked for 10 at 90 ms, due at 100 ms, handed out at 195 ms
			}
			return l.Next(a, r)
		})
		var got kept
		s, err := c.Run(t.Context(), Plan{LateLimit: 10 * time.Millisecond}, slow, &got)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			want := time.Duration(0)
			if r.Seq >= 10 && r.Seq < 20 {
				want = 195*time.Millisecond - r.Scheduled
			}
			if late := r.Sent - r.Scheduled; late != want {
				t.Errorf("request %d left %v late, want %v", r.Seq, late, want)
			}
		}
		if s.KeptUp || s.Lateness.Max != 95*time.Millisecond || s.Lateness.P50 != 0 || len(s.Reasons) == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTimeoutOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, conns := virtual(t, Options{}, func(n int, w net.Conn) bool {
			if n%2 == 0 {
				time.Sleep(time.Hour)
			}
			return after(0, 0)(n, w)
		})
		var got kept
		s, err := c.Run(t.Context(), Plan{Timeout: time.Second, Connections: 1}, numbered(10, 5*time.Second), &got)
		if err != nil || s.OK != 5 || s.Failed[TimeoutError] != 5 {
			t.Fatalf("%+v, %v", s, err)
		}
		for _, r := range got {
			if took := r.Done - r.Sent; !r.OK() && (took < time.Second || took > 1100*time.Millisecond) {
				t.Errorf("gave up after %v", took)
			}
		}
		if conns.Load() < 6 {
			t.Errorf("%d connections: one that was given up must not be used again", conns.Load())
		}
		time.Sleep(time.Hour) // the engine's own end
	})
}

// TestStall holds that a run ends when a replica owes something and is silent,
// and only then: long pauses without a request in flight are none of its faults.
func TestStall(t *testing.T) {
	cases := map[string]struct {
		answer  func(n int, w net.Conn) bool
		every   time.Duration // between requests
		stalled bool
	}{
		"quick":                     {after(0, 0), 2 * time.Minute, false},
		"slow":                      {after(50*time.Second, 50*time.Second), 3 * time.Minute, false},
		"no answer":                 {after(time.Hour, 0), time.Second, true},
		"stops in the middle":       {after(0, time.Hour), time.Hour, true},
		"stops while requests come": {after(time.Hour, 0), 20 * time.Second, true},
		"one hangs, others answer": {func(n int, w net.Conn) bool {
			if n == 0 {
				return after(10*time.Minute, 0)(n, w)
			}
			return after(0, 0)(n, w)
		}, 50 * time.Second, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl, _ := virtual(t, Options{}, c.answer)
				var got kept
				s, err := cl.Run(t.Context(), Plan{Connections: 1, StallLimit: time.Minute, Grace: time.Hour}, numbered(6, c.every), &got)
				var stall *StallError
				if errors.As(err, &stall) != c.stalled {
					t.Fatalf("error %v", err)
				}
				if len(got) != s.Sent || s.OK+s.Failed[CanceledError] != s.Sent {
					t.Errorf("summary %+v, %d results", s, len(got))
				}
				if stall != nil && (stall.Quiet < time.Minute || stall.Quiet > 65*time.Second || stall.InFlight == 0) {
					t.Errorf("%+v", stall)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// TestIdleTimeout holds that a connection that was not used for long is not used.
func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, conns := virtual(t, Options{IdleTimeout: 2 * time.Second}, after(0, 0))
		before := int64(0)
		watch := SourceFunc(func(a Ask, r *Request) bool {
			r.Tokens, r.At = []int32{1}, time.Duration(a.Sent)*5*time.Second
			if a.Sent == 1 {
				before = conns.Load()
			}
			return a.Sent < 2
		})
		if s, err := c.Run(t.Context(), Plan{Connections: 1}, watch, &kept{}); err != nil || s.OK != 2 {
			t.Fatalf("%+v, %v", s, err)
		}
		if conns.Load() <= before {
			t.Errorf("%d connections before the pause, %d after", before, conns.Load())
		}
	})
}

// TestSpares holds that a rising load finds connections ready, and that there
// are not many more than are in use.
func TestSpares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, conns := virtual(t, Options{}, after(time.Minute, 0))
		s, err := c.Run(t.Context(), Plan{Connections: 1}, numbered(300, time.Millisecond), &kept{})
		if err != nil || s.OK != 300 {
			t.Fatalf("%+v, %v", s, err)
		}
		if s.Waited > 1 {
			t.Errorf("%d requests waited for a connection", s.Waited)
		}
		if conns.Load() > int64(300+spares(300)) {
			t.Errorf("%d connections for 300 requests", conns.Load())
		}
	})
}

func TestSingleStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, conns := virtual(t, Options{}, after(30*time.Millisecond, 20*time.Millisecond))
		var got kept
		s, err := c.Run(t.Context(), Plan{Pace: OnCompletion}, numbered(10, 0), &got)
		if err != nil || s.Wall != 500*time.Millisecond || conns.Load() != 1 {
			t.Fatalf("%+v, %v, %d connections", s, err, conns.Load())
		}
		for i, r := range got {
			if at := time.Duration(i) * 50 * time.Millisecond; r.Scheduled != at || r.Sent != at || r.Done != at+50*time.Millisecond {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestResultsKeepComing holds that the sink gets results while a run is going.
func TestResultsKeepComing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := virtual(t, Options{}, after(0, 0))
		start := time.Now()
		sink := SinkFunc(func(batch []Result) error {
			for _, r := range batch {
				if age := time.Since(start) - r.Done; age > 2*flushInterval {
					t.Errorf("request %d reached the sink %v after it was done", r.Seq, age)
				}
			}
			return nil
		})
		if _, err := c.Run(t.Context(), Plan{}, numbered(30, 700*time.Millisecond), sink); err != nil {
			t.Fatal(err)
		}
	})
}

// TestHooks holds for every pace that the first token and the completion are
// told of once for each request, in that order, before the results are written.
func TestHooks(t *testing.T) {
	for name, plan := range paces {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, good)
			c := newClient(t, Options{URLs: []string{e.url}, Stream: true, TokenIDs: true})
			const n = 50
			var first, done [n]atomic.Int32
			plan.Progress = NewProgress(1)
			plan.FirstToken = func(id uint64, ids []int32) {
				if first[id].Add(1) != 1 || done[id].Load() != 0 || !slices.Equal(ids, []int32{int32(id)}) {
					t.Errorf("request %d: a second first token, a late one, or another's: %v", id, ids)
				}
			}
			plan.Completed = func(r *Result) {
				if done[r.Seq].Add(1) != 1 || first[r.Seq].Load() != 1 || !r.OK() {
					t.Errorf("completed out of order: %+v", r)
				}
			}
			if _, err := c.Run(t.Context(), plan, numbered(n, 0), &kept{}); err != nil {
				t.Fatal(err)
			}
			if s, f, d := plan.Progress.Replica(0); s != n || f != n || d != n {
				t.Errorf("progress: %d sent, %d with a first token, %d done; want %d of each", s, f, d, n)
			}
			for id := range done {
				if done[id].Load() != 1 {
					t.Errorf("request %d was not completed", id)
				}
			}
		})
	}
}
