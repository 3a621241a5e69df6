package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
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

// dying is an engine that may end by itself.
type dying struct {
	engine.Engine
	died chan error
}

func (d dying) Died() <-chan error { return d.died }

// The end of an engine, or of the user's patience, ends the test and says why; answers
// under way are given up when the user says so.
func TestWatch(t *testing.T) {
	dead := &engine.Failure{What: "ended"}
	for name, c := range map[string]struct {
		died, abort bool
		parent      bool
		want        error
	}{
		"all goes well":             {want: nil},
		"it dies":                   {died: true, abort: true, want: dead},
		"interrupted":               {parent: true, want: context.Canceled},
		"given up":                  {abort: true, want: ErrInterrupted},
		"interrupted, then it dies": {parent: true, died: true, want: context.Canceled},
	} {
		abort, eng := make(chan struct{}), dying{died: make(chan error, 1)}
		r := &runner{out: Output{Abort: abort}}
		parent, cancel := context.WithCancel(t.Context())
		ctx, aborted, stop := r.watch(parent, eng)
		if c.parent {
			cancel()
			<-ctx.Done()
		}
		if c.died {
			eng.died <- dead
			<-ctx.Done()
		}
		if c.abort {
			close(abort)
			<-aborted
		}
		if got := stop(); !errors.Is(got, c.want) || got == nil != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if ctx.Err() == nil {
			t.Errorf("%s: what was started with it goes on", name)
		}
		cancel()
	}
	// What a dead engine had sent is read for a moment, and no longer.
	eng := dying{died: make(chan error, 1)}
	_, aborted, stop := (&runner{}).watch(t.Context(), eng)
	eng.died <- dead
	<-aborted
	if got := stop(); !errors.Is(got, dead) {
		t.Errorf("%v", got)
	}
}

// A replica that hangs is named, with what its client saw.
func TestStall(t *testing.T) {
	server := hanging(t)
	o := external(server.URL())
	o.Limits = Limits{StallTimeout: 200 * time.Millisecond, Grace: time.Millisecond, LateLimit: time.Hour}
	dir, state, invalid, err := begin(t, t.Context(), o, nil)
	want := "engine replica 0 at " + server.URL() + " hangs: nothing came from it for "
	if err == nil || !strings.Contains(err.Error(), want) || state.Phase != record.Measuring || !strings.Contains(invalid, want) {
		t.Errorf("%s: %v, %+v, %q; want %s", dir, err, state, invalid, want)
	}
	// One that hangs in the warm-up is not measured.
	p, err := NewPlan(t.Context(), mocked(t, loadgen.Server, func(_ *loadgen.Settings, m *manifest.Manifest) { m.HarnessConfig["enable_warmup"] = true }), o)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "run")
	sum, err := Run(t.Context(), p, Output{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), want) || sum != nil {
		t.Errorf("%v, %+v; want %s", err, sum, want)
	}
	if state, err := record.ReadState(dir); err != nil || state.MeasuringSince != nil || !slices.ContainsFunc(state.Faults, func(f string) bool { return strings.HasPrefix(f, "ended during warm-up: ") }) {
		t.Errorf("%+v, %v", state, err)
	}
}
