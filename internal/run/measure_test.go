package run

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
)

// blamer is an engine that is only asked whom to blame.
type blamer struct{ engine.Engine }

func (blamer) Blame(replica int, what string) *engine.Failure {
	return &engine.Failure{Replica: replica, What: what}
}

// The death of a replica is told rather than what its requests say, whichever
// of the two is known first.
func TestOutcome(t *testing.T) {
	dead := &engine.Failure{Replica: 1, What: "ended by itself: killed by signal 9 (killed)"}
	disk := errors.New("no space left on device")
	warm := errors.New("warm-up request to replica 1 failed: broken")
	stall := &client.StallError{Replica: 0, Quiet: time.Minute, InFlight: 3}
	canceled := fmt.Errorf("issuing: %w", context.Canceled)
	for _, c := range []struct {
		name       string
		err, cause error
		broken     bool
		want       string
	}{
		{"all went well", nil, nil, false, ""},
		{"every request in flight broke before the death was known", nil, dead, true, dead.Error()},
		{"it died after the last response", nil, dead, false, ""},
		{"requests broke and nobody died", nil, nil, true, ""},
		{"it died mid-run", canceled, dead, true, dead.Error()},
		{"it died in warm-up", warm, dead, false, dead.Error()},
		{"a warm-up request failed", warm, nil, false, warm.Error()},
		{"it hangs", stall, nil, false, "engine replica 0 " + stall.What()},
		{"the disk is full", disk, nil, false, disk.Error()},
		{"interrupted", canceled, context.Canceled, false, ErrInterrupted.Error()},
		{"interrupted twice", canceled, ErrInterrupted, false, ErrInterrupted.Error()},
	} {
		r := runner{broken: c.broken}
		got := ""
		if err := r.outcome(c.err, c.cause, blamer{}); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
