package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// Recover finishes the directory of a run that was killed, from what it had
// written: Parquet records, summary.json, INVALID with the reasons, and the seal.
// The record file stays as it is, and so does how far the run came: a run that was cut
// off is never a valid one. changed is false, and nothing is written, where the
// directory is finished and as it was sealed. The error is rundir.ErrRunning
// while the run goes on.
func Recover(path string) (sum *report.Summary, changed bool, err error) {
	dir, err := record.OpenDir(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	state, err := record.ReadState(path)
	if err != nil {
		return nil, false, err
	}
	if whole, err := finished(path, &state); err != nil || whole {
		if err == nil {
			sum, err = summarize(path)
		}
		return sum, false, err
	}
	r, err := report.Load(path)
	if err != nil {
		return nil, false, err
	}
	if _, err := os.Stat(dir.File(record.FileName)); errors.Is(err, os.ErrNotExist) && state.Clients > 1 {
		if _, err := record.MergeClients(path, nil); err != nil {
			return nil, true, err
		}
	}
	if _, err := os.Stat(dir.File(record.FileName)); err == nil {
		if _, err := record.Complete(path, about(r.Manifest.Digest, state.Simulated)...); err != nil {
			return nil, true, fmt.Errorf("completing the Parquet records: %w", err)
		}
	}
	now := time.Now().UTC()
	state.Recovered = &now
	if err := dir.WriteJSON(record.StateFile, state); err != nil {
		return nil, true, err
	}
	if sum, err = summarize(path); err != nil {
		return nil, true, err
	}
	if err := writeSummary(dir, sum); err != nil {
		return sum, true, err
	}
	return sum, true, record.Seal(path)
}

// ErrChanged reports that a finished directory was changed afterwards. Nothing is
// made of it: that would put a new seal on it.
var ErrChanged = errors.New("the run is finished, and its directory is not as it was sealed")

// finished reports whether a run, or an earlier recovery, left nothing to be done.
func finished(path string, s *record.State) (bool, error) {
	if s.Ended == nil && s.Recovered == nil {
		return false, nil
	}
	if _, err := os.Stat(filepath.Join(path, record.SealFile)); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	found, err := record.CheckSeal(path, nil)
	if err == nil && len(found) > 0 {
		err = ErrChanged
	}
	return true, err
}

func summarize(path string) (*report.Summary, error) {
	r, err := report.Load(path)
	if err != nil {
		return nil, err
	}
	r.Running = false // this process holds the lock
	j, err := report.Judge(r)
	if err != nil {
		return nil, err
	}
	return j.Summary, nil
}
