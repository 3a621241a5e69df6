package h2

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// only starts a server that speaks HTTP/2 alone and counts its connections.
func only(t *testing.T, secure bool, streams int, h http.HandlerFunc) (*Server, *httptest.Server, *atomic.Int64) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	var conns atomic.Int64
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streams}
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	scheme, config := "http", (*tls.Config)(nil)
	if secure {
		s.TLS = &tls.Config{NextProtos: []string{"h2"}}
		s.EnableHTTP2 = true
		s.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		scheme, config = "https", &tls.Config{RootCAs: roots}
	} else {
		s.Start()
	}
	server := New(scheme, s.Listener.Addr().String(), config)
	t.Cleanup(func() { server.Close(); s.Close() })
	return server, s, &conns
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	c, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ask sends a request with a body and returns the response that is read back.
func ask(c net.Conn, in *bufio.Reader, body string) (*http.Response, error) {
	go fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: gateway\r\nX-Own: a b\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return http.ReadResponse(in, nil)
}

func TestRequests(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s, _, conns := only(t, secure, 100, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.ProtoMajor != 2 || r.Host != "gateway" || r.Header.Get("X-Own") != "a b" || r.ContentLength != int64(len(body)) {
				t.Errorf("the server sees %s %s %v, length %d", r.Proto, r.Host, r.Header, r.ContentLength)
			}
			w.Header().Set("Content-Type", "text/event-stream")
			if string(body) == "no" {
				w.WriteHeader(http.StatusTooManyRequests)
			}
			fmt.Fprintf(w, "%s %s", r.URL.Path, body)
		})
		c := dial(t, s)
		in := bufio.NewReader(c)
		for body, status := range map[string]int{"one": 200, "no": 429, strings.Repeat("long ", 20_000): 200, "": 200} {
			res, err := ask(c, in, body)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != status || res.Header.Get("Content-Type") != "text/event-stream" || string(text) != "/v1/completions "+body {
				t.Errorf("secure %t: %v, %s, %.60q", secure, err, res.Status, text)
			}
		}
		if n := conns.Load(); n != 1 {
			t.Errorf("secure %t: %d connections for requests one after another", secure, n)
		}
	}
}

// What a server sends arrives before it ends its response.
func TestStream(t *testing.T) {
	next := make(chan struct{})
	s, _, _ := only(t, false, 100, func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "event %d\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
	})
	c := dial(t, s)
	res, err := ask(c, bufio.NewReader(c), "x")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(res.Body)
	for i := range 3 {
		if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("event %d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
		next <- struct{}{}
	}
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v after the end", rest, err)
	}
}

// As many requests as there are connections are under way at once, on as few HTTP/2
// connections as the server's limit of streams allows.
func TestShared(t *testing.T) {
	var here sync.WaitGroup
	here.Add(6)
	s, _, conns := only(t, false, 2, func(w http.ResponseWriter, r *http.Request) {
		here.Done()
		here.Wait() // for all six
		fmt.Fprint(w, "ok")
	})
	var all []net.Conn
	for range 6 {
		all = append(all, dial(t, s))
	}
	var done sync.WaitGroup
	for _, c := range all {
		done.Go(func() {
			res, err := ask(c, bufio.NewReader(c), "x")
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := io.ReadAll(res.Body); string(text) != "ok" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	done.Wait()
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections for 6 requests of at most 2 streams each, want 3", n)
	}
}

// A response that breaks off is an error, and where the server says why, that.
func TestBroken(t *testing.T) {
	s, _, _ := only(t, false, 100, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "begun")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	c := dial(t, s)
	res, err := ask(c, bufio.NewReader(c), "x")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if string(text) != "begun" || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "INTERNAL_ERROR") {
		t.Errorf("the connection ended with %v, want the stream's error", err)
	}
}

// A connection that is closed takes its request from the server.
func TestClosed(t *testing.T) {
	gone := make(chan struct{})
	s, _, _ := only(t, false, 100, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	c := dial(t, s)
	if _, err := ask(c, bufio.NewReader(c), "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a read beyond its deadline returned")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the server still has the request")
	}
}

// After the HTTP/2 connection ended, its connections end as if the server had closed
// them, and new ones go to another.
func TestEnded(t *testing.T) {
	s, server, conns := only(t, false, 100, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	c := dial(t, s)
	server.CloseClientConnections()
	deadline := time.Now().Add(10 * time.Second)
	for s.conns[0].Err() == nil && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if _, err := ask(c, bufio.NewReader(c), "x"); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, want the end of the connection", err)
	}
	c = dial(t, s)
	if res, err := ask(c, bufio.NewReader(c), "x"); err != nil || res.StatusCode != 200 {
		t.Errorf("%v, %v", res, err)
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestDialFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := New("http", l.Addr().String(), nil).Dial(t.Context()); err == nil {
		t.Error("a connection to nobody")
	}
	s, _, _ := only(t, true, 100, func(http.ResponseWriter, *http.Request) {})
	var unknown x509.UnknownAuthorityError
	if _, err := New("https", s.address, nil).Dial(t.Context()); !errors.As(err, &unknown) {
		t.Errorf("%v, want an unknown authority", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Dial(ctx); err == nil {
		t.Error("a connection after the end")
	}
}
