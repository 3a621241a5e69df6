package report

import (
	"fmt"

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
	Rows *record.Table
	// Records are the same as LoadGen's rules see them, Verdict and Figures what it says of
	// them; nil where there is nothing to judge.
	Records loadgen.Samples
	Verdict *loadgen.Verdict
	Figures *loadgen.Summary

	failures      []Failure
	distributions []Distribution
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
		rows = rows.From(rows.Search(first))
	}
	if rows.Len() == 0 {
		return nil
	}
	s := samplesOf(rows, j.Settings.Requested.Scenario)
	verdict, figures, err := loadgen.Judge(j.Settings, s)
	if err != nil {
		return err
	}
	j.Rows, j.Records, j.Verdict, j.Figures = rows, s, &verdict, &figures
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
		if j.Settings.Requested.Mode == loadgen.SubmissionRun && r.Records.Len() > 0 {
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

// samples are records, sorted by Seq, as LoadGen's rules judge them. A request
// without a usable response was never completed.
type samples struct {
	rows     *record.Table
	in       *record.Reader
	perQuery int
}

func samplesOf(rows *record.Table, scenario loadgen.Scenario) *samples {
	s := &samples{rows: rows, in: rows.Reader(), perQuery: 1}
	switch scenario {
	case loadgen.Offline:
		s.perQuery = rows.Len()
	case loadgen.MultiStream:
		s.perQuery = samplesOfFirstQuery(rows)
	}
	return s
}

func (s *samples) Len() int { return s.rows.Len() }

func (s *samples) PerQuery() int { return s.perQuery }

func (s *samples) At(i int) loadgen.Sample {
	r := s.in.At(i)
	out := loadgen.Sample{Scheduled: int64(r.Scheduled), Issued: int64(r.Issued), Done: loadgen.NotReached, FirstToken: loadgen.NotReached, Tokens: r.OutputTokens}
	if r.OK() {
		out.FirstToken, out.Done = int64(r.FirstToken), int64(r.Done)
	}
	return out
}

func samplesOfFirstQuery(rows *record.Table) int {
	var first uint64
	for i, r := range rows.All() {
		if i == 0 {
			first = r.Query
		}
		if r.Query != first {
			return i
		}
	}
	return rows.Len()
}
