package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/tools/goldenfile"
)

// fixture makes a run directory of n server requests at 100 a second; change
// may alter each record, or end the run early by returning false.
func fixture(t *testing.T, n int, state record.State, change func(i int, r *record.Record) bool) string {
	t.Helper()
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount = loadgen.Server, 100, 5*time.Second, 100
	s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 200*time.Millisecond, 50*time.Millisecond
	m := &manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: "server", TestMode: "performance", Machine: "alpha", Variant: "server", Backend: "vllm",
		Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, Schema: "sha256:00",
		Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Round: "v5.1", Frozen: true}.Map(),
	}
	yaml, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := record.CreateDir(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	state.DatasetSamples = 64
	for _, err := range []error{dir.Write(record.ManifestFile, yaml), dir.WriteJSON(record.StateFile, state)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := record.Create(dir.File(record.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := time.Duration(i) * 10_000_000
		r := record.Record{
			Seq: uint64(i), Query: uint64(i), Sample: uint32(i % 64), Replica: int32(i % 2), Scheduled: at, Issued: at + 1000, Sent: at + 1000,
			FirstToken: at + 50_000_000, Done: at + 50_000_000 + 31*20_000_000, InputTokens: 100, OutputTokens: 32, Status: record.OK, Finish: "length",
		}
		if change != nil && !change(i, &r) {
			break
		}
		if err := w.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir.Path
}

func judged(t *testing.T, dir string) *Judgement {
	t.Helper()
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	j, err := Judge(run)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

var ended = record.State{Phase: record.Ended, Program: "mlrun test"}

func TestGolden(t *testing.T) {
	fails := func(i int, r *record.Record) bool {
		if i%100 == 7 {
			r.Status, r.Error, r.Done, r.OutputTokens = record.Failed, "status: HTTP 500", r.Sent+5000, 0
			r.FirstToken = record.NotReached
		}
		return true
	}
	slow := func(i int, r *record.Record) bool {
		if i%10 == 0 {
			r.FirstToken, r.Done = r.FirstToken+400_000_000, r.Done+400_000_000
		}
		return true
	}
	simulated := ended
	simulated.Simulated, simulated.Synthetic = true, true
	cut := record.State{Phase: record.Measuring, Program: "mlrun test"}
	interrupted := record.State{Phase: record.Measuring, Program: "mlrun test", Faults: []string{"ended during measuring: interrupted"}}
	tests := []struct {
		name   string
		state  record.State
		change func(int, *record.Record) bool
	}{
		{"valid", ended, nil},
		{"failures", ended, fails},
		{"slow", ended, slow},
		{"simulated", simulated, nil},
		{"cut", cut, func(i int, _ *record.Record) bool { return i < 30 }},
		{"interrupted", interrupted, func(i int, _ *record.Record) bool { return i < 50 }},
		{"nothing", cut, func(int, *record.Record) bool { return false }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sum := judged(t, fixture(t, 600, test.state, test.change)).Summary
			sum.Manifest = "sha256:…" // changes with every name in the manifest
			var text bytes.Buffer
			if err := WriteText(&text, sum); err != nil {
				t.Fatal(err)
			}
			js, err := json.MarshalIndent(sum, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			goldenfile.Check(t, filepath.Join("testdata", test.name+".txt"), text.Bytes())
			goldenfile.Check(t, filepath.Join("testdata", test.name+".json"), append(js, '\n'))
		})
	}
}

// TestTornRecordsAreLeftOut cuts the record file at many places: what was
// written whole is reported, and nothing else.
func TestTornRecordsAreLeftOut(t *testing.T) {
	dir := fixture(t, 40, record.State{Phase: record.Measuring}, nil)
	path := filepath.Join(dir, record.FileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole); cut > 0; cut -= 331 {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		sum := judged(t, dir).Summary
		if want := uint64(bytes.Count(whole[:cut], []byte("\n"))); sum.Samples != want || sum.Valid {
			t.Fatalf("cut at %d: %d samples, valid %v; want %d, not valid", cut, sum.Samples, sum.Valid, want)
		}
	}
}

// A finished run whose records are not all there says so and is not VALID,
// wherever they are cut.
func TestRecordsThatAreNotWhole(t *testing.T) {
	counted := ended
	n := uint64(600)
	counted.Records = &n
	lines := func(text string) []string { return strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n") }
	for _, c := range []struct {
		name   string
		state  record.State
		change func(text string) string
		want   string // empty: nothing is missing
	}{
		{"whole", counted, func(s string) string { return s }, ""},
		{"whole, of a build that did not count", ended, func(s string) string { return s }, ""},
		{"the last 300 bytes", counted, func(s string) string { return s[:len(s)-300] }, "the records are not whole: records.jsonl ends within a line"},
		{"the last 300 bytes, not counted", ended, func(s string) string { return s[:len(s)-300] }, "the records are not whole: records.jsonl ends within a line"},
		{"the last byte", ended, func(s string) string { return s[:len(s)-1] }, "the records are not whole: records.jsonl ends within a line"},
		{"the last line", counted, func(s string) string { return strings.Join(lines(s)[:599], "") }, "the records are not whole: 600 were written, records.jsonl has 599"},
		{"a line within", ended, func(s string) string { return strings.Join(append(lines(s)[:300:300], lines(s)[301:]...), "") + "\n" }, "the records are not whole: of 600 requests records.jsonl has 599"},
		{"everything", counted, func(string) string { return "" }, "the records are not whole: 600 were written, records.jsonl has 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := fixture(t, 600, c.state, nil)
			path := filepath.Join(dir, record.FileName)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.change(string(text))), 0o644); err != nil {
				t.Fatal(err)
			}
			sum := judged(t, dir).Summary
			if sum.Valid != (c.want == "") || c.want != "" && !slices.Contains(sum.Reasons, c.want) {
				t.Errorf("valid %t, reasons %q; want %q", sum.Valid, sum.Reasons, c.want)
			}
		})
	}
}

func TestDamagedDirectories(t *testing.T) {
	tests := map[string]struct {
		file, text, want string
	}{
		"no state":      {record.StateFile, "", "reading"},
		"bad state":     {record.StateFile, "{", "state.json"},
		"bad manifest":  {record.ManifestFile, "kind: other\n", "not a manifest"},
		"bad record":    {record.FileName, "{}\n", "line 1"},
		"repeated line": {record.FileName, strings.Repeat(`{"seq":0,"query":0,"sample":0,"replica":0,"scheduled_ns":0,"issued_ns":0,"sent_ns":0,"first_token_ns":1,"done_ns":2,"input_tokens":1,"output_tokens":2,"status":"ok"}`+"\n", 2), "two records have the sequence number 0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := fixture(t, 3, ended, nil)
			if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// Failures of one kind are counted together, whatever numbers their messages have.
func TestCause(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "failed",
		"status: HTTP status 503: no 12":     "status: HTTP status 503: no N",
		"broken: after 5123 bytes and 12 ch": "broken: after N bytes and N ch",
		"7":                                  "N",
		"no number":                          "no number",
		// Ids and numbers in hexadecimal are a request's own.
		"engine: request cmpl-4cf0a7e1d3b74a0e9c1f6a2b8d5e7f90 failed":       "engine: request cmpl-N failed",
		"engine: request cmpl-deadbeefcafebabefacedeadbeefcafe failed":       "engine: request cmpl-N failed",
		"engine: request 0f8fad5b-d9cb-face-a165-70867728950e failed":        "engine: request N failed",
		"engine: request chatcmpl-AbC12xYzW failed":                          "engine: request chatcmpl-N failed",
		"engine: illegal access at 0x7f3a1C00 in block 3f":                   "engine: illegal access at N in block N",
		"engine: rid=9e1, 80GB of fp8 on gpu3":                               "engine: rid=N, NGB of fpN on gpuN",
		"engine: a face added in the cafe, accessed by default, as required": "engine: a face added in the cafe, accessed by default, as required",
		"status: HTTP status 4xx, status 404, HTTP 1":                        "status: HTTP status Nxx, status 404, HTTP 1",
		"long: 129 output tokens came, 128 were asked for at most":           "long: N output tokens came, N were asked for at most",
		"größe 7 überschritten":                                              "größe N überschritten",
	} {
		if got := cause(&record.Record{Status: record.Failed, Error: text}); got != want {
			t.Errorf("%q is counted under %q, want %q", text, got, want)
		}
	}
}

// However many causes there are, the list of them is short, and no failure is left out.
func TestManyCauses(t *testing.T) {
	sum := judged(t, fixture(t, 600, ended, func(i int, r *record.Record) bool {
		if i < 2*mostCauses {
			r.Status, r.Error = record.Failed, strings.Repeat("x", i/2+1)
		}
		return true
	})).Summary
	total := 0
	for _, n := range sum.Errors {
		total += n
	}
	if total != 2*mostCauses || len(sum.Errors) != mostCauses {
		t.Errorf("%d failures of %d causes are listed", total, len(sum.Errors))
	}
	many := make([]record.Record, 3*mostCauses)
	for i := range many {
		many[i] = record.Record{Status: record.Failed, Error: strings.Repeat("x", i+1), Scheduled: time.Duration(i)}
	}
	list := failures(record.TableOf(many))
	if last := list[len(list)-1]; len(list) != mostCauses+1 || last.Cause != "other causes" || last.Requests != 2*mostCauses {
		t.Errorf("%d causes, the last is %+v", len(list), last)
	}
}
