package report

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
)

// ErrNothingToJudge reports that a run has no performance phase, or recorded
// nothing of it.
var ErrNothingToJudge = errors.New("there is nothing to judge")

// Judgement is LoadGen's verdict on the performance phase of a run.
type Judgement struct {
	Settings *loadgen.Effective
	// Rows are the records of the performance phase, Records the same in columns.
	Rows    []record.Record
	Records *loadgen.Records
	Verdict loadgen.Verdict
	Summary loadgen.Summary
}

// Judge returns LoadGen's verdict on what a run recorded. The error is
// ErrNothingToJudge where that is nothing, or accuracy mode alone.
func Judge(r *Run) (*Judgement, error) {
	e, err := Settings(r)
	if err != nil {
		return nil, err
	}
	rows := r.Records
	switch e.Requested.Mode {
	case loadgen.AccuracyOnly:
		return nil, ErrNothingToJudge
	case loadgen.SubmissionRun:
		phases, err := e.Phases(loadgen.Generator{})
		if err != nil {
			return nil, fmt.Errorf("laying out the test: %w", err)
		}
		first := phases[len(phases)-1].FirstSample
		rows = rows[sort.Search(len(rows), func(i int) bool { return rows[i].Seq >= first }):]
	}
	if len(rows) == 0 {
		return nil, ErrNothingToJudge
	}
	j := &Judgement{Settings: e, Rows: rows, Records: columns(rows, e.Requested.Scenario)}
	if j.Verdict, j.Summary, err = loadgen.Judge(e, j.Records); err != nil {
		return nil, err
	}
	return j, nil
}

// Settings are LoadGen's settings in effect: the manifest's, over the data set
// that the run had.
func Settings(r *Run) (*loadgen.Effective, error) {
	s, err := loadgen.ReadSection(r.Manifest.Loadgen)
	if err != nil {
		return nil, fmt.Errorf("reading LoadGen's settings from the manifest: %w", err)
	}
	n := r.State.DatasetSamples
	e, err := s.Settings.Effective(loadgen.Library{TotalSampleCount: n, PerformanceSampleCount: n})
	if err != nil {
		return nil, fmt.Errorf("deriving LoadGen's settings: %w", err)
	}
	return &e, nil
}

// columns puts records, sorted by Seq, into the form that LoadGen's rules
// judge. A request without a usable response was never completed.
func columns(records []record.Record, scenario loadgen.Scenario) *loadgen.Records {
	n := len(records)
	c := &loadgen.Records{
		SamplesPerQuery: 1,
		Scheduled:       make([]int64, n), Issued: make([]int64, n), Done: make([]int64, n),
		FirstToken: make([]int64, n), Tokens: make([]int64, n),
	}
	for i := range records {
		rec := &records[i]
		c.Scheduled[i], c.Issued[i] = rec.Scheduled, rec.Issued
		c.FirstToken[i], c.Done[i], c.Tokens[i] = loadgen.NotReached, loadgen.NotReached, rec.OutputTokens
		if rec.Status == record.OK {
			c.FirstToken[i], c.Done[i] = rec.FirstToken, rec.Done
		}
	}
	switch scenario {
	case loadgen.Offline:
		c.SamplesPerQuery = n
	case loadgen.MultiStream:
		c.SamplesPerQuery = samplesOfFirstQuery(records)
	}
	return c
}

func samplesOfFirstQuery(records []record.Record) int {
	n := slices.IndexFunc(records, func(r record.Record) bool { return r.Query != records[0].Query })
	if n < 0 {
		return len(records)
	}
	return n
}
