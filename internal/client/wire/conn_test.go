package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// pair is a connection over loopback, both ends stamped.
func pair(t *testing.T) (a, b *Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ends := make([]*Conn, 2)
	for i := range ends {
		var c net.Conn
		if i == 0 {
			c, err = net.Dial("tcp", l.Addr().String())
		} else {
			c, err = l.Accept()
		}
		if err != nil {
			t.Fatal(err)
		}
		tcp, _ := c.(*net.TCPConn)
		t.Cleanup(func() { _ = c.Close() })
		stamped, ok := On(tcp)
		if !ok {
			t.Skip("SKIPPED: the kernel does not stamp TCP connections")
		}
		ends[i] = stamped
	}
	return ends[0], ends[1]
}

// What was read late has the time at which it came, and what was sent the time at which
// it left.
func TestStamps(t *testing.T) {
	a, b := pair(t)
	start := time.Now()
	clock := NewClock(start)
	room := make([]byte, 64)
	exact := 0
	for i := range 20 {
		before := time.Since(start)
		a.Ask(4)
		if n, err := a.Write([]byte("ping")); n != 4 || err != nil {
			t.Fatal(n, err)
		}
		after := time.Since(start)
		time.Sleep(20 * time.Millisecond)
		n, err := b.Read(room)
		if err != nil || string(room[:n]) != "ping" {
			t.Fatal(string(room[:n]), err)
		}
		left, sent := clock.At(a.Reap(), before, time.Since(start))
		came, received := clock.At(b.Received(), before, time.Since(start))
		switch {
		case !sent || !received:
			continue // the first ones, until the kernel has switched its stamps on
		case left < before || left > after+time.Millisecond:
			t.Errorf("%d left at %v, written from %v to %v", i, left, before, after)
		case came < left-time.Millisecond || came > after+15*time.Millisecond:
			t.Errorf("%d came at %v, it left at %v", i, came, left)
		}
		exact++
	}
	if exact < 10 {
		t.Errorf("%d of 20 were stamped", exact)
	}
}

// A connection that is stamped ends as others do.
func TestEnds(t *testing.T) {
	a, b := pair(t)
	if err := b.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline gives %v", err)
	}
	if n, err := b.Read(nil); n != 0 || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("no room gives %d, %v", n, err)
	}
	_ = b.SetReadDeadline(time.Time{})
	large := make([]byte, 1<<20)
	go func() {
		a.Ask(len(large))
		_, _ = a.Write(large)
		_ = a.Close()
	}()
	if got, err := io.ReadAll(b); len(got) != len(large) || err != nil {
		t.Errorf("%d of %d bytes, %v", len(got), len(large), err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed connection gives %v", err)
	}
}
