package main

import (
	"testing"

	"mlcfg/internal/run"
)

func TestExpectedLoad(t *testing.T) {
	for _, c := range []struct {
		plan             run.Plan
		requests, tokens float64
	}{
		{run.Plan{}, 0, 0}, // offline: no schedule
		{run.Plan{Queries: 1200, ScheduledSeconds: 600, Parameters: map[string]any{"max_tokens": int64(1024)}}, 2, 2048},
		{run.Plan{Queries: 600, ScheduledSeconds: 600, Parameters: map[string]any{"max_new_tokens": 10}}, 1, 10},
		{run.Plan{Queries: 600, ScheduledSeconds: 600}, 1, 0},
	} {
		if requests, tokens := expectedLoad(&c.plan); requests != c.requests || tokens != c.tokens {
			t.Errorf("%+v: %v requests and %v tokens a second, want %v and %v", c.plan, requests, tokens, c.requests, c.tokens)
		}
	}
}
