package report

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// What a run directory holds and cannot be read is an error that names it: nothing is
// reported as if it were not there.
func TestLoadRefuses(t *testing.T) {
	official := ended
	official.OfficialLoadGen = "5.1.2"
	for _, name := range []string{record.StateFile, record.ManifestFile, record.FileName, metrics.FileName, record.InvalidFile, loadgen.SummaryName} {
		dir := fixture(t, 3, official, nil)
		at := filepath.Join(dir, name)
		if err := errors.Join(os.RemoveAll(at), os.Mkdir(at, 0o755)); err != nil {
			t.Fatal(err)
		}
		if r, err := Load(dir); err == nil || r != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a folder at %s: %v", name, err)
		}
		if found, err := Verify(dir, nil); err == nil || found != nil {
			t.Errorf("a folder at %s: %q, %v", name, found, err)
		}
	}
	dir := fixture(t, 3, ended, nil)
	at := filepath.Join(dir, record.LockFile)
	if err := errors.Join(os.Remove(at), os.Symlink(at, at)); err != nil {
		t.Fatal(err)
	}
	if r, err := Load(dir); err == nil || r != nil {
		t.Errorf("a lock that leads nowhere: %v", err)
	}
}

// Records come in the order in which they ended, and are put into that of their issue.
func TestLoadSorts(t *testing.T) {
	dir := fixture(t, 40, ended, nil)
	path := filepath.Join(dir, record.FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	slices.Reverse(lines)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range r.Records.All() {
		if rec.Seq != uint64(i) {
			t.Fatalf("record %d is number %d", i, rec.Seq)
		}
	}
}

// What is missing of a run that was cut off is not known, of one that goes on nothing is.
func TestIncomplete(t *testing.T) {
	n := uint64(3)
	gap, whole := record.TableOf([]record.Record{{Seq: 0}, {Seq: 2}}), record.TableOf([]record.Record{{Seq: 0}, {Seq: 1}})
	const fewer, counted = "the records are not whole: of 3 requests records.jsonl has 2", "the records are not whole: 3 were written, records.jsonl has 2"
	for i, c := range []struct {
		run  Run
		want string
	}{
		{Run{Records: whole, State: record.State{Phase: record.Ended}}, ""},
		{Run{State: record.State{Phase: record.Ended}}, ""},
		{Run{Records: gap, State: record.State{Phase: record.Ended}}, fewer},
		{Run{Records: gap, State: record.State{Phase: record.Results}}, fewer},
		{Run{Records: gap, State: record.State{Phase: record.Measuring}}, ""},
		{Run{Records: whole, State: record.State{Phase: record.Ended, Records: &n}}, counted},
		{Run{Records: whole, State: record.State{Phase: record.Measuring, Records: &n}}, counted},
		{Run{Records: gap, Torn: true, Running: true, State: record.State{Phase: record.Ended, Records: &n}}, ""},
	} {
		if got := c.run.incomplete(); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

// full is a disk that takes so many writes.
type full struct{ room int }

func (w *full) Write(p []byte) (int, error) {
	if w.room--; w.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// A report that cannot be written is not one that was.
func TestWritersFail(t *testing.T) {
	s := sheetOf(t, made(loadgen.Server, 20, ended, nil))
	for name, c := range map[string]struct {
		write func(*full) error
		takes int // writes of a whole one
	}{
		"text":              {func(w *full) error { return WriteText(w, s.Summary) }, 1},
		"Markdown":          {func(w *full) error { return WriteMarkdown(w, s.Summary) }, 1},
		"a sheet":           {func(w *full) error { return WriteSheetText(w, s) }, 2},
		"a sheet, Markdown": {func(w *full) error { return WriteSheetMarkdown(w, s) }, 2},
	} {
		for room := range c.takes + 1 {
			if err := c.write(&full{room}); (err == nil) != (room == c.takes) {
				t.Errorf("%s, room for %d writes: %v", name, room, err)
			}
		}
	}
}

// By whose clock times are is said in each form.
func TestClock(t *testing.T) {
	for _, c := range []struct {
		stamped, sent int
		want          string
	}{
		{0, 0, "mlrun's: when requests were written and responses were read"},
		{1, 0, "the kernel's for 1 of 20 responses and no requests; when they were read and written for the others"},
		{20, 19, "the kernel's for all responses and 19 of 20 requests; when they were read and written for the others"},
		{20, 20, "the kernel's: when requests left and responses came"},
	} {
		r := made(loadgen.Server, 21, ended, nil)
		failOne(r, 0, "HTTP 500")
		change(r, func(i int, rec *record.Record) {
			rec.Stamped, rec.SentStamped = i > 0 && i <= c.stamped, i > 0 && i <= c.sent
		})
		s := sheetOf(t, r)
		var text strings.Builder
		if err := WriteSheetText(&text, s); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), "\nclock       "+c.want+"\n") || !slices.Contains(s.Environment, Setting{"clock", c.want}) {
			t.Errorf("%d, %d: want %q in %v and\n%s", c.stamped, c.sent, c.want, s.Environment, text.String())
		}
	}
}

// Remarks stand in each form, on lines of their own.
func TestRemarks(t *testing.T) {
	s := Summary{Remarks: []string{"replica 1 is\x1b slow", "another"}}
	var text strings.Builder
	if err := WriteText(&text, &s); err != nil || !strings.Contains(text.String(), `note        replica 1 is\u001b slow`+"\nnote        another\n") {
		t.Errorf("%v: %s", err, text.String())
	}
}
