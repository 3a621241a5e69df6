package client

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestEndless holds that an engine which never stops sending costs the request,
// and no more memory than was asked for.
func TestEndless(t *testing.T) {
	repeat := func(head, text string) func(net.Conn) {
		piece := strings.Repeat(text, 1+(16<<10)/len(text))
		return func(w net.Conn) {
			_, err := io.WriteString(w, head)
			for err == nil {
				_, err = io.WriteString(w, piece)
			}
		}
	}
	open := strings.Replace(streamHead, "Transfer-Encoding: chunked\r\n", "", 1)
	ids := "data: " + tokenEvent("a", "null", make([]int, 200)...) + "\n\n"
	for _, c := range []struct {
		name     string
		protocol Protocol
		send     func(net.Conn)
		want     ErrorClass
	}{
		{"a line", Completions, repeat(open, "xxxxxxxx"), LongError},
		{"lines of one event", Completions, repeat(open, "data: xxxx\n"), LongError},
		{"tokens", Completions, repeat(open, ids), LongError},
		{"tokens without ids", Completions, repeat(open, "data: "+tokenEvent("a", "null")+"\n\n"), LongError},
		{"ids in one event", Generate, repeat(open+`data: {"output_ids":[1`, ",1,1,1,1"), LongError},
		{"a body", Completions, repeat("HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxx"), LongError},
		{"interim responses", Completions, repeat("", "HTTP/1.1 100 Continue\r\n\r\n"), ProtocolError},
		{"trailers", Completions, repeat(streamHead+"0\r\n", "X: y\r\n"), ProtocolError},
		{"extensions of a chunk", Completions, repeat(streamHead+"5;", "xxxx"), ProtocolError},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, func(_ served, w net.Conn) bool { c.send(w); return false })
			cl := newClient(t, Options{URLs: []string{e.url}, Protocol: c.protocol, Stream: true, TokenIDs: true})
			l := numbered(1, 0)
			l.requests[0].MaxTokens = 16
			var got kept
			s, err := cl.Run(t.Context(), Plan{Timeout: 20 * time.Second}, l, &got)
			if err != nil || s.Failed[c.want] != 1 {
				t.Fatalf("%+v, %v\n%+v", s.Failed, err, got)
			}
			if n := got[0].OutputTokens; n > 16+tokenSlack+200 {
				t.Errorf("%d tokens were kept", n)
			}
		})
	}
}

// TestHeldTogether holds that many answers together are bounded, and that the
// bound is free again when they are over.
func TestHeldTogether(t *testing.T) {
	const conns = 2 * heldTogether / maxEvent
	release := make(chan struct{})
	open := strings.Replace(streamHead, "Transfer-Encoding: chunked\r\n", "", 1)
	line := []byte(open + strings.Repeat("x", maxEvent-1<<10))
	e := newEngine(t, func(s served, w net.Conn) bool {
		_, _ = w.Write(line)
		<-release
		return false
	})
	cl := newClient(t, Options{URLs: []string{e.url}, Stream: true})
	var got kept
	ended := make(chan Summary, 1)
	failed := make(chan struct{}, conns)
	go func() {
		s, err := cl.Run(t.Context(), Plan{Pace: AtOnce, Concurrency: conns, Completed: func(*Result) { failed <- struct{}{} }}, numbered(conns, 0), &got)
		if err != nil {
			t.Error(err)
		}
		ended <- s
	}()
	<-failed // the bound is met
	// What the collector has not taken yet does not count.
	most := uint64(math.MaxUint64)
	for range 5 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		most = min(most, m.HeapAlloc)
	}
	close(release)
	s := <-ended
	if s.Failed[LongError] == 0 || s.Failed[LongError] == conns || s.Sent != conns {
		t.Errorf("%+v", s.Failed)
	}
	if limit := uint64(2 * heldTogether); most > limit {
		t.Errorf("%d MiB in use, more than %d", most>>20, limit>>20)
	}
}

// TestStallWithoutTokens holds that an engine which sends what brings no answer
// nearer is found to hang.
func TestStallWithoutTokens(t *testing.T) {
	drip := func(head, text string) func(served, net.Conn) bool {
		return func(_ served, w net.Conn) bool {
			_, err := io.WriteString(w, head)
			for err == nil {
				time.Sleep(5 * time.Millisecond)
				_, err = io.WriteString(w, text)
			}
			return false
		}
	}
	for name, answer := range map[string]func(served, net.Conn) bool{
		"comments":          drip(streamHead, chunk("", ": ping\n\n")),
		"interim responses": drip("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
		"trailers":          drip(streamHead+"0\r\n", "X: y\r\n"),
		"a head":            drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
		"empty events":      drip(streamHead, chunk("", `data: {"choices":[]}`+"\n\n")),
		"an error's body":   drip("HTTP/1.1 500 Oops\r\n\r\n", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, answer)
			cl := newClient(t, Options{URLs: []string{e.url}, Stream: true})
			var got kept
			_, err := cl.Run(t.Context(), Plan{StallLimit: 200 * time.Millisecond, Timeout: time.Minute}, numbered(1, 0), &got)
			var stall *StallError
			if !errors.As(err, &stall) {
				t.Fatalf("%v\n%+v", err, got)
			}
		})
	}
	t.Run("tokens are none", func(t *testing.T) {
		n := 0
		e := newEngine(t, func(_ served, w net.Conn) bool {
			_, err := io.WriteString(w, streamHead)
			for ; err == nil && n < 20; n++ {
				time.Sleep(25 * time.Millisecond)
				_, err = io.WriteString(w, chunk("", fmt.Sprintf("data: %s\n\n", tokenEvent("a", "null", 7))))
			}
			_, err = io.WriteString(w, chunked(tokenEvent("", "stop"), "[DONE]"))
			return err == nil
		})
		cl := newClient(t, Options{URLs: []string{e.url}, Stream: true})
		var got kept
		if s, err := cl.Run(t.Context(), Plan{StallLimit: 400 * time.Millisecond, Timeout: time.Minute}, numbered(1, 0), &got); err != nil || s.OK != 1 {
			t.Fatalf("%v\n%+v", err, got)
		}
	})
}
