// Package report makes what people read out of a run directory, from the
// directory alone, at any time, after a crash too: figures and verdict, as
// text, Markdown, JSON and HTML.
//
//	run, err := report.Load("runs/2026-01-02-offline")
//	j, err := report.Judge(run)
//	err = report.WriteText(os.Stdout, j.Summary)
package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/attest"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// Run is one run directory, read.
type Run struct {
	Path     string
	Manifest *manifest.Manifest
	State    record.State
	// Running reports whether a process still writes the directory.
	Running bool
	// Torn reports whether the record file ends in a record that was not written whole.
	Torn bool
	// Records are sorted by Seq, the order of issue.
	Records *record.Table
	// Metrics are what the engines said of themselves, in the order of the file.
	Metrics []metrics.Sample
	// OfficialResult is the verdict of the official LoadGen, VALID or INVALID,
	// where that issued the queries; empty where it gave none.
	OfficialResult string
	// Copy says what of the records' Parquet copy is not as the record file has it,
	// of a run that has ended; empty where nothing is, or there is no copy.
	Copy string
	// Starts are what the engines said of their start; none where they said nothing.
	Starts []attest.Start
	// Problems are the lines of the INVALID file.
	Problems []string

	digests record.Digests // of the files that were read
}

// Load reads a run directory. A run that was killed, or still goes on, is
// loaded with what it had written.
func Load(path string) (*Run, error) {
	if err := record.CheckPlain(path); err != nil {
		return nil, err
	}
	state, err := record.ReadState(path)
	if err != nil {
		return nil, err
	}
	r := &Run{Path: path, State: state}
	if r.Running, err = record.Running(path); err != nil {
		return nil, err
	}
	if r.Manifest, err = manifest.ReadFile(filepath.Join(path, record.ManifestFile), nil); err != nil {
		if old := (*manifest.Error)(nil); errors.As(err, &old) && old.Format != 0 {
			return nil, fmt.Errorf("loading the run %s: its manifest has format %d, which does not fix how it is judged: report on it with the program that recorded it (%s); %s and %s are as that wrote them",
				path, old.Format, state.Program, record.SummaryFile, record.FileName)
		}
		return nil, fmt.Errorf("loading the run %s: %w", path, err)
	}
	r.Records, r.digests = &record.Table{}, record.Digests{}
	take := func(rec *record.Record) bool { r.Records.Append(rec); return true }
	if state.Phase == record.Ended && !r.Running {
		err = r.digests.ReadAll(path, r.Records.Append)
	} else { // nothing is sealed yet
		err = record.ReadFile(filepath.Join(path, record.FileName), take)
	}
	if state.Clients > 1 && errors.Is(err, os.ErrNotExist) { // they are merged when the run ends
		err = record.FromClients(path, func(_, _ int, rec *record.Record) bool { return take(rec) })
	}
	switch {
	case errors.Is(err, record.ErrTorn):
		r.Torn = true
	case errors.Is(err, os.ErrNotExist):
		// The run ended before its first request.
	case err != nil:
		return nil, fmt.Errorf("loading the run %s: %w", path, err)
	}
	if err := r.Records.Sort(); err != nil {
		return nil, fmt.Errorf("loading the run %s: %w", path, err)
	}
	if state.Phase == record.Ended && !r.Running {
		r.Copy = record.CheckParts(path, r.Records.Len(), r.digests)
	}
	if r.Metrics, err = metrics.ReadFile(path); err != nil {
		return nil, fmt.Errorf("loading the run %s: %w", path, err)
	}
	readJSON(filepath.Join(path, record.StartFile), &r.Starts)
	if state.OfficialLoadGen != "" {
		if r.OfficialResult, err = officialResult(filepath.Join(path, loadgen.SummaryName)); err != nil {
			return nil, fmt.Errorf("loading the run %s: %w", path, err)
		}
	}
	invalid, err := os.ReadFile(filepath.Join(path, record.InvalidFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("loading the run %s: %w", path, err)
	}
	for line := range strings.Lines(string(invalid)) {
		if line = strings.TrimSpace(line); line != "" {
			r.Problems = append(r.Problems, line)
		}
	}
	return r, nil
}

// incomplete says what of the records is not there, of a run that no process
// writes any more; empty where nothing is missing. Requests are numbered without
// a gap, and a run that came to its end says how many it recorded; one that was
// cut off may have lost any.
func (r *Run) incomplete() string {
	n := uint64(r.Records.Len())
	cut := r.State.Phase != record.Ended && r.State.Phase != record.Results
	switch {
	case r.Running:
	case r.Torn:
		return "the records are not whole: " + record.FileName + " ends within a line"
	case r.State.Records != nil && *r.State.Records != n:
		return fmt.Sprintf("the records are not whole: %d were written, %s has %d", *r.State.Records, record.FileName, n)
	case n == 0 || cut:
	default:
		if last := r.Records.Seq(int(n - 1)); last != n-1 {
			return fmt.Sprintf("the records are not whole: of %d requests %s has %d", last+1, record.FileName, n)
		}
	}
	return ""
}

// resultLine is how LoadGen's summary begins the line with its verdict.
const resultLine = "Result is : "

// officialResult reads the verdict out of LoadGen's summary; none, or no
// summary, returns an empty text.
func officialResult(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading LoadGen's summary: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if word, ok := strings.CutPrefix(strings.TrimSpace(line), resultLine); ok {
			return strings.TrimSpace(word), nil
		}
	}
	return "", nil
}
