package client

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// exchange is one request as a test's server sees it.
type served struct {
	number  int // of the request, from 0, in order of arrival
	conn    int // of the connection, from 0
	request *http.Request
	body    map[string]any
	raw     []byte
}

// engine is a server whose answers are written by a test, byte by byte.
type engine struct {
	url   string
	mu    sync.Mutex
	seen  []served
	conns int
}

// newEngine starts a server on loopback. answer writes to the connection and
// reports whether it stays open.
func newEngine(t testing.TB, answer func(s served, w net.Conn) bool) *engine {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{url: "http://" + l.Addr().String()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.mu.Lock()
			number := e.conns
			e.conns++
			e.mu.Unlock()
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					s := served{conn: number, request: r}
					s.raw, err = io.ReadAll(r.Body)
					if err != nil {
						return
					}
					if err := json.Unmarshal(s.raw, &s.body); err != nil {
						t.Errorf("the request's body is not JSON: %v: %s", err, s.raw)
						return
					}
					e.mu.Lock()
					s.number = len(e.seen)
					e.seen = append(e.seen, s)
					e.mu.Unlock()
					if !answer(s, c) {
						return
					}
				}
			})
		}
	})
	return e
}

// connections is how many were accepted.
func (e *engine) connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.conns
}

func (e *engine) requests() []served {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]served(nil), e.seen...)
}

// good answers every request with the prompt's first token id, streamed.
func good(s served, w net.Conn) bool {
	_, err := io.WriteString(w, goodAnswer(s))
	return err == nil
}

func goodAnswer(s served) string {
	prompt := s.body["prompt"].([]any)
	return streamHead + chunked(tokenEvent("a", "stop", int(prompt[0].(float64))),
		`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}`, "[DONE]")
}

// list is a source of requests.
type list struct {
	requests []Request
	next     int
}

func (l *list) Next(_ Ask, r *Request) bool {
	if l.next == len(l.requests) {
		return false
	}
	*r = l.requests[l.next]
	l.next++
	return true
}

// numbered is n requests, due every gap, whose prompt is their number.
func numbered(n int, gap time.Duration) *list {
	l := &list{}
	for i := range n {
		l.requests = append(l.requests, Request{ID: uint64(i), Sample: 10 * i, Replica: -1, At: time.Duration(i) * gap, Tokens: []int32{int32(i)}})
	}
	return l
}

// kept is a sink that copies all results.
type kept []Result

func (k *kept) Write(batch []Result) error {
	for _, r := range batch {
		r.OutputIDs = append([]int32(nil), r.OutputIDs...)
		r.Text = append([]byte(nil), r.Text...)
		*k = append(*k, r)
	}
	return nil
}

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	if o.Model == "" {
		o.Model = "m"
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
