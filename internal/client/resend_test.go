package client

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestResend holds for every pace that a request which meets a closed connection
// before a byte of answer is sent once more, and no more than once.
func TestResend(t *testing.T) {
	for name, plan := range paces {
		for _, c := range []struct {
			name     string
			refuse   int64 // how often request 3 finds its connection closed without an answer
			requests int
			failed   int
		}{
			{"once", 1, 11, 0},
			{"twice", 2, 11, 1},
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				var refused atomic.Int64
				e := newEngine(t, func(s served, w net.Conn) bool {
					ours := bytes.Contains(s.raw, []byte(`"prompt":[3]`))
					return !(ours && refused.Add(1) <= c.refuse) && good(s, w)
				})
				cl := newClient(t, Options{URLs: []string{e.url}, Stream: true, TokenIDs: true})
				plan.Concurrency = 1
				var got kept
				s, err := cl.Run(t.Context(), plan, numbered(10, 20*time.Millisecond), &got)
				if err != nil {
					t.Fatal(err)
				}
				if s.Sent != 10 || s.OK != 10-c.failed || s.Failed[BrokenError] != c.failed || s.Resent != 1 || len(e.requests()) != c.requests {
					t.Fatalf("summary %+v after %d requests\n%+v", s, len(e.requests()), got)
				}
				for _, r := range got {
					if r.Resent != (r.Seq == 3) || r.OK() != (c.failed == 0 || r.Seq != 3) || r.Sent < r.Scheduled || r.Done < r.Sent {
						t.Errorf("result %+v", r)
					}
				}
			})
		}
	}
}

// TestIdleFromTheStart holds that a connection which the engine closes before the
// first request is not used.
func TestIdleFromTheStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := newEngine(t, good)
	go func() { // in front of the engine: the first connections are closed at once
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if n < 3 {
				c.Close()
				continue
			}
			behind, err := net.Dial("tcp", strings.TrimPrefix(e.url, "http://"))
			if err != nil {
				c.Close()
				return
			}
			go func() { _, _ = io.Copy(behind, c); behind.Close() }()
			go func() { _, _ = io.Copy(c, behind); c.Close() }()
		}
	}()
	cl := newClient(t, Options{URLs: []string{"http://" + l.Addr().String()}, Stream: true})
	list := numbered(3, 300*time.Millisecond)
	for i := range list.requests {
		list.requests[i].At += 300 * time.Millisecond
	}
	var got kept
	s, err := cl.Run(t.Context(), Plan{Connections: 3}, list, &got)
	if err != nil || s.OK != 3 || s.Resent != 0 {
		t.Fatalf("summary %+v, %v\n%+v", s, err, got)
	}
}
