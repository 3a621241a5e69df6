package report

import (
	"fmt"
	"slices"
	"sort"

	"mlcfg/internal/attest"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
)

// Judgement is what a run comes to: the verdict, and what it was made from. It
// is made once; everything that is shown or written of a run follows from it.
type Judgement struct {
	// Summary is the verdict with the figures, as summary.json has them.
	Summary *Summary
	// Settings are LoadGen's, in effect.
	Settings *loadgen.Effective
	// Section is LoadGen's part of the manifest, which says where each setting is from.
	Section loadgen.Section
	// Rows are the records of the performance phase; all that there are where the
	// run has none, or recorded nothing of it.
	Rows []record.Record
	// Records are the same in columns, Verdict and Figures what LoadGen says of
	// them; nil where there is nothing to judge.
	Records *loadgen.Records
	Verdict *loadgen.Verdict
	Figures *loadgen.Summary

	failures []Failure
}

// Judge judges a run. One that was interrupted is judged by what it had
// written, and is not valid.
func Judge(r *Run) (*Judgement, error) {
	section, e, err := Settings(r)
	if err != nil {
		return nil, fmt.Errorf("judging the run: %w", err)
	}
	j := &Judgement{Settings: e, Section: section, Rows: r.Records}
	if err := j.judge(r); err != nil {
		return nil, err
	}
	j.failures = failures(j.Rows)
	j.Summary = summarize(r, j)
	return j, nil
}

// judge asks LoadGen's rules, where there is a performance phase.
func (j *Judgement) judge(r *Run) error {
	rows := r.Records
	switch j.Settings.Requested.Mode {
	case loadgen.AccuracyOnly:
		return nil
	case loadgen.SubmissionRun:
		phases, err := j.Settings.Phases(loadgen.Generator{})
		if err != nil {
			return fmt.Errorf("laying out the test: %w", err)
		}
		first := phases[len(phases)-1].FirstSample
		rows = rows[sort.Search(len(rows), func(i int) bool { return rows[i].Seq >= first }):]
	}
	if len(rows) == 0 {
		return nil
	}
	c := columns(rows, j.Settings.Requested.Scenario)
	verdict, figures, err := loadgen.Judge(j.Settings, c)
	if err != nil {
		return err
	}
	j.Rows, j.Records, j.Verdict, j.Figures = rows, c, &verdict, &figures
	return nil
}

// summarize makes the summary of a run that is judged.
func summarize(r *Run, j *Judgement) *Summary {
	s := &Summary{
		Format: Format, Subject: SubjectOf(r.Manifest),
		Complete: r.State.Phase == record.Ended && len(r.State.Faults) == 0, Simulated: r.State.Simulated, SyntheticData: r.State.Synthetic,
		OfficialLoadGen: r.State.OfficialLoadGen, Clients: r.State.Clients,
		Reasons: []string{}, Replicas: []Replica{}, Starts: r.Starts, Remarks: attest.Faults(r.Starts),
	}
	s.count(j.Rows)
	for _, f := range j.failures {
		if s.Errors == nil {
			s.Errors = map[string]int{}
		}
		s.Errors[f.Cause] = int(f.Requests)
	}
	s.spreads(j)
	if j.Verdict == nil {
		s.ratesByTime()
		s.faults(r)
		if j.Settings.Requested.Mode == loadgen.SubmissionRun && len(r.Records) > 0 {
			s.Reasons = append(s.Reasons, "no request of the performance phase was recorded")
		}
	} else {
		s.rates(j.Settings, j.Figures)
		s.faults(r)
		s.verdict(r, j.Verdict)
	}
	s.problems(r)
	s.Valid = len(s.Reasons) == 0
	return s
}

// Settings returns LoadGen's part of the manifest, and its settings in effect.
func Settings(r *Run) (loadgen.Section, *loadgen.Effective, error) {
	s, err := loadgen.ReadSection(r.Manifest.Loadgen)
	if err != nil {
		return s, nil, fmt.Errorf("reading LoadGen's settings from the manifest: %w", err)
	}
	e, err := s.Effective()
	if err != nil {
		return s, nil, fmt.Errorf("deriving LoadGen's settings: %w", err)
	}
	return s, &e, nil
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
		c.Scheduled[i], c.Issued[i] = int64(rec.Scheduled), int64(rec.Issued)
		c.FirstToken[i], c.Done[i], c.Tokens[i] = loadgen.NotReached, loadgen.NotReached, rec.OutputTokens
		if rec.OK() {
			c.FirstToken[i], c.Done[i] = int64(rec.FirstToken), int64(rec.Done)
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
