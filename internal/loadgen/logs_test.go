package loadgen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLogs(t *testing.T) {
	dir := t.TempDir()
	logs, err := CreateLogs(dir, testProgram, 1, func() time.Duration { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	settings := serverSettings(false)
	logs.Detail.LogStart(RunInfo{SUT: "sut"}, settings)
	logs.Detail.Error("error_runtime", "x")
	logs.Accuracy.Add(&AccuracyEntry{Data: []byte{1}})
	if err := logs.Flush(); err != nil {
		t.Fatal(err)
	}
	partial := readFile(t, filepath.Join(dir, DetailName+PartialSuffix))
	if !strings.HasSuffix(partial, "}}\n") {
		t.Error("a flushed log does not end with a whole line")
	}
	verdict, summary := mustJudge(t, settings, serverRecords(1000, time.Millisecond, 0, 0))
	logs.Detail.LogResults(settings, &verdict, &summary)
	if err := logs.Close(Report{SUT: "sut", Settings: settings, Verdict: &verdict, Summary: &summary}); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, filepath.Join(dir, SummaryName))
	if !strings.HasPrefix(text, "Written by mlrun 1.2.3") || !strings.Contains(text, "Result is : VALID") || !strings.Contains(text, "1 ERROR encountered") {
		t.Errorf("summary:\n%s", text)
	}
	if got := readFile(t, filepath.Join(dir, AccuracyName)); got != "[\n{ \"seq_id\" : 0, \"qsl_idx\" : 0, \"data\" : \"01\" }\n]\n" {
		t.Errorf("accuracy log %q", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("%d files, want 3", len(left))
	}
	if _, err := CreateLogs(dir, testProgram, 1, nil); err == nil {
		t.Error("logs over logs")
	}
}

func TestLogsAreAllOrNone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, AccuracyName), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateLogs(dir, testProgram, 1, nil); err == nil {
		t.Error("logs over an accuracy log")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files left, want 1", len(left))
	}
}

func TestLogsAbort(t *testing.T) {
	dir := t.TempDir()
	logs, err := CreateLogs(dir, testProgram, 1, func() time.Duration { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	logs.Detail.Text("sut_name", "x")
	if err := logs.Abort(); err != nil {
		t.Fatal(err)
	}
	if text := readFile(t, filepath.Join(dir, DetailName+PartialSuffix)); len(lines(t, text)) != 1 {
		t.Errorf("partial log %q", text)
	}
	if err := logs.Abort(); err == nil {
		t.Error("logs that are closed are closed once more")
	}
}
