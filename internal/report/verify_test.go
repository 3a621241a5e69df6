package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/rundir"
)

// wholeRun makes a directory whose records follow LoadGen's schedule, with the
// summary and log that belong to it.
func wholeRun(t *testing.T) string {
	t.Helper()
	var queries []loadgen.Query
	dir := fixture(t, 0, ended, nil)
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := Settings(run)
	if err != nil {
		t.Fatal(err)
	}
	phases, err := settings.Phases(loadgen.Generator{})
	if err != nil {
		t.Fatal(err)
	}
	for q := range phases[0].Queries() {
		q.Samples = append([]int(nil), q.Samples...)
		queries = append(queries, q)
	}
	dir = fixture(t, len(queries), ended, func(i int, r *record.Record) bool {
		moved := int64(queries[i].Scheduled) - r.Scheduled
		r.Sample, r.Scheduled, r.Issued, r.Sent = uint32(queries[i].Samples[0]), int64(queries[i].Scheduled), r.Issued+moved, r.Sent+moved
		r.FirstToken, r.Done = r.FirstToken+moved, r.Done+moved
		return true
	})
	sum := summarize(t, dir)
	data, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	verdict := "Result is : INVALID\n"
	if run, err = Load(dir); err != nil {
		t.Fatal(err)
	}
	j, err := Judge(run)
	if err != nil {
		t.Fatal(err)
	}
	if j.Verdict.Valid {
		verdict = "Result is : VALID\n"
	}
	for name, text := range map[string]string{rundir.SummaryFile: string(data), loadgen.SummaryName: verdict} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
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
		{"figure changed", rundir.SummaryFile, func(s string) string {
			return strings.Replace(s, `"tokens_per_second":`, `"tokens_per_second":1`, 1)
		}, "summary.json says tokens_per_second"},
		{"verdict turned", rundir.SummaryFile, func(s string) string { return strings.Replace(s, `"valid":true`, `"valid":false`, 1) }, "summary.json says valid"},
		{"log turned", loadgen.SummaryName, func(string) string { return "Result is : INVALID\n" }, "does not say"},
		{"cut off", rundir.StateFile, func(s string) string { return strings.Replace(s, `"ended"`, `"measuring"`, 1) }, "cut off"},
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
