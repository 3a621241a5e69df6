package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/client/mock"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// kill makes a finished directory one of a run that was killed while it measured.
func kill(t *testing.T, dir string) {
	t.Helper()
	state, err := record.ReadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	state.Phase, state.Ended, state.Records = record.Measuring, nil, nil
	d, err := record.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	records, err := os.ReadFile(d.File(record.FileName))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		d.WriteJSON(record.StateFile, state), os.Remove(d.File(record.SealFile)), os.Remove(d.File(record.SummaryFile)), os.RemoveAll(d.File(record.PartsDir)),
		os.WriteFile(d.File(record.FileName), records[:len(records)-20], 0o600), // within the last line
		d.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// The directory of a killed run is finished from its record file, once; a
// finished one is left alone, and one that was changed is refused.
func TestRecover(t *testing.T) {
	got := runOn(t, mocked(t, loadgen.Offline, nil), start(t, mock.Config{}, mock.Config{}), Options{})
	sum, changed, err := Recover(got.dir)
	if err != nil || changed || !sum.Valid || sum.Samples != uint64(len(got.records)) {
		t.Fatalf("a finished directory: changed %t, %v, %+v", changed, err, sum)
	}
	kill(t, got.dir)
	sum, changed, err = Recover(got.dir)
	if err != nil || !changed || sum.Valid || sum.Samples != uint64(len(got.records)-1) {
		t.Fatalf("changed %t, %v, %+v", changed, err, sum)
	}
	for _, want := range []string{"the run was cut off during: measuring", "the records are not whole: records.jsonl ends within a line"} {
		if !slices.Contains(sum.Reasons, want) {
			t.Errorf("%q lacks %q", sum.Reasons, want)
		}
	}
	invalid, err := os.ReadFile(filepath.Join(got.dir, record.InvalidFile))
	if err != nil || string(invalid) != strings.Join(sum.Reasons, "\n")+"\n" {
		t.Errorf("INVALID says %q, %v", invalid, err)
	}
	n := 0
	if err := record.ReadParts(got.dir, func(*record.Record) bool { n++; return true }); err != nil || n != len(got.records)-1 {
		t.Errorf("%d records in Parquet, %v", n, err)
	}
	if found, err := record.CheckSeal(got.dir, nil); err != nil || len(found) > 0 {
		t.Errorf("%q, %v", found, err)
	}
	state, err := record.ReadState(got.dir)
	if err != nil || state.Recovered == nil || state.Phase != record.Measuring {
		t.Errorf("%+v, %v", state, err)
	}
	if _, changed, err := Recover(got.dir); err != nil || changed {
		t.Errorf("a second time: changed %t, %v", changed, err)
	}
	records, err := os.ReadFile(filepath.Join(got.dir, record.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(got.dir, record.FileName), bytes.ToUpper(records), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, changed, err := Recover(got.dir); !errors.Is(err, ErrChanged) || changed {
		t.Errorf("a changed directory: changed %t, %v", changed, err)
	}
}

// While a run goes on its directory is nobody else's, and a report says so.
func TestRecoverWhileRunning(t *testing.T) {
	got := runOn(t, mocked(t, loadgen.Offline, nil), start(t, mock.Config{}, mock.Config{}), Options{})
	d, err := record.OpenDir(got.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Recover(got.dir); !errors.Is(err, record.ErrRunning) {
		t.Errorf("%v", err)
	}
	loaded, err := report.Load(got.dir)
	if err != nil || !loaded.Running {
		t.Errorf("running %v, %v", loaded, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(got.dir, record.StateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, changed, err := Recover(got.dir); err == nil || changed || !strings.Contains(err.Error(), record.StateFile) {
		t.Errorf("a state that is none: changed %t, %v", changed, err)
	}
	if _, _, err := Recover(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("%v", err)
	}
}

// What of a killed run cannot be read or written keeps it from being finished: nothing is
// sealed that is not whole.
func TestRecoverObstacles(t *testing.T) {
	got := runOn(t, mocked(t, loadgen.Offline, nil), start(t, mock.Config{})[:1], Options{})
	kill(t, got.dir)
	for _, name := range []string{record.FileName, record.ManifestFile, record.PartsDir, record.SummaryFile, record.SealFile} {
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(got.dir)); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, name)
		err := errors.Join(os.RemoveAll(at), os.Mkdir(at, 0o700))
		if name == record.PartsDir { // a file where a folder is to be
			err = errors.Join(os.RemoveAll(at), os.WriteFile(at, nil, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Recover(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(filepath.Join(dir, record.SealFile)); err == nil && info.Mode().IsRegular() {
			t.Errorf("%s: it is sealed", name)
		}
		// The lock is free again: what was in the way can be cleared and the run finished.
		d, err := record.OpenDir(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
