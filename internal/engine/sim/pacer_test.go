package sim

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// In a bubble of synctest time stands still until everyone waits, so that the
// real-time side can be held against the simulation to the nanosecond.
func TestPacerKeepsTheTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(plain())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		start := time.Now()
		st := s.pacer.submit(5, output{n: 3})
		want := scheduler(t, plain())
		r := &Request{PromptTokens: 5, OutputTokens: 3}
		want.Submit(0, r)
		for have := 0; have < 3; {
			if have, err = st.wait(context.Background(), have); err != nil {
				t.Fatal(err)
			}
			next, _ := want.Next()
			want.Advance(next)
			if have != r.Produced || time.Since(start) != next {
				t.Errorf("%d tokens after %v, want %d after %v", have, time.Since(start), r.Produced, next)
			}
		}
	})
}

func TestSpeedDividesEveryTime(t *testing.T) {
	elapsed := func(speed float64) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			cfg := plain()
			cfg.Latency.Speed = speed
			s, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			start := time.Now()
			r := httptest.NewRequest("POST", "/v1/completions", strings.NewReader(`{"prompt":[1,2,3,4,5],"max_tokens":4,"ignore_eos":true}`))
			r.Header.Set("Content-Type", "application/json")
			s.ServeHTTP(httptest.NewRecorder(), r)
			d = time.Since(start)
		})
		return d
	}
	slow, fast := elapsed(1), elapsed(10)
	near(t, "at speed 1", slow, 45*time.Millisecond)
	near(t, "at speed 10", fast, 4500*time.Microsecond)
}

// A client that gives up while it waits takes its request with it.
func TestWaitEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(plain())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 12*time.Millisecond)
		defer cancel()
		st := s.pacer.submit(5, output{n: 50})
		if n, err := st.wait(ctx, 0); n != 0 || err == nil {
			t.Errorf("%d tokens, err %v; want a deadline before the first token", n, err)
		}
		s.pacer.remove(st)
		s.pacer.mu.Lock()
		defer s.pacer.mu.Unlock()
		if left := s.pacer.s.Stats().Running + len(s.pacer.streams); left != 0 {
			t.Errorf("%d left behind", left)
		}
	})
}
