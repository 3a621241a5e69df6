// Package mock is a server that answers completions requests without a model,
// at once or after fixed delays, at next to no cost, and writes down when each
// request came and its first and last token went. It is there to measure a
// client: what the client says can be compared with what was true. It does not
// behave like an engine; the simulated engine does that.
//
//	s, err := mock.Start("127.0.0.1:0", mock.Config{FirstToken: 50 * time.Millisecond})
//	defer s.Close()
//	... requests to s.URL() ...
//	for _, v := range s.Truth() { ttft := v.First - v.Arrival }
package mock

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Config says how the mock answers.
type Config struct {
	FirstToken time.Duration // from a request's arrival to its first token
	PerToken   time.Duration // from one token to the next
	Tokens     int           // of requests without max_tokens; 0 means 1
}

// Visit is the truth about one request, in nanoseconds since the epoch.
type Visit struct {
	Arrival int64 `json:"arrival_ns"` // when the read returned that completed the request
	First   int64 `json:"first_ns"`   // just before the first token was written
	Last    int64 `json:"last_ns"`    // just before the last token was written
	Tokens  int   `json:"tokens"`
}

// Server is a running mock.
type Server struct {
	config   Config
	listener net.Listener
	start    time.Time
	wg       sync.WaitGroup

	mu     sync.Mutex
	visits []Visit
	conns  map[net.Conn]bool
	closed bool
}

// Start listens on the address, a loopback address in every use here.
func Start(address string, c Config) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("starting the mock server: %w", err)
	}
	if c.Tokens == 0 {
		c.Tokens = 1
	}
	s := &Server{config: c, listener: l, start: time.Now(), conns: map[net.Conn]bool{}}
	s.wg.Go(s.accept)
	return s, nil
}

// URL is the base URL that clients use.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Truth returns the requests answered since the last call, by arrival.
func (s *Server) Truth() []Visit {
	s.mu.Lock()
	out := s.visits
	s.visits = nil
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b Visit) int { return int(a.Arrival - b.Arrival) })
	return out
}

// Close ends all connections and waits for their goroutines.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = c.Close()
			return
		}
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			v := visitor{server: s, conn: c}
			_ = v.serve() // whatever ended it: the client closed, or sent what is not a request
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) now() int64 { return s.start.UnixNano() + int64(time.Since(s.start)) }

func (s *Server) note(v Visit) {
	s.mu.Lock()
	s.visits = append(s.visits, v)
	s.mu.Unlock()
}

// visitor serves one connection.
type visitor struct {
	server *Server
	conn   net.Conn
	in     []byte // received and not used yet
	out    []byte

	stream answer // the last one made: requests mostly ask for the same
}

func (v *visitor) serve() error {
	v.in = make([]byte, 0, 16<<10)
	for {
		head, body, err := v.request()
		if err != nil {
			return err
		}
		arrival := v.server.now()
		if !bytes.HasPrefix(head, []byte("POST ")) {
			err = v.respond("200 OK", `{"object":"list","data":[{"id":"mock","object":"model","max_model_len":1048576}]}`)
		} else {
			err = v.complete(parse(body, v.server.config.Tokens), arrival)
		}
		if err != nil {
			return err
		}
		v.in = v.in[:copy(v.in, v.in[len(head)+len(body):])]
	}
}

var errTooLong = errors.New("the head is too long")

// request reads until a whole request has come; both parts lie in v.in.
func (v *visitor) request() (head, body []byte, err error) {
	length, end := 0, -1
	for {
		if end < 0 {
			if end = bytes.Index(v.in, []byte("\r\n\r\n")); end >= 0 {
				end += 4
				length = contentLength(v.in[:end])
			} else if len(v.in) > 64<<10 {
				return nil, nil, errTooLong
			}
		}
		if end >= 0 && len(v.in) >= end+length {
			return v.in[:end], v.in[end : end+length], nil
		}
		v.in = slices.Grow(v.in, 4<<10)
		n, err := v.conn.Read(v.in[len(v.in):cap(v.in)])
		if n == 0 && err != nil {
			return nil, nil, err
		}
		v.in = v.in[:len(v.in)+n]
	}
}

func contentLength(head []byte) int {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && len(name) == len("content-length") && bytes.EqualFold(name, []byte("content-length")) {
			n, _ := strconv.Atoi(string(bytes.TrimSpace(value)))
			return max(n, 0)
		}
	}
	return 0
}

func (v *visitor) respond(status, body string) error {
	_, err := fmt.Fprintf(v.conn, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	return err
}

// ask is what matters of a request.
type ask struct {
	prompt, tokens int
	stream, ids    bool
}

// parse looks for the few fields. It takes the request for well-formed, and a
// prompt of text for one that does not look like JSON.
func parse(body []byte, tokens int) ask {
	a := ask{tokens: tokens}
	if i := bytes.Index(body, []byte(`"prompt":[`)); i >= 0 {
		if ids := body[i+len(`"prompt":[`):]; bytes.IndexByte(ids, ']') > 0 {
			a.prompt = 1 + bytes.Count(ids[:bytes.IndexByte(ids, ']')], []byte(","))
		}
	}
	for _, name := range []string{`"max_tokens":`, `"max_completion_tokens":`} {
		if i := bytes.LastIndex(body, []byte(name)); i >= 0 {
			n := 0
			for _, c := range body[i+len(name):] {
				if c < '0' || c > '9' {
					break
				}
				n = n*10 + int(c-'0')
			}
			a.tokens = min(max(n, 1), 1<<20)
		}
	}
	a.stream = bytes.Contains(body, []byte(`"stream":true`))
	a.ids = bytes.Contains(body, []byte(`"return_token_ids":true`))
	return a
}

// answer is the events of a streamed answer, each as a chunk of the response.
type answer struct {
	of     ask
	events []byte
	ends   []int // where each event ends in events
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"

// complete answers a request. It is noted before its last bytes are written: who
// has the answer finds it in the truth.
func (v *visitor) complete(a ask, arrival int64) error {
	visit := Visit{Arrival: arrival, Tokens: a.tokens}
	c := v.server.config
	if !a.stream {
		time.Sleep(c.FirstToken + time.Duration(a.tokens-1)*c.PerToken)
		visit.First = v.server.now()
		visit.Last = visit.First
		v.server.note(visit)
		return v.respond("200 OK", wholeAnswer(a))
	}
	if v.stream.of.tokens != a.tokens || v.stream.of.ids != a.ids || v.stream.events == nil {
		v.stream = makeAnswer(a)
	}
	v.out = append(v.out[:0], streamHead...)
	if c.FirstToken == 0 && c.PerToken == 0 {
		v.out = append(v.out, v.stream.events...)
		v.out = appendEnd(v.out, a)
		visit.First = v.server.now()
		visit.Last = visit.First
		v.server.note(visit)
		_, err := v.conn.Write(v.out)
		return err
	}
	due := time.Now().Add(c.FirstToken)
	from := 0
	for i, end := range v.stream.ends {
		time.Sleep(time.Until(due))
		due = due.Add(c.PerToken)
		v.out = append(v.out, v.stream.events[from:end]...)
		from = end
		visit.Last = v.server.now()
		if i == 0 {
			visit.First = visit.Last
		}
		if i == len(v.stream.ends)-1 {
			v.out = appendEnd(v.out, a)
			v.server.note(visit)
		}
		if _, err := v.conn.Write(v.out); err != nil {
			return err
		}
		v.out = v.out[:0]
	}
	return nil
}

// The fields are those that vLLM 0.33 writes.
const eventForm = `{"id":"cmpl-4cf0a7e1d3b74a0e9c1f6a2b8d5e7f90","object":"text_completion","created":1763900000,"model":"mock","choices":[{"index":0,"text":%q,"logprobs":null,"finish_reason":%s,"stop_reason":null,"prompt_token_ids":null,"token_ids":%s}]}`

func makeAnswer(a ask) answer {
	out := answer{of: a}
	for i := range a.tokens {
		finish, ids := "null", "null"
		if i == a.tokens-1 {
			finish = `"length"`
		}
		if a.ids {
			ids = fmt.Sprintf("[%d]", 1000+i)
		}
		out.events = appendChunk(out.events, fmt.Sprintf(eventForm, fmt.Sprintf(" t%d", i), finish, ids))
		out.ends = append(out.ends, len(out.events))
	}
	return out
}

func appendChunk(b []byte, event string) []byte {
	data := "data: " + event + "\n\n"
	return fmt.Appendf(b, "%x\r\n%s\r\n", len(data), data)
}

// appendEnd is the usage, the end mark and the end of the response. It is made
// for each request without formatting, for the prompt's length is in it.
func appendEnd(b []byte, a ask) []byte {
	const before = `data: {"id":"cmpl-4cf0a7e1d3b74a0e9c1f6a2b8d5e7f90","object":"text_completion","created":1763900000,"model":"mock","choices":[],"usage":{"prompt_tokens":`
	var digits [3][20]byte
	prompt := strconv.AppendInt(digits[0][:0], int64(a.prompt), 10)
	total := strconv.AppendInt(digits[1][:0], int64(a.prompt+a.tokens), 10)
	output := strconv.AppendInt(digits[2][:0], int64(a.tokens), 10)
	n := len(before) + len(prompt) + len(`,"total_tokens":`) + len(total) + len(`,"completion_tokens":`) + len(output) + len("}}\n\n")
	b = append(strconv.AppendInt(b, int64(n), 16), "\r\n"...)
	b = append(append(b, before...), prompt...)
	b = append(append(b, `,"total_tokens":`...), total...)
	b = append(append(b, `,"completion_tokens":`...), output...)
	return append(b, "}}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"...)
}

func wholeAnswer(a ask) string {
	ids := "null"
	if a.ids {
		b := []byte{'['}
		for i := range a.tokens {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(1000+i), 10)
		}
		ids = string(append(b, ']'))
	}
	return fmt.Sprintf(`{"id":"cmpl-4c","object":"text_completion","created":1763900000,"model":"mock","choices":[{"index":0,"text":" t","logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":%s}],"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d}}`,
		ids, a.prompt, a.prompt+a.tokens, a.tokens)
}
