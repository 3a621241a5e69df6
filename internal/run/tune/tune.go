// Package tune searches the highest rate at which a server run is VALID, as
// LoadGen's FindPeakPerformance mode does within one process: widen, then halve.
package tune

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// Search is what is to be searched.
type Search struct {
	// From is the first target, in queries a second. With To it is also the
	// lowest that is tried.
	From float64
	// To is the highest target that is tried; 0: any.
	To float64
	// Precision is the width of the interval at which the search ends, as a
	// share of the highest VALID target.
	Precision float64
	// MaxRuns bounds the number of runs.
	MaxRuns int
}

// Ended says why a search ended.
type Ended string

// The ends of a search.
const (
	Precise  Ended = "as precise as asked for"
	Bounded  Ended = "the bound is reached"
	OutOfRun Ended = "the number of runs is used up"
	Failed   Ended = "a run could not be carried out"
	TooFew   Ended = "a run has too few queries to be VALID, which no lower target mends"
)

// TooFewError reports that a run is not VALID, or cannot be, for want of queries alone: a lower
// target has fewer still.
type TooFewError struct{ Why string }

// Error says why, and what mends it.
func (e *TooFewError) Error() string { return e.Why }

// Found is what a search found.
type Found struct {
	// Best is the highest VALID target, Next the lowest above it that is not; 0 where
	// there is none.
	Best, Next float64
	Ended      Ended
}

// digits is how many significant digits targets are rounded to, so that they
// can be read and typed.
const digits = 6

// Run tries targets until the highest VALID one is known precisely enough. An
// error of try ends the search; what was found before it stands. After a [TooFewError] the search
// goes on only between a target that is VALID and this one; of the first target it is the error.
func (s Search) Run(try func(qps float64) (valid bool, err error)) (Found, error) {
	if err := s.check(); err != nil {
		return Found{}, err
	}
	f := Found{}
	for target, runs := s.From, 0; ; runs++ {
		if runs == s.MaxRuns {
			f.Ended = OutOfRun
			return f, nil
		}
		valid, err := try(target)
		var few *TooFewError
		if errors.As(err, &few) {
			if f.Best == 0 {
				if f.Ended = TooFew; runs > 0 {
					err = nil
				}
				return f, err
			}
			valid, err = false, nil
		}
		if err != nil {
			f.Ended = Failed
			return f, err
		}
		if valid {
			f.Best = target
		} else {
			f.Next = target
		}
		if target, f.Ended = s.next(f); f.Ended != "" {
			return f, nil
		}
	}
}

// next is the target to be tried after what was found, or why there is none.
func (s Search) next(f Found) (float64, Ended) {
	var target float64
	switch {
	case f.Best == 0: // only INVALID ones yet
		if s.To > 0 {
			return 0, Bounded
		}
		if target = round(f.Next / 2); target < lowest {
			return 0, Bounded
		}
		return target, ""
	case f.Next == 0: // only VALID ones yet
		if target = 2 * f.Best; s.To > 0 {
			target = min(target, s.To)
		}
		if target = min(round(target), highest); target <= f.Best {
			return 0, Bounded
		}
		return target, ""
	}
	target = round(f.Best + (f.Next-f.Best)/2)
	if f.Next-f.Best <= s.Precision*f.Best || target <= f.Best || target >= f.Next {
		return 0, Precise
	}
	return target, ""
}

// lowest and highest bound the targets of any search.
const (
	lowest  = 1e-3
	highest = 1e6
)

func (s Search) check() error {
	switch {
	case !(s.From >= lowest && s.From <= highest):
		return fmt.Errorf("the search begins at %g QPS: it must lie between %g and %g", s.From, lowest, highest)
	case s.To != 0 && !(s.To >= s.From && s.To <= highest):
		return fmt.Errorf("the search ends at %g QPS: it must lie between its begin, %g, and %g", s.To, s.From, highest)
	case !(s.Precision > 0 && s.Precision < 1):
		return fmt.Errorf("the precision is %g: it is a share, between 0 and 1", s.Precision)
	case s.MaxRuns < 1:
		return fmt.Errorf("the number of runs is %d: it must be 1 or more", s.MaxRuns)
	}
	return nil
}

func round(x float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	if err != nil || math.IsInf(r, 0) {
		return x
	}
	return r
}

// setting is what a tuned manifest differs in.
const setting = "server_target_qps"

// Manifest returns m with another target QPS: sealed, the change recorded among
// its overrides. A second change takes the first one's place.
func Manifest(m *manifest.Manifest, qps float64) (*manifest.Manifest, error) {
	section, err := loadgen.ReadSection(m.Loadgen)
	if err != nil {
		return nil, fmt.Errorf("the manifest's loadgen section: %w", err)
	}
	override := "loadgen." + setting + "=" + strconv.FormatFloat(qps, 'g', -1, 64)
	section.Settings.ServerTargetQPS = qps
	origins := map[string]string{setting: "override " + override}
	for name, from := range section.Origins {
		if name != setting {
			origins[name] = from
		}
	}
	section.Origins = origins
	tuned := *m
	tuned.Loadgen = section.Map()
	tuned.Overrides = append(slices.DeleteFunc(slices.Clone(m.Overrides), func(o string) bool {
		return strings.HasPrefix(o, "loadgen."+setting+"=")
	}), override)
	if _, err := tuned.YAML(); err != nil { // which computes the digest
		return nil, fmt.Errorf("sealing the manifest for %g QPS: %w", qps, err)
	}
	return &tuned, nil
}
