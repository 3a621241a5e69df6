package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlcfg/internal/client/balance"
)

var paces = map[string]Plan{
	"on schedule":   {Pace: OnSchedule},
	"at once":       {Pace: AtOnce, Concurrency: 7},
	"on completion": {Pace: OnCompletion},
}

// TestRun holds for every pace that each request has one result, with its own
// answer, and times in order.
func TestRun(t *testing.T) {
	for name, plan := range paces {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, good)
			c := newClient(t, Options{URLs: []string{e.url}, Stream: true, TokenIDs: true})
			var got kept
			const n = 700 // more than two batches
			s, err := c.Run(t.Context(), plan, numbered(n, 20*time.Microsecond), &got)
			if err != nil {
				t.Fatal(err)
			}
			if s.Sent != n || s.OK != n || len(got) != n || s.OutputTokens != n {
				t.Fatalf("summary %+v, %d results, want %d", s, len(got), n)
			}
			seen := map[uint64]bool{}
			for _, r := range got {
				if seen[r.Seq] || !r.OK() || int(r.Sample) != 10*int(r.Seq) || !slices.Equal(r.OutputIDs, []int32{int32(r.Seq)}) {
					t.Fatalf("wrong or second result: %+v", r)
				}
				seen[r.Seq] = true
				if r.Sent < r.Scheduled || r.FirstToken < r.Sent || r.LastToken < r.FirstToken || r.Done < r.LastToken {
					t.Fatalf("times out of order: %+v", r)
				}
				if plan.Pace == OnCompletion && r.Scheduled != r.Sent {
					t.Fatalf("scheduled and sent must be the same: %+v", r)
				}
				if r.InputTokens != 1 || r.OutputTokens != 1 || r.HTTPStatus != 200 || r.Finish != "stop" || r.Bytes == 0 {
					t.Fatalf("missing: %+v", r)
				}
			}
			if plan.Pace != OnSchedule && e.connections() != max(plan.Concurrency, 1) {
				t.Errorf("%d connections for a concurrency of %d", e.connections(), plan.Concurrency)
			}
		})
	}
}

// TestFailures holds for every pace that what goes wrong with one request is in
// its result, is not tried again, and leaves the next requests alone.
func TestFailures(t *testing.T) {
	write := func(text string, open bool) func(served, net.Conn) bool {
		return func(_ served, w net.Conn) bool {
			_, err := io.WriteString(w, text)
			return err == nil && open
		}
	}
	stream := streamHead + chunked(tokenEvent("a", "stop", 1), "[DONE]")
	for _, c := range []struct {
		want   ErrorClass
		answer func(served, net.Conn) bool
	}{
		{BrokenError, write(stream[:len(stream)-20], false)},
		{StatusError, write(whole("429 Too Many Requests", `{"error":"slow down"}`), true)},
		{StatusError, write("HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\nno", false)},
		{ProtocolError, write("what?\r\n\r\n", true)},
		{MalformedError, write(streamHead+chunked("{", "[DONE]"), true)},
		{EngineError, write(streamHead+chunked(`{"error":{"message":"no"}}`, "[DONE]"), true)},
		{CountsError, write(streamHead+chunked(tokenEvent("a", "null", 1, 2), usageEvent, "[DONE]"), true)},
		{NoTokenError, write(streamHead+chunked("[DONE]"), true)},
		{UnendedError, write(streamHead+chunked(tokenEvent("a", "stop", 1)), true)},
		{LateError, write(stream+"more", true)},
		{TimeoutError, func(served, net.Conn) bool { return true }},
		{TimeoutError, write(stream[:len(stream)-20], true)},
	} {
		for name, plan := range paces {
			t.Run(string(c.want)+"/"+name, func(t *testing.T) {
				e := newEngine(t, func(s served, w net.Conn) bool {
					if s.number == 3 {
						return c.answer(s, w)
					}
					return good(s, w)
				})
				cl := newClient(t, Options{URLs: []string{e.url}, Stream: true, TokenIDs: true})
				plan.Timeout = 10 * time.Second
				if c.want == TimeoutError {
					plan.Timeout = 100 * time.Millisecond
				}
				plan.Concurrency = 1
				var got kept
				s, err := cl.Run(t.Context(), plan, numbered(10, 5*time.Millisecond), &got)
				if err != nil {
					t.Fatal(err)
				}
				if s.Sent != 10 || s.OK != 9 || s.Failed[c.want] != 1 || len(e.requests()) != 10 {
					t.Fatalf("summary %+v after %d requests\n%+v", s, len(e.requests()), got)
				}
				for _, r := range got {
					if (r.Class != NoError) != (r.Error != "") || (!r.OK() && r.Done == 0) {
						t.Errorf("result %+v", r)
					}
				}
			})
		}
	}
}

func TestConnectFails(t *testing.T) {
	e := newEngine(t, good)
	for name, plan := range paces {
		t.Run(name, func(t *testing.T) {
			// The engine is there when the run begins and then takes no connection.
			var dials atomic.Int64
			c := newClient(t, Options{URLs: []string{e.url}, Stream: true, Dial: func(ctx context.Context, address string) (net.Conn, error) {
				if dials.Add(1) > 1 {
					return nil, errors.New("connection refused")
				}
				n, err := net.Dial("tcp", address)
				if err == nil {
					n.Close()
				}
				return n, err
			}})
			plan.Concurrency, plan.Connections = 1, 1
			s, err := c.Run(t.Context(), plan, numbered(5, time.Millisecond), &kept{})
			if err != nil || s.Sent != 5 || s.OK != 0 || s.Failed[ConnectError] == 0 {
				t.Fatalf("summary %+v, %v", s, err)
			}
		})
	}
	t.Run("before the run", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		c := newClient(t, Options{URLs: []string{"http://" + l.Addr().String()}})
		if _, err := c.Run(t.Context(), Plan{}, numbered(1, 0), &kept{}); err == nil || !strings.Contains(err.Error(), "connecting to replica 0 at http://127.0.0.1") {
			t.Errorf("got %v", err)
		}
	})
}

// TestCancel holds that a run that is stopped ends at once, or when what is in
// flight is done, and records every request that it sent.
func TestCancel(t *testing.T) {
	for name, plan := range paces {
		for _, grace := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprintf("%s, grace %v", name, grace), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				release := make(chan struct{})
				e := newEngine(t, func(s served, w net.Conn) bool {
					if s.number < 3 {
						return good(s, w)
					}
					if s.number == 3 {
						cancel()
						if grace > 0 {
							time.AfterFunc(20*time.Millisecond, func() { close(release) })
						}
					}
					<-release
					return good(s, w)
				})
				if grace == 0 {
					defer close(release)
				}
				c := newClient(t, Options{URLs: []string{e.url}, Stream: true})
				plan.Grace = grace
				plan.Concurrency = 1
				var got kept
				s, err := c.Run(ctx, plan, numbered(100000, time.Millisecond), &got)
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("error %v", err)
				}
				if len(got) != s.Sent || s.Sent < 4 || s.OK+s.Failed[CanceledError] != s.Sent || (s.Failed[CanceledError] > 0) != (grace == 0) {
					t.Fatalf("summary %+v, %d results", s, len(got))
				}
			})
		}
	}
}

func TestSinkFails(t *testing.T) {
	e := newEngine(t, good)
	c := newClient(t, Options{URLs: []string{e.url}, Stream: true})
	full := errors.New("disk full")
	for name, plan := range paces {
		t.Run(name, func(t *testing.T) {
			endless := SourceFunc(func(a Ask, r *Request) bool {
				r.At, r.Tokens = time.Duration(a.Sent)*50*time.Microsecond, []int32{1}
				return true
			})
			_, err := c.Run(t.Context(), plan, endless, SinkFunc(func([]Result) error { return full }))
			if !errors.Is(err, full) {
				t.Fatalf("error %v", err)
			}
		})
	}
}

// TestReplicas holds that requests go to the replica that the source, the
// balancer or the pace decides on, and that the balancer hears of every end.
func TestReplicas(t *testing.T) {
	var engines []*engine
	var urls []string
	for range 3 {
		e := newEngine(t, good)
		engines, urls = append(engines, e), append(urls, e.url)
	}
	c := newClient(t, Options{URLs: urls, Stream: true})
	counts := func() (n []int) {
		for _, e := range engines {
			n = append(n, len(e.requests()))
			e.mu.Lock()
			e.seen = nil
			e.mu.Unlock()
		}
		return n
	}

	b, err := balance.New(balance.Config{Algorithm: balance.RoundRobin, Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	var got kept
	if _, err := c.Run(t.Context(), Plan{Balancer: b}, numbered(7, 0), &got); err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		if int(r.Replica) != int(r.Seq)%3 {
			t.Errorf("request %d went to replica %d", r.Seq, r.Replica)
		}
	}
	if n := counts(); !slices.Equal(n, []int{3, 2, 2}) {
		t.Errorf("round robin: %v", n)
	}
	for i := range 3 {
		if b.InFlight(i) != 0 {
			t.Errorf("the balancer counts %d in flight on %d", b.InFlight(i), i)
		}
	}

	l := numbered(4, 0)
	for i := range l.requests {
		l.requests[i].Replica = 2
	}
	if _, err := c.Run(t.Context(), Plan{Balancer: b}, l, &kept{}); err != nil {
		t.Fatal(err)
	}
	if n := counts(); !slices.Equal(n, []int{0, 0, 4}) {
		t.Errorf("fixed: %v", n)
	}

	// Each replica asks for its own share; none is asked again after its end.
	left, ended := []int{5, 0, 2}, make([]bool, 3)
	shares := SourceFunc(func(a Ask, r *Request) bool {
		if ended[a.Replica] {
			t.Errorf("replica %d is asked for again", a.Replica)
		}
		if left[a.Replica] == 0 {
			ended[a.Replica] = true
			return false
		}
		left[a.Replica]--
		r.Tokens = []int32{1}
		return true
	})
	if _, err := c.Run(t.Context(), Plan{Pace: AtOnce, Concurrency: 4}, shares, &kept{}); err != nil {
		t.Fatal(err)
	}
	if n := counts(); !slices.Equal(n, []int{5, 0, 2}) {
		t.Errorf("shares: %v", n)
	}

	if _, err := c.Run(t.Context(), Plan{}, numbered(1, 0), &kept{}); !errors.Is(err, errNoBalancer) {
		t.Errorf("no balancer: %v", err)
	}
}

// TestConnectionLimit holds that a burst makes no more connections than allowed,
// that what waits is sent in order, and that the wait is told.
func TestConnectionLimit(t *testing.T) {
	var busy, most atomic.Int64
	e := newEngine(t, func(s served, w net.Conn) bool {
		most.Store(max(most.Load(), busy.Add(1)))
		defer busy.Add(-1)
		time.Sleep(100 * time.Microsecond)
		return good(s, w)
	})
	c := newClient(t, Options{URLs: []string{e.url}, Stream: true, MaxConns: 4})
	s, err := c.Run(t.Context(), Plan{LateLimit: time.Nanosecond}, numbered(200, 0), &kept{})
	if err != nil || s.OK != 200 {
		t.Fatalf("summary %+v, %v", s, err)
	}
	if s.Opened != 4 || e.connections() != 4 || most.Load() > 4 {
		t.Errorf("%d connections, %d at a time, limit 4", e.connections(), most.Load())
	}
	if s.KeptUp || s.Waited == 0 || !strings.Contains(strings.Join(s.Reasons, "\n"), "wait for a connection (limit 4 a replica)") {
		t.Errorf("a client without connections kept up: %+v", s)
	}
}

// TestLargeRequest holds that a request which does not fit the socket's buffers
// does not hold up the others.
func TestLargeRequest(t *testing.T) {
	large := strings.Repeat("x", 8<<20)
	e := newEngine(t, func(s served, w net.Conn) bool {
		_, err := io.WriteString(w, streamHead+chunked(tokenEvent("a", "stop", 1), "[DONE]"))
		return err == nil
	})
	c := newClient(t, Options{URLs: []string{e.url}, Stream: true})
	for _, plan := range []Plan{{}, {Pace: AtOnce}} {
		l := numbered(4, time.Millisecond)
		l.requests[1].Tokens, l.requests[1].Text = nil, large
		if s, err := c.Run(t.Context(), plan, l, &kept{}); err != nil || s.OK != 4 {
			t.Fatalf("summary %+v, %v", s, err)
		}
	}
	for _, r := range e.requests() {
		if text, ok := r.body["prompt"].(string); ok && text != large {
			t.Errorf("a prompt of %d bytes came", len(text))
		}
	}
}

// watchedConn tells when the client closes it.
type watchedConn struct {
	*net.TCPConn
	closed chan<- struct{}
}

func (c watchedConn) Close() error {
	c.closed <- struct{}{}
	return c.TCPConn.Close()
}

// TestIdleConnections holds that no request goes to a connection that the engine
// is known to have closed while it was unused.
func TestIdleConnections(t *testing.T) {
	const n = 30
	answered, closed := make(chan int, n), make(chan struct{}, 10*n)
	e := newEngine(t, func(s served, w net.Conn) bool {
		ok := good(s, w)
		answered <- s.number
		return ok && s.number%2 == 0 // every second one is closed after its answer, without a word
	})
	c := newClient(t, Options{URLs: []string{e.url}, Stream: true, IdleTimeout: time.Hour, Dial: func(ctx context.Context, address string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return watchedConn{conn.(*net.TCPConn), closed}, nil
	}})
	list := numbered(n, 0)
	s, err := c.Run(t.Context(), Plan{}, SourceFunc(func(a Ask, r *Request) bool {
		if a.Sent > 0 && <-answered%2 == 1 {
			<-closed // the client has seen that the engine closed it
		}
		return list.Next(a, r)
	}), &kept{})
	if err != nil || s.OK != n {
		t.Fatalf("summary %+v, %v", s, err)
	}
}

// TestAsk holds what a source is told.
func TestAsk(t *testing.T) {
	e := newEngine(t, good)
	c := newClient(t, Options{URLs: []string{e.url}, Stream: true})
	for name, plan := range paces {
		t.Run(name, func(t *testing.T) {
			plan.Concurrency = 1
			var asks []Ask
			source := SourceFunc(func(a Ask, r *Request) bool {
				asks = append(asks, a)
				r.Tokens, r.At = []int32{1}, 0
				return a.Sent < 3
			})
			if _, err := c.Run(t.Context(), plan, source, &kept{}); err != nil {
				t.Fatal(err)
			}
			for i, a := range asks {
				if a.Sent != i || a.Done > i || (plan.Pace != OnSchedule && a.Done != i) || (i > 0) != (a.LastSent > 0) || a.LastSent > a.Now {
					t.Errorf("ask %d: %+v", i, a)
				}
			}
		})
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\ndata: [DONE]\n\n", tokenEvent("a", "stop", 1))
	}))
	defer server.Close()
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig
	for name, plan := range paces {
		c := newClient(t, Options{URLs: []string{server.URL}, Stream: true, TLS: trusted})
		if s, err := c.Run(t.Context(), plan, numbered(20, time.Millisecond), &kept{}); err != nil || s.OK != 20 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	c := newClient(t, Options{URLs: []string{server.URL}, Stream: true})
	if _, err := c.Run(t.Context(), Plan{}, numbered(1, 0), &kept{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
}

// TestServerOfTheStandardLibrary runs against net/http, streaming and not.
func TestServerOfTheStandardLibrary(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prefix/generate" || r.Header.Get("Authorization") != "Bearer k" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		body, _ := io.ReadAll(r.Body)
		const answer = `{"text":"abc","output_ids":[7,8,9],"meta_info":{"prompt_tokens":1,"completion_tokens":3,"finish_reason":{"type":"length"}}}`
		if !strings.Contains(string(body), `"stream":true`) {
			fmt.Fprint(w, answer)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\ndata: [DONE]\n\n", answer)
	})}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	for _, stream := range []bool{false, true} {
		c := newClient(t, Options{URLs: []string{"http://" + l.Addr().String() + "/prefix/"}, Protocol: Generate, Stream: stream, Text: true, Headers: map[string]string{"Authorization": "Bearer k"}})
		var got kept
		s, err := c.Run(t.Context(), Plan{}, numbered(20, 0), &got)
		if err != nil || s.OK != 20 {
			t.Fatalf("stream %t: summary %+v, %v, %+v", stream, s, err, got)
		}
		if r := got[0]; string(r.Text) != "abc" || r.OutputTokens != 3 || (r.FirstToken > 0) != stream {
			t.Errorf("stream %t: %+v", stream, r)
		}
	}
}
