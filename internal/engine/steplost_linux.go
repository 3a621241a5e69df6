package engine

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

const (
	// silence is how long a step may say nothing until its engines are asked whether
	// they are there, longSilence how long in any case.
	silence     = 5 * time.Second
	longSilence = time.Minute
)

// because notes why the step ended, unless that is known.
func (s *step) because(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == "" {
		s.why = why
	}
}

// end gives the step up.
func (s *step) end(why string) {
	s.because(why)
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	s.out.Close() // what the launcher leaves may hold the other end
}

// killStep has the scheduler end what runs on the node.
func (s *step) killStep() {
	s.mu.Lock()
	job := s.job
	s.mu.Unlock()
	if job != "" && s.o.KillStep != nil {
		s.o.KillStep(job)
	}
}

// cause is how the step ended: what this side knows, else what the scheduler said.
func (s *step) cause() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why != "" {
		return s.why
	}
	lines := lastLines(tail(s.said), shownLines)
	for _, line := range lines {
		if strings.Contains(line, "error") || strings.Contains(line, "CANCELLED") {
			return "its step ended: " + line
		}
	}
	if len(lines) > 0 {
		return "its step ended: " + lines[len(lines)-1]
	}
	return "its step ended"
}

// listen gives the step up when its node is silent.
func (s *step) listen() {
	silence := cmp.Or(s.o.silence, silence)
	tick := time.NewTicker(silence / 5)
	defer tick.Stop()
	for {
		select {
		case <-s.gone:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		quiet := time.Since(s.heard)
		if s.heard.IsZero() {
			quiet = 0
		}
		urls := s.urls
		s.mu.Unlock()
		if quiet > longSilence || quiet > silence && !answer(urls, silence) {
			s.end(fmt.Sprintf("its node says nothing any more, for %v", quiet.Round(100*time.Millisecond)))
			return
		}
	}
}

// answer reports whether every engine takes connections.
func answer(urls []string, limit time.Duration) bool {
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			return false
		}
		conn, err := net.DialTimeout("tcp", u.Host, limit)
		if err != nil {
			return false
		}
		conn.Close()
	}
	return true
}
