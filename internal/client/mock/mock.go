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
	"sync/atomic"
	"time"

	"mlcfg/internal/client/wire"
)

// Config says how the mock answers.
type Config struct {
	FirstToken time.Duration // from a request's arrival to its first token
	PerToken   time.Duration // from one token, or event of several, to the next
	Tokens     int           // of requests without max_tokens; 0 means 1
	PerEvent   int           // tokens in one event of a stream, the last one's may be fewer; 0 means 1
	// Fault says what goes wrong with the request of that number, from 0 in the
	// order of arrival; nil for nothing. It is called from several goroutines.
	Fault func(number int) Fault
}

// Fault is what goes wrong with an answer.
type Fault string

// The faults.
const (
	NoFault Fault = ""
	Refused Fault = "refused"   // status 503 and no token
	Aborted Fault = "aborted"   // all tokens, and the finish reason abort
	TooLong Fault = "too long"  // one token more than was asked for
	NoEnd   Fault = "no end"    // all tokens, and no finish reason
	Cut     Fault = "cut short" // the connection closes after the first event
)

// Visit is the truth about one request, in nanoseconds since the epoch.
type Visit struct {
	Arrival int64 `json:"arrival_ns"` // when the bytes came that completed the request
	First   int64 `json:"first_ns"`   // when the first token left
	Last    int64 `json:"last_ns"`    // when the last token left
	// Stamped reports whether the times are the kernel's. They are else when the read
	// returned, and just before the writes.
	Stamped bool  `json:"stamped"`
	Tokens  int   `json:"tokens"` // that were sent
	Prompt  int   `json:"prompt"` // token ids that came
	Fault   Fault `json:"fault,omitempty"`
}

// Server is a running mock.
type Server struct {
	config   Config
	listener net.Listener
	start    time.Time
	clock    *wire.Clock
	wg       sync.WaitGroup

	arrived        atomic.Int64
	inFlight, most atomic.Int64

	mu     sync.Mutex
	visits []*Visit
	conns  map[net.Conn]bool
	closed bool
}

// Start listens on the address, a loopback address in every use here.
func Start(address string, c Config) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("starting the mock server: %w", err)
	}
	c.Tokens, c.PerEvent = max(c.Tokens, 1), max(c.PerEvent, 1)
	s := &Server{config: c, listener: l, start: time.Now(), conns: map[net.Conn]bool{}}
	s.clock = wire.NewClock(s.start)
	s.wg.Go(s.accept)
	return s, nil
}

// URL is the base URL that clients use.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Truth returns the requests answered since the last call, by arrival.
func (s *Server) Truth() []Visit {
	s.mu.Lock()
	out := make([]Visit, len(s.visits))
	for i, v := range s.visits {
		out[i] = *v
	}
	s.visits = nil
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b Visit) int { return int(a.Arrival - b.Arrival) })
	return out
}

// MostInFlight is how many requests were being answered at once, at most.
func (s *Server) MostInFlight() int { return int(s.most.Load()) }

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
			// A server that answers at once has no times to be exact about.
			if tcp, ok := c.(*net.TCPConn); ok && s.config.FirstToken+s.config.PerToken > 0 {
				if v.wire, ok = wire.On(tcp); ok {
					v.conn = v.wire
				}
			}
			_ = v.serve() // whatever ended it: the client closed, or sent what is not a request
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) now() int64 { return s.start.UnixNano() + int64(time.Since(s.start)) }

// at is the time of a kernel's stamp, which is not before since; ok is false, and the
// time is otherwise, where there is none.
func (s *Server) at(stamp, since, otherwise int64) (at int64, ok bool) {
	zero := s.start.UnixNano()
	d, ok := s.clock.At(stamp, time.Duration(since-zero), time.Since(s.start))
	if !ok {
		return otherwise, false
	}
	return zero + int64(d), true
}

// note keeps a visit; what it returns may be amended with s.mu held.
func (s *Server) note(v Visit) *Visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visits = append(s.visits, &v)
	return &v
}

// visitor serves one connection.
type visitor struct {
	server *Server
	conn   net.Conn
	wire   *wire.Conn // conn, where the kernel stamps; else nil
	in     []byte     // received and not used yet
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
		arrival, stamped := v.server.now(), false
		if v.wire != nil {
			arrival, stamped = v.server.at(v.wire.Received(), v.server.start.UnixNano(), arrival)
		}
		if !bytes.HasPrefix(head, []byte("POST ")) {
			err = v.respond("200 OK", `{"object":"list","data":[{"id":"mock","object":"model","max_model_len":1048576}]}`)
		} else {
			err = v.completed(parse(body, v.server.config.Tokens), Visit{Arrival: arrival, Stamped: stamped})
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

// completed answers a request, with what goes wrong with it.
func (v *visitor) completed(a ask, visit Visit) error {
	s := v.server
	now := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	visit.Prompt = a.prompt
	if number := s.arrived.Add(1) - 1; s.config.Fault != nil {
		visit.Fault = s.config.Fault(int(number))
	}
	switch visit.Fault {
	case Refused:
		s.note(visit)
		return v.respond("503 Service Unavailable", `{"error":{"message":"the mock refuses"}}`)
	case Aborted:
		a.finish = `"abort"`
	case TooLong:
		a.tokens++
	case NoEnd:
		a.finish = "null"
	}
	visit.Tokens = a.tokens
	return v.complete(a, visit)
}

var errCut = errors.New("the answer is cut short")

// complete sends the answer. It is noted before its last bytes are written: who
// has the answer finds it in the truth.
func (v *visitor) complete(a ask, visit Visit) error {
	c := v.server.config
	if !a.stream {
		time.Sleep(c.FirstToken + time.Duration(a.tokens-1)*c.PerToken)
		visit.First = v.server.now()
		visit.Last = visit.First
		if visit.Fault == Cut {
			visit.Tokens = 0
			v.server.note(visit)
			_, err := v.conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
			return errors.Join(err, errCut)
		}
		v.server.note(visit)
		return v.respond("200 OK", wholeAnswer(a))
	}
	if v.stream.of.tokens != a.tokens || v.stream.of.ids != a.ids || v.stream.of.finish != a.finish || v.stream.events == nil {
		v.stream = makeAnswer(a, c.PerEvent)
	}
	v.out = append(v.out[:0], streamHead...)
	if c.FirstToken == 0 && c.PerToken == 0 && visit.Fault != Cut {
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
		ends := i == len(v.stream.ends)-1
		exact := v.wire != nil && (i == 0 || ends)
		if visit.Fault == Cut {
			visit.Tokens = min(c.PerEvent, a.tokens)
			v.server.note(visit)
			_, err := v.conn.Write(v.out)
			return errors.Join(err, errCut)
		}
		noted := &visit
		if ends {
			v.out = appendEnd(v.out, a)
			noted = v.server.note(visit) // before the client can have seen the end
		}
		if exact {
			v.wire.Ask(len(v.out))
		}
		if _, err := v.conn.Write(v.out); err != nil {
			return err
		}
		if exact {
			v.left(noted, i == 0)
		}
		v.out = v.out[:0]
	}
	return nil
}

// left takes when what was just written left by the kernel's clock, where it tells.
func (v *visitor) left(visit *Visit, first bool) {
	at, ok := v.server.at(v.wire.Reap(), visit.Last, visit.Last)
	v.server.mu.Lock()
	defer v.server.mu.Unlock()
	visit.Stamped = visit.Stamped && ok
	if visit.Last = at; first {
		visit.First = at
	}
}
