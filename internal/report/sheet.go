package report

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"mlcfg/internal/diag"
)

// Sheet is all that is shown of one run. Its size is bounded whatever the number of
// requests: distributions are kept as exact quantiles and counts, the course of the run as
// intervals of time. It does not hold on to the records.
type Sheet struct {
	// Name is the run directory's own name.
	Name string `json:"name"`
	*Summary
	// Conditions are those of LoadGen's verdict; none where nothing was judged.
	Conditions []Condition `json:"conditions,omitempty"`
	// Limits say what limits the run; nil where nothing was completed.
	Limits        *Limits        `json:"limits,omitempty"`
	Settings      []Section      `json:"settings"`
	Distributions []Distribution `json:"distributions,omitempty"`
	Timeline      *Timeline      `json:"timeline,omitempty"`
	// EngineCurves are what the engines said of themselves, by replica.
	EngineCurves []EngineCurve `json:"engine_curves,omitempty"`
	Balance      *Balance      `json:"balance,omitempty"`
	Slowest      []Slow        `json:"slowest,omitempty"`
	Failures     []Failure     `json:"failures,omitempty"`
	Environment  []Setting     `json:"environment"`

	run *Run
}

// NewSheet reduces a run to what is shown of it.
func NewSheet(r *Run) (*Sheet, error) {
	j, err := Judge(r)
	if err != nil {
		return nil, err
	}
	sum, rows := j.Summary, j.Rows
	s := &Sheet{
		Name: filepath.Base(filepath.Clean(r.Path)), Summary: sum, Conditions: conditions(j),
		Settings: settings(r.Manifest), Environment: environment(r, sum), Failures: j.failures, Distributions: j.distributions,
	}
	s.Timeline = timeline(rows, sum.Lateness != nil)
	s.Limits = limits(j, r.Manifest, r.Metrics)
	s.EngineCurves = engineCurves(r.Metrics)
	s.Balance = balance(sum, rows, r.Metrics)
	s.Slowest = longest(rows)
	own := *r
	own.Records, own.Metrics = nil, nil
	s.run = &own
	return s, nil
}

// Run is the run that the sheet is of, without its records.
func (s *Sheet) Run() *Run { return s.run }

// Title names what was run, on what.
func (s *Sheet) Title() string {
	return fmt.Sprintf("%s %s on %s, %s", s.Benchmark, s.Scenario, orNone(s.Machine), s.Engine)
}

// Verdict is the word for it.
func (s *Summary) Verdict() string {
	if s.Valid {
		return "VALID"
	}
	return "INVALID"
}

// Notes are what must stand wherever figures of the run do.
func (s *Summary) Notes() []string {
	var out []string
	if s.Simulated {
		out = append(out, SimulatedSentence)
	}
	if s.SyntheticData {
		out = append(out, "Synthetic data: the data set was not there, prompts were made up.")
	}
	for _, r := range s.Remarks {
		out = append(out, diag.Escape(strings.ToUpper(r[:1])+r[1:]+"."))
	}
	return out
}

// Mark is the short form of Notes, empty for a real run.
func (s *Summary) Mark() string {
	switch {
	case s.Simulated && s.SyntheticData:
		return "SIMULATED, SYNTHETIC DATA"
	case s.Simulated:
		return "SIMULATED"
	case s.SyntheticData:
		return "SYNTHETIC DATA"
	}
	return ""
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// fixed is a figure with digits enough to compare it with its limit.
func fixed(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.1f", v)
	case v >= 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
