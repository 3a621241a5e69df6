package report

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
)

// wholeRun makes a directory whose records follow LoadGen's schedule, with the
// summary and log that belong to it.
func wholeRun(t *testing.T) string {
	t.Helper()
	queries := scheduled(t, fixture(t, 0, ended, nil))
	dir := fixture(t, len(queries), ended, func(i int, r *record.Record) bool {
		moved := queries[i].Scheduled - r.Scheduled
		r.Sample, r.Scheduled, r.Issued, r.Sent = uint32(queries[i].Samples[0]), queries[i].Scheduled, r.Issued+moved, r.Sent+moved
		r.FirstToken, r.Done = r.FirstToken+moved, r.Done+moved
		return true
	})
	finish(t, dir)
	return dir
}

// scheduled are the queries of the first phase that the manifest of a directory asks for.
func scheduled(t *testing.T, dir string) (queries []loadgen.Query) {
	t.Helper()
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, settings, err := Settings(run)
	if err != nil {
		t.Fatal(err)
	}
	phases, err := settings.Phases(loadgen.Generator{})
	if err != nil {
		t.Fatal(err)
	}
	for q := range phases[0].Queries() {
		q.Samples = slices.Clone(q.Samples)
		queries = append(queries, q)
	}
	return queries
}

// judgeAnew writes the summary of what is in a directory now, and seals it again.
func judgeAnew(t *testing.T, dir string) {
	t.Helper()
	sum, err := json.Marshal(judged(t, dir).Summary)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, record.SummaryFile), sum, 0o644), record.Seal(dir)); err != nil {
		t.Fatal(err)
	}
}

// finish adds what a run writes after its records.
func finish(t *testing.T, dir string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(judged(t, dir).Summary)
	check(err)
	run, err := Load(dir)
	check(err)
	j, err := Judge(run)
	check(err)
	program := loadgen.Program{Name: "mlrun", Version: "test"}
	logs, err := loadgen.CreateLogs(dir, program, 1, func() time.Duration { return 0 })
	check(err)
	logs.Detail.LogResults(j.Settings, j.Verdict, j.Figures)
	r := run.Records.At(3)
	check(logs.Accuracy.Add(&loadgen.AccuracyEntry{SeqID: r.Seq, SampleIndex: uint64(r.Sample), Data: make([]byte, 4*r.OutputTokens)}))
	check(logs.Close(loadgen.Report{SUT: SUT(run.Manifest, false), Settings: j.Settings, Verdict: j.Verdict, Summary: j.Figures}))
	check(os.Mkdir(filepath.Join(dir, record.EngineDir), 0o755))
	for name, text := range map[string]string{
		record.SummaryFile: string(data), record.PlanFile: "{}\n", record.MachineFile: "{}\n", record.EngineDir + "/endpoints.json": "[]\n", metrics.FileName: "",
		record.EngineDir + "/replica-0.log": "INFO: serving\n", record.PowerLog: "600 W\n",
	} {
		check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	_, err = record.Complete(dir)
	check(err)
	check(record.Seal(dir))
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		file   string
		change func(text string) string
		want   string // empty: nothing is found
	}{
		{"whole", record.FileName, func(s string) string { return s }, ""},
		{"record left out", record.FileName, func(s string) string { return s[strings.Index(s, "\n")+1:] }, "LoadGen issues sample"},
		{"last record left out", record.FileName, func(s string) string { return s[:strings.LastIndex(s[:len(s)-1], "\n")+1] }, "records are missing"},
		{"torn", record.FileName, func(s string) string { return s[:len(s)-5] }, "not written whole"},
		{"sample changed", record.FileName, func(s string) string { return strings.Replace(s, `"sample":`, `"sample":9`, 1) }, "LoadGen issues sample"},
		{"time changed", record.FileName, func(s string) string { return strings.Replace(s, `"scheduled_ns":`, `"scheduled_ns":1`, 1) }, "LoadGen issues sample"},
		{"latency changed", record.FileName, func(s string) string { return strings.Replace(s, `"done_ns":6`, `"done_ns":5`, 1) }, "summary.json says"},
		{"figure changed", record.SummaryFile, func(s string) string {
			return strings.Replace(s, `"tokens_per_second":`, `"tokens_per_second":1`, 1)
		}, "summary.json says tokens_per_second"},
		{"verdict turned", record.SummaryFile, func(s string) string { return strings.Replace(s, `"valid":true`, `"valid":false`, 1) }, "summary.json says valid"},
		{"log turned", loadgen.SummaryName, func(s string) string { return strings.Replace(s, "Result is : VALID", "Result is : INVALID", 1) }, "does not say \"Result is : VALID\""},
		{"log's figure changed", loadgen.SummaryName, func(s string) string {
			return strings.Replace(s, "Min latency (ns)                : 6", "Min latency (ns)                : 5", 1)
		}, "mlperf_log_summary.txt line"},
		{"log cut", loadgen.SummaryName, func(s string) string { return s[:len(s)/2] }, "mlperf_log_summary.txt line"},
		{"detail turned", loadgen.DetailName, func(s string) string { return strings.Replace(s, `"value": "VALID"`, `"value": "INVALID"`, 1) }, "mlperf_log_detail.txt does not say \"key\": \"result_validity\""},
		{"answer of another sample", loadgen.AccuracyName, func(s string) string { return strings.Replace(s, `"qsl_idx" : `, `"qsl_idx" : 1`, 1) }, "mlperf_log_accuracy.json entry 3"},
		{"answer cut", loadgen.AccuracyName, func(s string) string { return strings.Replace(s, `"data" : "00000000`, `"data" : "`, 1) }, "mlperf_log_accuracy.json entry 3"},
		{"accuracy log damaged", loadgen.AccuracyName, func(s string) string { return s[1:] }, "mlperf_log_accuracy.json cannot be read"},
		{"Parquet of another run", record.PartsDir + "/part-00000.parquet", func(string) string { return "PAR1" }, "records.parquet/part-00000.parquet"},
		{"cut off", record.StateFile, func(s string) string { return strings.Replace(s, `"ended"`, `"measuring"`, 1) }, "cut off"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := wholeRun(t)
			path := filepath.Join(dir, test.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(test.change(string(text))), 0o644); err != nil {
				t.Fatal(err)
			}
			// A new seal over the change: the contents themselves must speak.
			if err := record.Seal(dir); err != nil {
				t.Fatal(err)
			}
			found, err := Verify(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(found, "\n")
			if (test.want == "") != (all == "") || !strings.Contains(all, test.want) {
				t.Errorf("found %q, want %q", all, test.want)
			}
		})
	}
}

func TestVerifyAgainstAManifest(t *testing.T) {
	dir := wholeRun(t)
	found, err := Verify(dir, &manifest.Manifest{Digest: "sha256:other"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || !strings.Contains(found[0], "another manifest") {
		t.Errorf("found %q", found)
	}
}

// TestEveryFileIsWatched changes, cuts, empties and removes every file of a
// finished directory: each is found, and named.
func TestEveryFileIsWatched(t *testing.T) {
	dir := wholeRun(t)
	if found, err := Verify(dir, nil); err != nil || len(found) > 0 {
		t.Fatalf("found %q in a whole directory, error %v", found, err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "lock" {
			return err
		}
		files++
		whole, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changes := map[string]func() error{
			"added to": func() error { return os.WriteFile(path, append(slices.Clone(whole), "x\n"...), 0o644) },
			"removed":  func() error { return os.Remove(path) },
		}
		if len(whole) > 0 {
			changes["emptied"] = func() error { return os.WriteFile(path, nil, 0o644) }
			changes["cut"] = func() error { return os.WriteFile(path, whole[:len(whole)-1], 0o644) }
			flipped := slices.Clone(whole)
			flipped[len(flipped)/2] ^= 1
			changes["changed"] = func() error { return os.WriteFile(path, flipped, 0o644) }
		}
		for what, change := range changes {
			if err := change(); err != nil {
				return err
			}
			found, err := Verify(dir, nil)
			// What cannot be read at all is an error, and enough.
			if told := strings.Join(found, "\n"); err == nil && !strings.Contains(told, d.Name()) {
				t.Errorf("%s %s: found %q", d.Name(), what, told)
			}
			if err := os.WriteFile(path, whole, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 14 {
		t.Errorf("only %d files", files)
	}
}
