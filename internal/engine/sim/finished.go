package sim

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
)

// finishedLog writes down which generations left the process whole, so that a
// test can hold a run's records against what the engine itself knows. An answer
// counts once its connection waits for the next request: then the last byte of
// it is in the system's hands.
type finishedLog struct {
	w io.Writer

	mu    sync.Mutex
	conns map[net.Conn]*answered
}

// answered is the last generation on a connection that is not written down yet.
type answered struct {
	line []byte
}

type answeredKey struct{}

// follow has the log hear of a server's connections.
func (l *finishedLog) follow(s *http.Server) {
	l.conns = map[net.Conn]*answered{}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		a := &answered{}
		l.mu.Lock()
		l.conns[c] = a
		l.mu.Unlock()
		return context.WithValue(ctx, answeredKey{}, a)
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch a := l.conns[c]; {
		case state == http.StateClosed || state == http.StateHijacked:
			delete(l.conns, c)
		case state == http.StateIdle && a != nil && a.line != nil:
			// A log that cannot be written must not end the engine that it watches.
			_, _ = l.w.Write(a.line)
			a.line = nil
		}
	}
}

// note remembers a generation whose answer has been given as it should be: a
// client may throw away what a fault was in.
func (g *generation) note(ctx context.Context) {
	a, ok := ctx.Value(answeredKey{}).(*answered)
	if !ok || g.wrong != (misbehaviour{}) {
		return
	}
	line, err := json.Marshal(Finished{Prompt: g.prompt, Tokens: g.out.n})
	if err == nil {
		a.line = append(line, '\n')
	}
}

// Finished is a line of [Config.Finished].
type Finished struct {
	// Prompt is the request's token ids, Tokens how many it was answered with.
	Prompt []int `json:"prompt"`
	Tokens int   `json:"tokens"`
}
