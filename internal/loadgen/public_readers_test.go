package loadgen

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mlcfg/internal/diag"
)

// TestPublicReaders writes the logs of whole runs, in virtual time, and has
// MLCommons' log parser and submission checker read them, and the accuracy log
// in the way of its accuracy scripts. They come from a checkout of
// github.com/mlcommons/inference that MLPERF_INFERENCE names; none of it is here.
func TestPublicReaders(t *testing.T) {
	checkout := os.Getenv("MLPERF_INFERENCE")
	if checkout == "" {
		t.Skip("SKIPPED, no public readers: set MLPERF_INFERENCE to a checkout of github.com/mlcommons/inference")
	}
	for name, c := range map[string]struct {
		round, benchmark, submitted, scenario string
		qps                                   float64
	}{
		"server, v6.1":      {"v6.1", "gpt-oss-120b", "gpt-oss-120b", "Server", 20},
		"interactive, v5.1": {"v5.1", "llama2-70b-interactive", "llama2-70b-99", "Interactive", 50},
		"interactive, v6.1": {"v6.1", "llama3_1-8b-interactive", "llama3.1-8b", "Interactive", 60},
		"offline, v6.0":     {"v6.0", "llama3_1-405b", "llama3.1-405b", "Offline", 15},
		"offline, v6.1":     {"v6.1", "gpt-oss-120b", "gpt-oss-120b", "Offline", 15},
		"server, v6.0":      {"v6.0", "deepseek-r1", "deepseek-r1", "Server", 5},
		"server, v5.1":      {"v5.1", "mixtral-8x7b", "mixtral-8x7b", "Server", 30},
		"offline, v5.1":     {"v5.1", "llama2-70b", "llama2-70b-99.9", "Offline", 41},
		"offline, v5.0":     {"v5.0", "llama2-70b", "llama2-70b-99", "Offline", 41},
	} {
		t.Run(name, func(t *testing.T) {
			request := Request{
				Benchmark: c.benchmark, Scenario: Server, Round: c.round, Mode: PerformanceOnly,
				Harness: &Harness{TargetQPS: c.qps, TotalSampleCount: -1, DurationSec: -1},
			}
			if c.scenario == "Offline" {
				request.Scenario = Offline
			}
			performance, summary := virtualRun(t, request)
			request.Mode = AccuracyOnly
			accuracy, _ := virtualRun(t, request)
			out, err := exec.CommandContext(t.Context(), "python3", "testdata/public_readers.py",
				checkout, c.round, c.submitted, c.scenario, performance, accuracy).Output()
			if err != nil {
				var text []byte
				if e := (*exec.ExitError)(nil); errors.As(err, &e) {
					text = e.Stderr
				}
				t.Fatalf("%v\n%s", err, text)
			}
			var read struct {
				Messages, Errors int
				Validity         string
				Checks           map[string]bool
				Metric           float64
				Samples, Tokens  int
			}
			if err := json.Unmarshal(out, &read); err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", read)
			if read.Messages < 90 || read.Errors != 0 || read.Validity != "VALID" || len(read.Checks) < 12 {
				t.Errorf("read as %+v", read)
			}
			for check, passed := range read.Checks {
				if !passed {
					t.Errorf("the submission checker's %s fails", check)
				}
			}
			metrics := []float64{summary.TokensPerSecond(), summary.CompletedTokensPerSecond(), summary.SamplesPerSecond(), summary.CompletedSamplesPerSecond()}
			found := false
			for _, m := range metrics {
				found = found || six(m) == six(read.Metric)
			}
			if !found {
				t.Errorf("the metric is read as %v, want one of %v", read.Metric, metrics)
			}
			if wantTokens := read.Samples * (virtualTokens + 1) / 2; read.Samples < 4000 || read.Tokens < wantTokens/2 {
				t.Errorf("%d answers with %d tokens", read.Samples, read.Tokens)
			}
		})
	}
}

// virtualTokens is the longest answer of a virtual run, in tokens.
const virtualTokens = 50

// virtualRun writes the logs of a run whose system under test gives the first
// token after 50 ms and 5 ms apart 2 to virtualTokens of them; offline it keeps
// up with the rate that was expected.
func virtualRun(t *testing.T, request Request) (dir string, summary Summary) {
	t.Helper()
	section, found := Freeze(request)
	for _, d := range found {
		if d.Severity == diag.Error {
			t.Fatal(d.Message)
		}
	}
	settings, err := section.Settings.Effective(section.Library)
	if err != nil {
		t.Fatal(err)
	}
	phases, err := settings.Phases(Generator{})
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	logs, err := CreateLogs(dir, testProgram, 1, func() time.Duration { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	logs.Detail.LogStart(RunInfo{SUT: "virtual"}, &settings)
	r := &Records{SamplesPerQuery: phases[0].SamplesPerQuery}
	for _, p := range phases {
		logs.Detail.LogMode(p.Mode)
		logs.Detail.LogGenerated(p, p.Totals())
		for q := range p.Queries() {
			for i, sample := range q.Samples {
				tokens := int64(2 + sample%(virtualTokens-1))
				at := int64(q.Scheduled)
				first := at + int64(50*time.Millisecond)
				done := first + (tokens-1)*int64(5*time.Millisecond)
				if request.Scenario == Offline {
					done += int64(float64(i) / settings.TargetQPS * 1e9)
				}
				r.Scheduled, r.Issued = append(r.Scheduled, at), append(r.Issued, at)
				r.FirstToken, r.Done, r.Tokens = append(r.FirstToken, first), append(r.Done, done), append(r.Tokens, tokens)
				if p.Mode == AccuracyOnly {
					data := make([]byte, 0, 8*tokens)
					for n := range tokens {
						data = binary.LittleEndian.AppendUint64(data, uint64(n))
					}
					err := logs.Accuracy.Add(&AccuracyEntry{
						SeqID: q.FirstSample + uint64(i), SampleIndex: uint64(sample), Data: data,
						WithTokenCount: true, TokenCount: tokens, WithTokenData: request.Scenario != Offline, TokenData: data[:8],
					})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		logs.Detail.LogEnd(time.Time{}, 0)
	}
	report := Report{SUT: "virtual", Settings: &settings}
	if request.Mode == PerformanceOnly {
		verdict, sum, err := Judge(&settings, r)
		if err != nil {
			t.Fatal(err)
		}
		logs.Detail.LogResults(&settings, &verdict, &sum)
		report.Verdict, report.Summary, summary = &verdict, &sum, sum
	}
	if err := logs.Close(report); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, SummaryName)); err != nil {
		t.Fatal(err)
	}
	return dir, summary
}
