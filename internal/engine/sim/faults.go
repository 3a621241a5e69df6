package sim

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Faults makes the engine misbehave, to test what its callers do then. The zero
// value is an engine without faults. Counts are of requests for generation, from 1.
type Faults struct {
	// Load is how long the engine loads before it serves.
	Load time.Duration
	// DieLoading ends the process at the end of Load, as if out of memory.
	DieLoading bool
	// DieAfter ends the process when this request arrives.
	DieAfter int
	// HangAfter stops all generation when this request arrives; the server goes
	// on answering /health, as a real one does.
	HangAfter int
	// MalformedEvery breaks the JSON of the last chunk of every so many streams.
	MalformedEvery int
	// BreakEvery closes the connection of every so many requests after the first
	// token, or instead of the answer.
	BreakEvery int
	// MiscountEvery reports one token too many in every so many usages.
	MiscountEvery int
	// LateEvery sends a token after the end of every so many streams.
	LateEvery int

	// Exit ends the process; os.Exit where nil.
	Exit func(code int)
}

// ParseFaults reads faults as the command line gives them: load=30s,
// die-loading, die-after=N, hang-after=N, malformed-every=N, break-every=N,
// miscount-every=N, late-every=N.
func ParseFaults(specs []string) (Faults, error) {
	var f Faults
	for _, spec := range specs {
		if err := f.parse(strings.TrimSpace(spec)); err != nil {
			return Faults{}, err
		}
	}
	return f, nil
}

func (f *Faults) parse(spec string) error {
	name, value, _ := strings.Cut(spec, "=")
	counts := map[string]*int{
		"die-after": &f.DieAfter, "hang-after": &f.HangAfter, "malformed-every": &f.MalformedEvery,
		"break-every": &f.BreakEvery, "miscount-every": &f.MiscountEvery, "late-every": &f.LateEvery,
	}
	switch count, known := counts[name]; {
	case known:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("fault %q: %q is no count of requests, want %s=N with N at least 1", spec, value, name)
		}
		*count = n
	case name == "load":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return fmt.Errorf("fault %q: %q is no duration, want for example load=30s", spec, value)
		}
		f.Load = d
	case spec == "die-loading":
		f.DieLoading = true
	default:
		return fmt.Errorf("fault %q is not known: load, die-loading, die-after, hang-after, malformed-every, break-every, miscount-every, late-every", spec)
	}
	return nil
}

// misbehaviour is what shall go wrong with one request.
type misbehaviour struct{ malformed, broken, miscounted, late bool }

// arrive counts a request and does what its number asks for.
func (f *Faults) arrive(counter *atomic.Int64, p *pacer) misbehaviour {
	n := int(counter.Add(1))
	if n == f.DieAfter {
		f.exit(137)
	}
	if n == f.HangAfter {
		p.freeze()
	}
	return misbehaviour{
		malformed:  every(n, f.MalformedEvery),
		broken:     every(n, f.BreakEvery),
		miscounted: every(n, f.MiscountEvery),
		late:       every(n, f.LateEvery),
	}
}

func every(n, period int) bool { return period > 0 && n%period == 0 }

func (f *Faults) exit(code int) {
	if f.Exit != nil {
		f.Exit(code)
		return
	}
	os.Exit(code)
}
