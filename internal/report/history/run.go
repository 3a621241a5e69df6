// Package history finds runs in a folder of run directories. The folders are
// what counts; a file among them avoids reading all of them each time, and is
// a cache: it may be deleted or damaged at any time, and is made anew.
//
//	h, err := history.Open(ctx, "runs")
//	runs := h.List(history.Filter{Benchmark: "llama2-70b", Valid: true})
package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/plainfile"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// Run is what is known of one run.
type Run struct {
	// ID is the run directory's path below the folder of results, with slashes.
	ID      string    `json:"id"`
	Dir     string    `json:"dir"`
	Started time.Time `json:"started"`

	report.Subject

	// Valid is the verdict of summary.json; a run without one is not valid.
	Valid bool `json:"valid"`
	// Status is "ended", "running", or during what the run was cut off.
	Status    string `json:"status"`
	Simulated bool   `json:"simulated"`

	// TargetQPS is what a server run was asked for.
	TargetQPS *float64 `json:"target_qps,omitempty"`
	// The figures are summary.json's, absent where there is none.
	SamplesPerSecond *float64 `json:"samples_per_second,omitempty"`
	TokensPerSecond  *float64 `json:"tokens_per_second,omitempty"`
	TTFTP99MS        *float64 `json:"ttft_p99_ms,omitempty"`
	TPOTP99MS        *float64 `json:"tpot_p99_ms,omitempty"`
}

const (
	statusEnded   = "ended"
	statusRunning = "running"
	statusCut     = "cut off: "
)

// read reads one run directory.
func read(folder, id string) (Run, error) {
	dir := filepath.Join(folder, filepath.FromSlash(id))
	r := Run{ID: id, Dir: dir, Status: statusEnded}
	state, err := record.ReadState(dir)
	if err != nil {
		return r, err
	}
	r.Started, r.Simulated = state.Started, state.Simulated
	if state.Phase != record.Ended {
		r.Status = statusCut + string(state.Phase)
	}
	m, err := manifest.ReadFile(filepath.Join(dir, record.ManifestFile), nil)
	if err != nil {
		return r, err
	}
	r.Subject = report.SubjectOf(m)
	if s, err := loadgen.ReadSection(m.Loadgen); err == nil && s.Settings.Scenario == loadgen.Server {
		r.TargetQPS = &s.Settings.ServerTargetQPS
	}
	data, err := plainfile.Read(context.Background(), filepath.Join(dir, record.SummaryFile), 64<<20)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("reading the run's summary: %w", err)
	}
	var sum report.Summary
	if err := json.Unmarshal(data, &sum); err != nil {
		return r, fmt.Errorf("reading %s: %w", filepath.Join(dir, record.SummaryFile), err)
	}
	r.Valid = sum.Valid
	r.SamplesPerSecond, r.TokensPerSecond = &sum.SamplesPerSecond, &sum.TokensPerSecond
	r.TTFTP99MS, r.TPOTP99MS = p99(sum.TTFT), p99(sum.TPOT)
	return r, nil
}

func p99(s *report.Spread) *float64 {
	if s == nil {
		return nil
	}
	return &s.P99MS
}

// deepest is how many folders below the folder of results run directories are looked for.
const deepest = 3

// find calls yield for each run directory below folder: id, and a stamp that
// changes when the run goes on or is finished. Symbolic links are not followed.
func find(folder string, yield func(id, stamp string) error) error {
	var walk func(id string, depth int) error
	walk = func(id string, depth int) error {
		dir := filepath.Join(folder, filepath.FromSlash(id))
		if stamp := stampOf(dir); stamp != "" && id != "" {
			return yield(id, stamp)
		}
		if depth == deepest {
			return nil
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			if id == "" {
				return fmt.Errorf("reading the folder of results: %w", err)
			}
			return nil // not ours to read
		}
		for _, e := range entries {
			if !e.IsDir() || e.Name()[0] == '.' {
				continue
			}
			below := e.Name()
			if id != "" {
				below = id + "/" + below
			}
			if err := walk(below, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return walk("", 0)
}

// stampOf is empty for what is no run directory.
func stampOf(dir string) string {
	state, err := os.Lstat(filepath.Join(dir, record.StateFile))
	if err != nil || !state.Mode().IsRegular() {
		return ""
	}
	stamp := fmt.Sprintf("%d:%d", state.ModTime().UnixNano(), state.Size())
	for _, name := range []string{record.SummaryFile, record.ManifestFile} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			stamp += fmt.Sprintf(",%d:%d", info.ModTime().UnixNano(), info.Size())
		}
	}
	return stamp
}
