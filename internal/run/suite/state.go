package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/plainfile"
	"mlcfg/internal/record"
)

// StateFile is the file in the suite's folder that says which run directories belong to
// which manifest.
const StateFile = "suite.json"

// format is raised when a field of suite.json is renamed, dropped or changes its meaning.
const format = 1

// longestState bounds suite.json, in bytes.
const longestState = 64 << 20

// state is what suite.json holds.
type state struct {
	Format int `json:"format"`
	// Simulated reports whether the runs are on the simulated engine.
	Simulated bool  `json:"simulated"`
	Runs      []run `json:"runs"`
}

// run is one manifest of the suite.
type run struct {
	Name     string    `json:"name"`
	Manifest string    `json:"manifest_digest"`
	Attempts []attempt `json:"attempts,omitempty"`
}

// attempt is one run directory.
type attempt struct {
	// Dir is its name in the suite's folder.
	Dir string `json:"dir"`
	// Error says why it could not be carried out; empty where it was, and where the
	// suite was killed.
	Error string `json:"error,omitempty"`
	Score *Score `json:"accuracy,omitempty"`
}

// last is the last attempt, nil where there is none.
func (r *run) last() *attempt {
	if len(r.Attempts) == 0 {
		return nil
	}
	return &r.Attempts[len(r.Attempts)-1]
}

// Score is what became of the answers of an accuracy run.
type Score struct {
	Verdict ScoreVerdict `json:"verdict"`
	// Why says what there is beside the figures: why nothing could be scored, or that
	// the engine was simulated.
	Why     string   `json:"why,omitempty"`
	Figures []Figure `json:"figures,omitempty"`
}

// Figure is one score. Min and Max are what a submission must reach and not exceed; both are 0
// where nothing is asked.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Min   float64 `json:"min,omitempty"`
	Max   float64 `json:"max,omitempty"`
}

// ScoreVerdict is whether the answers suffice.
type ScoreVerdict string

// The verdicts on answers. Those of a simulated engine are made up, and neither suffice
// nor fail.
const (
	ScorePassed     ScoreVerdict = "PASSED"
	ScoreFailed     ScoreVerdict = "FAILED"
	ScoreIncomplete ScoreVerdict = "INCOMPLETE"
	ScoreSimulated  ScoreVerdict = "SIMULATED"
	ScoreNone       ScoreVerdict = "NOT SCORED"
)

// Options say how a suite is carried on.
type Options struct {
	// Simulated reports whether the runs are on the simulated engine.
	Simulated bool
	// Ended: a run that came to its own end is not run again, though it is INVALID.
	Ended bool
}

// Suite is a folder of runs that this process carries on.
type Suite struct {
	dir     *record.Dir
	options Options
	entries []Entry
	state   state
	results []Result
	// Notes say what was found of an earlier call, one line each.
	Notes []string
}

// Open takes a folder for the runs of these entries, makes it where it is not there,
// and holds its lock until Close. A folder that has a suite must be of the same
// manifests, and simulated alike: the suite goes on then. Any other folder that is
// not empty is refused.
func Open(path string, entries []Entry, o Options) (*Suite, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("making the suite's folder: %w", err)
	}
	s := &Suite{entries: entries, options: o}
	held, err := s.read(path)
	if err != nil {
		return nil, err
	}
	if s.dir, err = record.LockDir(path); err != nil {
		if errors.Is(err, record.ErrRunning) {
			err = fmt.Errorf("%s: the suite is being run by another process", path)
		}
		return nil, err
	}
	if held {
		// Again, now that nobody else writes it.
		if _, err = s.read(path); err == nil {
			err = s.fits(path, o.Simulated)
		}
	} else {
		s.state = state{Format: format, Simulated: o.Simulated}
		for _, e := range entries {
			s.state.Runs = append(s.state.Runs, run{Name: e.Name, Manifest: e.Manifest.Digest})
		}
		err = s.save()
	}
	if err != nil {
		return nil, errors.Join(err, s.dir.Close())
	}
	for i := range entries {
		r, note := s.look(i)
		s.results = append(s.results, r)
		if note != "" {
			s.Notes = append(s.Notes, note)
		}
	}
	return s, nil
}

// Close gives up the folder. Everything of it is on the disk already.
func (s *Suite) Close() error { return s.dir.Close() }

// read reads suite.json; held reports whether there is one.
func (s *Suite) read(path string) (held bool, err error) {
	file := filepath.Join(path, StateFile)
	data, err := plainfile.Read(context.Background(), file, longestState)
	if errors.Is(err, os.ErrNotExist) {
		list, err := os.ReadDir(path)
		if err != nil {
			return false, fmt.Errorf("reading the suite's folder: %w", err)
		}
		for _, e := range list {
			if e.Name() != record.LockFile { // left by a call that was killed at once
				return false, fmt.Errorf("%s has %s and no %s: it is the folder of no suite, name a new one", path, e.Name(), StateFile)
			}
		}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the suite's state: %w", err)
	}
	s.state = state{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s.state); err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}
	if s.state.Format != format {
		return false, fmt.Errorf("%s is of format %d, this program reads %d", file, s.state.Format, format)
	}
	for _, r := range s.state.Runs {
		for _, a := range r.Attempts {
			if a.Dir == "" || a.Dir != filepath.Base(a.Dir) || a.Dir == ".." || a.Dir == "." {
				return false, fmt.Errorf("%s: the run directory %q is none in the suite's folder", file, a.Dir)
			}
		}
	}
	return true, nil
}

// fits says where a suite that is there is another one.
func (s *Suite) fits(path string, simulated bool) error {
	if s.state.Simulated != simulated {
		was := map[bool]string{true: "on the simulated engine", false: "on real engines"}
		return fmt.Errorf("%s was begun %s and cannot go on %s: name a new folder", path, was[s.state.Simulated], was[simulated])
	}
	var was, are []string
	for _, r := range s.state.Runs {
		was = append(was, r.Name)
	}
	same := len(was) == len(s.entries)
	for i, e := range s.entries {
		are = append(are, e.Name)
		same = same && s.state.Runs[i].Name == e.Name
	}
	if !same {
		return fmt.Errorf("%s is a suite of %s, and not of %s: name a new folder", path, strings.Join(was, ", "), strings.Join(are, ", "))
	}
	for i, e := range s.entries {
		if s.state.Runs[i].Manifest != e.Manifest.Digest {
			return fmt.Errorf("%s was begun with another manifest of %s: %s is %s, it was %s; name a new folder", path, e.Name, e.File, e.Manifest.Digest, s.state.Runs[i].Manifest)
		}
	}
	return nil
}

func (s *Suite) save() error { return s.dir.WriteJSON(StateFile, s.state) }
