package loadgen

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/diag"
	"mlcfg/tools/sharedata"
)

// The published runs of the machine whose user.conf is in the corpus were run
// with these settings.
func TestFreezeEqualsPublishedRuns(t *testing.T) {
	corpus := sharedata.Corpus(t)
	for _, tt := range []struct {
		benchmark, conf, run string
		scenario             Scenario
	}{
		{"llama2-70b", "llama2-70b-99_user_mi300x.conf", "llama2-70b-99_Server", Server},
		{"llama2-70b", "llama2-70b-99_user_mi300x.conf", "llama2-70b-99_Offline", Offline},
		{"llama2-70b-interactive", "llama2-70b-99_user_mi300x.conf", "llama2-70b-99_Interactive", Server},
		{"mixtral-8x7b", "mixtral-8x7b_user_mi300x.conf", "mixtral-8x7b_Server", Server},
	} {
		t.Run(tt.run, func(t *testing.T) {
			path := filepath.Join(corpus, "published_runs", "closed_AMD_8xMI300X_2xEPYC_9575F_"+tt.run+".json")
			var file struct{ Log logged }
			readJSON(t, path, &file)
			section, found := Freeze(Request{
				Benchmark: tt.benchmark, Scenario: tt.scenario, Mode: PerformanceOnly, Round: "v5.1",
				UserConf: parseConfFile(t, filepath.Join(corpus, "user_conf", tt.conf), UserConf),
				Harness:  &Harness{TargetQPS: -1, TotalSampleCount: int64(mustCount(t, tt.benchmark)), DurationSec: -1},
			})
			if len(found) > 0 {
				t.Errorf("findings: %v", found)
			}
			want, lib := file.Log.settings(t)
			if section.Library != lib {
				t.Errorf("library: got %+v, want %+v", section.Library, lib)
			}
			fields := want.fields()
			for i, f := range section.Settings.fields() {
				key := "requested_" + f.name
				switch f.name {
				case "mode":
					key = "requested_test_mode"
				case "ttft_latency_ns", "tpot_latency_ns":
					key = "requested_server_" + strings.TrimSuffix(f.name, "_ns")
				}
				if _, ok := file.Log[key]; !ok {
					continue
				}
				if got, want := f.value(), fields[i].value(); got != want && fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: got %v, want %v", f.name, got, want)
				}
			}
		})
	}
}

func mustCount(t *testing.T, benchmark string) uint64 {
	t.Helper()
	n, ok := SampleCount(benchmark)
	if !ok {
		t.Fatalf("no sample count for %s", benchmark)
	}
	return n
}

// brief is a finding in one line.
func brief(d diag.Diagnostic) string {
	return fmt.Sprintf("%v %v %s: %s", d.Pos, d.Severity, d.Code, d.Message)
}

func briefs(l diag.List) []string {
	var out []string
	for _, d := range l {
		out = append(out, brief(d))
	}
	return out
}

func TestFreezeFindings(t *testing.T) {
	conf := func(kind ConfKind, text string) *Conf {
		c, found := ParseConf("user.conf", []byte(text), kind)
		if found.HasErrors() {
			t.Fatal(briefs(found))
		}
		return c
	}
	for _, tt := range []struct {
		name    string
		request Request
		want    []string
	}{
		{
			"nothing said",
			Request{Benchmark: "llama2-70b", Scenario: Server, Mode: PerformanceOnly},
			[]string{"- info loadgen-round: no round is named: the newest, v6.1, is assumed"},
		},
		{
			"no such round",
			Request{Benchmark: "llama2-70b", Round: "v9", Mode: PerformanceOnly},
			[]string{`- error loadgen-round: "v9" is not a round (one of v5.0, v5.1, v6.0.0pre, v6.0, v6.1)`},
		},
		{
			"spelt with a dot",
			Request{Benchmark: "llama3.1-8b", Round: "v5.1", Mode: PerformanceOnly},
			[]string{`- info loadgen-benchmark: "llama3.1-8b" is "llama3_1-8b" in LoadGen's conf files`},
		},
		{
			"accuracy level",
			Request{Benchmark: "llama2-70b-99.9", Round: "v5.1", Mode: PerformanceOnly},
			[]string{`- info loadgen-benchmark: "llama2-70b-99.9" is "llama2-70b" in LoadGen's conf files`},
		},
		{
			"misspelt",
			Request{Benchmark: "lama2-70b", Round: "v5.1", Mode: PerformanceOnly},
			[]string{`- error loadgen-benchmark: no round has a benchmark "lama2-70b", did you mean llama2-70b`},
		},
		{
			"later round",
			Request{Benchmark: "gpt-oss-120b", Round: "v5.1", Mode: PerformanceOnly},
			[]string{`- warning loadgen-round: round v5.1 has no benchmark "gpt-oss-120b", which came with v6.0: it gets what mlperf.conf says for all`},
		},
		{
			"own model",
			Request{Benchmark: "house-7b", Round: "v5.1", Mode: PerformanceOnly},
			[]string{`- warning loadgen-benchmark: no round has a benchmark "house-7b": it gets what mlperf.conf says for all`},
		},
		{
			"own model with lines",
			Request{Benchmark: "house-7b", Round: "v5.1", Scenario: Offline, Mode: PerformanceOnly, UserConf: conf(UserConf, "house-7b.Offline.target_qps = 1\n")},
			nil,
		},
		{
			"own model without limits",
			Request{Benchmark: "house-7b", Round: "v5.1", Scenario: Server, Mode: PerformanceOnly, UserConf: conf(UserConf, "house-7b.Server.target_qps = 1\n")},
			[]string{`- warning loadgen-limits: "house-7b" is judged by what mlperf.conf says for all: 10ms from request to last token, a limit for classifiers of pictures`},
		},
		{
			"own model with half of the limits",
			Request{Benchmark: "house-7b", Round: "v5.1", Scenario: Server, Mode: PerformanceOnly, UserConf: conf(UserConf, "house-7b.*.use_token_latencies = 1\n*.Server.ttft_latency = 900\n")},
			[]string{`- warning loadgen-limits: "house-7b" is judged by LoadGen's defaults: a TPOT of 100ms`},
		},
		{
			"own model with a limit of its own",
			Request{Benchmark: "house-7b", Round: "v5.1", Scenario: Server, Mode: PerformanceOnly, UserConf: conf(UserConf, "house-7b.Server.target_latency = 9000\n")},
			nil,
		},
		{
			"accuracy is not judged by limits",
			Request{Benchmark: "house-7b", Round: "v5.1", Scenario: Server, Mode: AccuracyOnly, UserConf: conf(UserConf, "house-7b.Server.target_qps = 1\n")},
			nil,
		},
		{
			"no round",
			Request{Benchmark: "llama2-70b", Mode: PerformanceOnly},
			[]string{"- info loadgen-round: no round is named: the newest, v6.1, is assumed"},
		},
		{
			"limits",
			Request{Benchmark: "llama2-70b", Scenario: Server, Round: "v5.1", Mode: PerformanceOnly, Harness: &Harness{TargetQPS: -1, TotalSampleCount: 3000, DurationSec: 1}},
			[]string{
				"- info loadgen-limit: minimum and maximum duration are 1s, and no run with a maximum can be submitted",
				"- info loadgen-limit: 3000 is not llama2-70b's own 24576: it is minimum and maximum query count, and no run with a maximum can be submitted",
			},
		},
		{
			"a duration without an end",
			Request{Benchmark: "llama2-70b", Scenario: Server, Round: "v5.1", Mode: PerformanceOnly, Harness: &Harness{TargetQPS: -1, DurationSec: 1e12}},
			[]string{"- error loadgen-limit: 1e+12 seconds are too long: the longest possible is " + maxDuration.String()},
		},
		{
			"as many samples as its own",
			Request{Benchmark: "llama2-70b", Scenario: Server, Round: "v5.1", Mode: PerformanceOnly, Harness: &Harness{TargetQPS: -1, TotalSampleCount: 24576, DurationSec: -1}},
			nil,
		},
		{
			"no count of samples",
			Request{Benchmark: "llama2-70b", Scenario: Server, Round: "v5.1", Mode: PerformanceOnly, Harness: &Harness{TargetQPS: -1, DurationSec: -1}},
			nil,
		},
		{
			"mode in user.conf",
			Request{Benchmark: "llama2-70b", Round: "v5.1", Mode: PerformanceOnly, UserConf: conf(UserConf, "*.*.mode = 1\n")},
			[]string{"user.conf:1:1 warning conf-ignored: the mode is set by test_mode, after user.conf"},
		},
		{
			"nothing to issue",
			Request{
				Benchmark: "llama2-70b", Scenario: Server, Round: "v5.1", Mode: PerformanceOnly,
				UserConf: conf(UserConf, "*.*.min_duration = 0\n*.*.min_query_count = 0\n"),
			},
			[]string{"- error loadgen-settings: no query would be issued: with a minimum duration of 0 the minimum query count must be above 0"},
		},
		{
			"both issue modes",
			Request{
				Benchmark: "llama2-70b", Scenario: Server, Round: "v5.1", Mode: PerformanceOnly,
				UserConf: conf(UserConf, "*.*.performance_issue_same = 1\n*.*.performance_issue_unique = 1\n"),
			},
			[]string{"- warning loadgen-settings: LoadGen will complain: Performance_issue_unique and performance_issue_same, both cannot be true at the same time. performance_issue_unique: 1 performance_issue_same: 1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, found := Freeze(tt.request)
			if got := briefs(found); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestFreezeOrigins(t *testing.T) {
	c, _ := ParseConf("conf/user.conf", []byte("# ours\n*.Server.target_qps = 5\n*.*.min_duration = 600000\n"), UserConf)
	s, _ := Freeze(Request{
		Benchmark: "llama2-70b", Scenario: Server, Mode: PerformanceOnly, Round: "v5.1", UserConfPath: "/x/user.conf", UserConf: c,
		Harness: &Harness{TargetQPS: 7.5, TotalSampleCount: 100, DurationSec: -1},
	})
	for name, want := range map[string]string{
		"server_target_qps": "harness_config.target_qps", "min_duration_ms": "conf/user.conf:3:1",
		"qsl_rng_seed": "round v5.1", "max_query_count": "harness_config.total_sample_count", "print_timestamps": "",
	} {
		if got := s.Origins[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if s.Settings.ServerTargetQPS != 7.5 || s.Settings.MaxQueryCount != 100 || s.Library.TotalSampleCount != 100 || s.Settings.MinDuration != 600*time.Second ||
		s.UserConf != "/x/user.conf" || len(s.UserConfSHA256) != 64 || !s.Frozen {
		t.Errorf("got %+v", s)
	}
	// A benchmark may have a data set of its own for accuracy.
	for mode, want := range map[Mode]uint64{PerformanceOnly: 6396, AccuracyOnly: 4395} {
		of, _ := Freeze(Request{Benchmark: "gpt-oss-120b", Scenario: Offline, Mode: mode, Round: "v6.0"})
		if of.Library.TotalSampleCount != want {
			t.Errorf("%v has %d samples, want %d", mode, of.Library.TotalSampleCount, want)
		}
	}
	read, err := ReadSection(s.Map())
	if read.frozen = nil; err != nil || !reflect.DeepEqual(read, s) {
		t.Errorf("got %+v, %v\nwant %+v", read, err, s)
	}
	if settings, err := FromMap(s.Map()); err != nil || settings != s.Settings {
		t.Errorf("got %+v, %v", settings, err)
	}
}

func TestFreezeWithoutTheUserConf(t *testing.T) {
	s, _ := Freeze(Request{Benchmark: "llama2-70b", Round: "v5.1", Mode: PerformanceOnly, UserConfPath: "/x/user.conf"})
	if s.Frozen || s.UserConf != "/x/user.conf" || s.UserConfSHA256 != "" {
		t.Errorf("got %+v", s)
	}
}

// TestFreezeCoalesced refuses coalesce_queries where LoadGen would act on it, at its line.
func TestFreezeCoalesced(t *testing.T) {
	for _, tt := range []struct {
		scenario Scenario
		line     string
		refused  bool
	}{
		{Server, "*.Server.coalesce_queries = 1", true},
		{Server, "llama2-70b.Server.coalesce_queries = 7", true},
		{Server, "*.Server.coalesce_queries = 0", false},
		{Server, "mixtral-8x7b.Server.coalesce_queries = 1", false},
		{Offline, "*.Server.coalesce_queries = 1", false},
	} {
		conf, _ := ParseConf("user.conf", []byte("*.Server.target_qps = 5\n"+tt.line+"\n"), UserConf)
		_, found := Freeze(Request{Benchmark: "llama2-70b", Scenario: tt.scenario, Mode: PerformanceOnly, Round: "v5.1", UserConfPath: "user.conf", UserConf: conf})
		refused := false
		for _, d := range found {
			if d.Code == "conf-unsupported" {
				refused = d.Severity == diag.Error && d.Pos.File == "user.conf" && d.Pos.Line == 2
			}
		}
		if refused != tt.refused || found.HasErrors() != tt.refused {
			t.Errorf("%v, %s: refused %t, want %t: %v", tt.scenario, tt.line, refused, tt.refused, found)
		}
	}
}
