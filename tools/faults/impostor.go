package main

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// impostor is an engine that is well until it is asked for tokens.
type impostor struct {
	// answer writes what comes instead of tokens to the n-th request of all, and of
	// the connection, and reports whether that stays open.
	answer func(w net.Conn, n, ofConnection int64) bool
	// health is what it says when it is asked how it is; empty: that it is well.
	health string
	// idle, where not 0, is how long a connection may be unused before it is closed.
	idle time.Duration
	tls  bool
	// host is the name in its URL; empty: its address.
	host string
}

// start is the setup of a fault whose engine is the impostor. Under TLS its
// certificate lies in the file cert.pem.
func (i impostor) start(b *bench) (func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address, scheme := l.Addr().String(), "http"
	if i.host != "" {
		_, port, _ := net.SplitHostPort(address)
		address = net.JoinHostPort(i.host, port)
	}
	if i.tls {
		scheme = "https"
		ready := httptest.NewTLSServer(nil) // for its certificate
		ready.Close()
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ready.Certificate().Raw})
		if err := os.WriteFile(b.path("cert.pem"), cert, 0o644); err != nil {
			return nil, err
		}
		l = tls.NewListener(l, &tls.Config{Certificates: ready.TLS.Certificates})
	}
	b.replace = map[string]string{impostorURL: scheme + "://" + address, impostorTLS: "https://" + address}
	go i.serve(l)
	return func() { l.Close() }, nil
}

func (i impostor) serve(l net.Listener) {
	var asked atomic.Int64
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			in := bufio.NewReader(c)
			for n := int64(0); i.one(c, in, &asked, &n); {
			}
		}()
	}
}

// one answers a request and reports whether the connection stays open.
func (i impostor) one(c net.Conn, in *bufio.Reader, asked *atomic.Int64, here *int64) bool {
	if i.idle > 0 {
		_ = c.SetReadDeadline(time.Now().Add(i.idle))
	}
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, r.Body)
	write := func(text string) bool {
		_, err := io.WriteString(c, text)
		return err == nil
	}
	switch r.URL.Path {
	case "/health":
		if i.health != "" {
			return write(i.health) && false
		}
		return write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	case "/v1/models":
		const models = `{"data":[{"id":"impostor"}]}`
		return write(fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Simulated: true\r\nContent-Length: %d\r\n\r\n%s", len(models), models))
	case "/v1/completions", "/generate":
		*here++
		return i.answer(c, asked.Add(1), *here)
	}
	return write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
}

// says answers every request with the same bytes and closes the connection.
func says(text string) impostor {
	return impostor{answer: func(w net.Conn, _, _ int64) bool {
		_, _ = io.WriteString(w, text)
		return false
	}}
}

// endless sends a beginning and then the same piece until nobody takes it.
func endless(begin, piece string) impostor {
	piece = strings.Repeat(piece, 1+(64<<10)/len(piece))
	return impostor{answer: func(w net.Conn, _, _ int64) bool {
		_, err := io.WriteString(w, begin)
		for err == nil {
			_, err = io.WriteString(w, piece)
		}
		return false
	}}
}

// drip sends a beginning and then a piece every 20 ms, for ever.
func drip(begin, piece string) impostor {
	return impostor{answer: func(w net.Conn, _, _ int64) bool {
		_, err := io.WriteString(w, begin)
		for err == nil {
			time.Sleep(20 * time.Millisecond)
			_, err = io.WriteString(w, piece)
		}
		return false
	}}
}

// The beginnings of answers.
const (
	streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	openHead   = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
)

// stream is a whole answer of vLLM's in events, each with the line end given.
func stream(end string) string {
	var s strings.Builder
	for i := range 16 {
		finish := "null"
		if i == 15 {
			finish = `"length"`
		}
		fmt.Fprintf(&s, `data: {"object":"text_completion","choices":[{"index":0,"text":"a","finish_reason":%s}]}`+end+end, finish)
	}
	s.WriteString(`data: {"object":"text_completion","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":16}}` + end + end)
	s.WriteString("data: [DONE]" + end + end)
	return s.String()
}

// whole is an answer that is as it should be.
func whole() string {
	body := stream("\n")
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// quickly answers well and then does something with the connection.
func quickly(then func(w net.Conn) bool) impostor {
	text := whole()
	return impostor{answer: func(w net.Conn, _, _ int64) bool {
		_, err := io.WriteString(w, text)
		return err == nil && then(w)
	}}
}

// stays keeps the connection open.
func stays(net.Conn) bool { return true }
