package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

var update = flag.Bool("update", false, "rewrite golden files")

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
		Loadgen: loadgen.Section{Settings: s, Round: "v5.1", Frozen: true}.Map(),
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
		at := int64(i) * 10_000_000
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

func summarize(t *testing.T, dir string) *Summary {
	t.Helper()
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := Summarize(run)
	if err != nil {
		t.Fatal(err)
	}
	return sum
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
			sum := summarize(t, fixture(t, 600, test.state, test.change))
			sum.Manifest = "sha256:…" // changes with every name in the manifest
			var text bytes.Buffer
			if err := WriteText(&text, sum); err != nil {
				t.Fatal(err)
			}
			js, err := json.MarshalIndent(sum, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, test.name+".txt", text.Bytes())
			golden(t, test.name+".json", append(js, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: %s", path, diff)
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
		sum := summarize(t, dir)
		if want := uint64(bytes.Count(whole[:cut], []byte("\n"))); sum.Samples != want || sum.Valid {
			t.Fatalf("cut at %d: %d samples, valid %v; want %d, not valid", cut, sum.Samples, sum.Valid, want)
		}
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

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{"a b": "a b", "\x1b[31mred": `\x1b[31mred`, "é\n": `é\n`, "\u202e": `\u202e`} {
		if got := Printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
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
	} {
		if got := cause(&record.Record{Status: record.Failed, Error: text}); got != want {
			t.Errorf("%q is counted under %q, want %q", text, got, want)
		}
	}
}

// Text from outside has no markup's meaning in Markdown, and no control characters.
func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"plain text 1.5":      "plain text 1.5",
		"a|b":                 `a\|b`,
		`a\|b`:                `a\\\|b`,
		"<script>x</script>":  "&lt;script&gt;x&lt;/script&gt;",
		"&lt;b&gt;":           "&amp;lt;b&amp;gt;",
		"[a](http://x) `c`":   "\\[a](http://x) \\`c\\`",
		"*bold* _it_":         `\*bold\* \_it\_`,
		"line\nbreak\x1b[31m": `line\\nbreak\\x1b\[31m`,
	} {
		if got := Markdown(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
