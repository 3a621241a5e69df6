package loadgen

import (
	"bufio"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/tools/sharedata"
)

// goldenRun is one folder of golden_logs: a run of the official LoadGen with a
// deterministic system under test.
type goldenRun struct {
	dir      string
	args     map[string]string // --name value of ARGS
	sets     [][2]string       // its --set name=value
	oracle   oracleRun
	detail   []mllogLine
	settings Effective
}

type oracleRun struct {
	Queries    int        `json:"n_queries"`
	Loaded     [][]uint32 `json:"loaded"`
	Sample     []uint32   `json:"sample_index"`
	Scheduled  []int64    `json:"sched_ns"`
	IssueDelay []int64    `json:"issue_delay_ns"`
	Latency    []int64    `json:"latency_ns"`
}

type mllogLine struct {
	Key      string          `json:"key"`
	Value    json.RawMessage `json:"value"`
	Metadata struct {
		IsError   bool `json:"is_error"`
		IsWarning bool `json:"is_warning"`
	} `json:"metadata"`
}

// notANumber is a value that LoadGen writes and no JSON reader takes.
var notANumber = regexp.MustCompile(`"value": -?(?:inf|nan),`)

func (l *mllogLine) text() string {
	var s string
	if json.Unmarshal(l.Value, &s) == nil {
		return s
	}
	return string(l.Value)
}

func (l *mllogLine) int() int64 { n, _ := strconv.ParseInt(l.text(), 10, 64); return n }

// goldenRuns calls test for each folder of golden_logs.
func goldenRuns(t *testing.T, test func(t *testing.T, g *goldenRun)) {
	t.Helper()
	root := sharedata.LoadGen(t)
	dirs, _ := filepath.Glob(filepath.Join(root, "golden_logs", "*", "oracle_run.json"))
	if len(dirs) == 0 {
		t.Skip("SKIPPED, no golden_logs in the reference data")
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) { test(t, readGoldenRun(t, dir)) })
	}
}

func readGoldenRun(t *testing.T, dir string) *goldenRun {
	t.Helper()
	g := &goldenRun{dir: dir, args: map[string]string{}}
	words := strings.Fields(readFile(t, filepath.Join(dir, "ARGS")))
	for i := 0; i < len(words); i++ {
		name := strings.TrimPrefix(words[i], "--")
		switch {
		case i+1 == len(words) || strings.HasPrefix(words[i+1], "--"):
			g.args[name] = "true"
			continue
		case name == "set":
			key, value, _ := strings.Cut(words[i+1], "=")
			g.sets = append(g.sets, [2]string{key, value})
		default:
			g.args[name] = words[i+1]
		}
		i++
	}
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(dir, "oracle_run.json"))), &g.oracle); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(readFile(t, filepath.Join(dir, "mlperf_log_detail.txt"))), "\n") {
		var l mllogLine
		if err := json.Unmarshal([]byte(strings.TrimPrefix(notANumber.ReplaceAllString(line, `"value": null,`), ":::MLLOG ")), &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		g.detail = append(g.detail, l)
	}
	g.settings = g.readSettings(t)
	return g
}

// readSettings takes what the detail log says was requested, as the user.conf
// of the runs is not part of the data, the exact values of ARGS, and the
// limits that the log leaves out from the rules of the rounds.
func (g *goldenRun) readSettings(t *testing.T) Effective {
	t.Helper()
	q := DefaultSettings()
	if b, ok := benchmarkNamed(g.args["model"]); ok {
		if b.ttft != 0 {
			q.TTFTLatency, q.TPOTLatency = b.ttft, b.tpot
		}
		q.InferTokenLatencies, q.TokenLatencyScalingFactor = b.inferred != 0, b.inferred
	}
	set := func(key, value string) {
		if err := setSetting(&q, key, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range g.detail {
		if key, ok := strings.CutPrefix(l.Key, "requested_"); ok {
			set(key, l.text())
		}
	}
	for _, kv := range g.sets {
		set(kv[0], kv[1])
	}
	total, _ := strconv.ParseUint(g.args["total"], 10, 64)
	lib := Library{TotalSampleCount: total, PerformanceSampleCount: total}
	if perf, _ := strconv.ParseUint(g.args["perf"], 10, 64); perf != 0 {
		lib.PerformanceSampleCount = perf
	}
	settings, err := q.Effective(lib)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// value is the first value of a key in the detail log.
func (g *goldenRun) value(key string) (int64, bool) {
	for i := range g.detail {
		if g.detail[i].Key == key {
			return g.detail[i].int(), true
		}
	}
	return 0, false
}

// part is where the samples of the performance run begin: after those of the
// accuracy run in submission mode.
func (g *goldenRun) part(t *testing.T) int {
	switch g.settings.Requested.Mode {
	case SubmissionRun:
		phases := g.phases(t)
		return int(phases[len(phases)-1].FirstSample)
	case AccuracyOnly:
		return len(g.oracle.Sample)
	}
	return 0
}

// records builds the columns from what was recorded. First-token times were
// not, so that the columns come without them. tokens are what the system under
// test answered: a count that follows from the sample's index.
func (g *goldenRun) records(from int) *Records {
	o := &g.oracle
	n := len(o.Sample)
	r := &Records{SamplesPerQuery: 1}
	switch g.settings.Requested.Scenario {
	case MultiStream:
		r.SamplesPerQuery = int(g.settings.SamplesPerQuery)
	case Offline:
		r.SamplesPerQuery = n - from
	}
	if from == n {
		return r
	}
	origin := o.Scheduled[from]
	for i := from; i < n; i++ {
		scheduled := o.Scheduled[i] - origin
		r.Scheduled = append(r.Scheduled, scheduled)
		r.Issued = append(r.Issued, scheduled+o.IssueDelay[i])
		r.Done = append(r.Done, scheduled+o.Latency[i])
		r.Tokens = append(r.Tokens, g.answerTokens(o.Sample[i]))
	}
	return r
}

func (g *goldenRun) answerTokens(sample uint32) int64 {
	low, high := int64(2), int64(20)
	if text, ok := g.args["tokens"]; ok {
		fmt.Sscanf(text, "%d,%d", &low, &high)
	}
	return low + int64(sample)*7919%(high-low+1)
}

// shift moves all times by the moment between the start of issuing and the
// first query, which the data of Single and MultiStream leaves out: the least
// that gives the rates of LoadGen's logs.
func (g *goldenRun) shift(t *testing.T, r *Records, summary string) {
	if s := g.settings.Requested.Scenario; s == Server || s == Offline {
		return
	}
	last := len(r.Issued) - 1
	var tokens int64
	for _, n := range r.Tokens {
		tokens += validTokens(n)
	}
	type rate struct {
		count float64
		ns    int64
		want  string
	}
	var rates []rate
	for i := range g.detail {
		switch l := &g.detail[i]; l.Key {
		case "result_qps_with_loadgen_overhead":
			rates = append(rates, rate{float64(last), r.Issued[last], l.text()})
		case "result_token_throughput_with_loadgen_overhead":
			rates = append(rates, rate{float64(tokens), r.Issued[last], l.text()})
		case "result_completed_tokens_per_second":
			rates = append(rates, rate{float64(tokens), queryDone(r, queries(r)-1), l.text()})
		}
	}
	qps := regexp.MustCompile(`QPS w/ loadgen overhead +: ([0-9.]+)`).FindStringSubmatch(summary)
	fits := func(offset int64) bool {
		for _, x := range rates {
			if formatDouble(x.count/seconds(x.ns+offset)) != x.want {
				return false
			}
		}
		return qps == nil || formatFixed(float64(last)/seconds(r.Issued[last]+offset), 2) == qps[1]
	}
	// The six digits of a rate leave a narrow range. A single query has a rate
	// of 0 whenever issuing started.
	from, to := int64(1), int64(2)
	if len(rates) > 0 && rates[0].count > 0 {
		want, _ := strconv.ParseFloat(rates[0].want, 64)
		ns := rates[0].count / want * 1e9
		from, to = max(int64(ns*(1-1e-5))-rates[0].ns-1, 0), int64(ns*(1+1e-5))-rates[0].ns+1
	}
	for offset := from; offset < to; offset++ {
		if fits(offset) {
			for i := range r.Issued {
				r.Scheduled[i] += offset
				r.Issued[i] += offset
				r.Done[i] += offset
			}
			return
		}
	}
	t.Error("no start before the first query gives the rates of the logs")
}

func TestGoldenLogSummaries(t *testing.T) {
	goldenRuns(t, func(t *testing.T, g *goldenRun) {
		want := readFile(t, filepath.Join(g.dir, "mlperf_log_summary.txt"))
		var detail strings.Builder
		log := NewDetailLog(&detail, testProgram, 1, func() time.Duration { return 0 })
		verdict, summary := g.replay(t, log, want)
		report := Report{
			Program: testProgram, SUT: "PySUT", Settings: &g.settings, Verdict: verdict, Summary: summary,
			Errors: log.Errors(), Warnings: log.Warnings(),
		}
		var text strings.Builder
		if err := report.WriteSummary(&text); err != nil {
			t.Fatal(err)
		}
		ours := withoutProgramLine(t, text.String())
		wantDetail, ourDetail := normalise(readFile(t, filepath.Join(g.dir, "mlperf_log_detail.txt"))), normalise(detail.String())
		if _, ok := g.value("effective_accuracy_sample_count"); !ok {
			// Releases before 6.0 print nothing of this setting.
			ours = regexp.MustCompile(`(?m)^accuracy_sample_count : .*\n`).ReplaceAllString(ours, "")
			ourDetail = slices.DeleteFunc(ourDetail, func(line string) bool { return strings.Contains(line, "accuracy_sample_count") })
		}
		if diff := cmp.Diff(want, ours); diff != "" {
			t.Errorf("summary (-LoadGen +ours):\n%s", diff)
		}
		if diff := cmp.Diff(wantDetail, ourDetail); diff != "" {
			t.Errorf("detail (-LoadGen +ours):\n%s", diff)
		}
	})
}

// replay writes the whole detail log of a run from its records.
func (g *goldenRun) replay(t *testing.T, log *DetailLog, summary string) (*Verdict, *Summary) {
	s, q := &g.settings, &g.settings.Requested
	for _, l := range g.detail {
		// Complaints about conf files: the files are not part of the data.
		if l.Key == "error_invalid_config" {
			log.Error(l.Key, l.text())
		}
	}
	log.LogStart(RunInfo{SUT: "PySUT", QSL: "PyQSL"}, s)
	for _, phase := range g.phases(t) {
		log.LogMode(phase.Mode)
		log.LogGenerated(phase, phase.Totals())
		if phase.Mode == AccuracyOnly {
			log.LogEnd(time.Time{}, 0)
		}
	}
	if q.Mode == AccuracyOnly {
		return nil, nil
	}
	r := g.records(g.part(t))
	g.shift(t, r, summary)
	m := measure(r, q.Scenario == MultiStream, q.UseTokenLatencies, false)
	if q.UseTokenLatencies && q.Scenario != Offline {
		m.ttft = g.reconstruct(t, int64(len(m.latencies)), "result_first_token_%s_latency_ns", "result_first_token_%s_percentile_latency_ns", "early_stopping_ttft_result", s.Requested.TTFTLatency)
		m.tpot = g.reconstruct(t, int64(len(m.latencies)), "result_time_to_output_token_%s", "result_time_per_output_token_%s_percentile_ns", "early_stopping_tpot_result", s.Requested.TPOTLatency)
		r.FirstToken = r.Scheduled
	}
	for text := range RunErrors(q, r) {
		log.Error("error_runtime", text)
	}
	switch text, early := EndOfIssue(s, r); {
	case early:
		log.Error("error_runtime", text)
	case text != "":
		log.Text("generic_message", text)
	}
	for _, l := range g.detail {
		if l.Metadata.IsWarning {
			log.Warning(l.Key, l.text())
		}
	}
	log.LogEnd(time.Time{}, 0)
	verdict, sum := judge(s, m)
	log.LogResults(s, &verdict, &sum)
	return &verdict, &sum
}

func (g *goldenRun) phases(t *testing.T) []*Phase {
	t.Helper()
	var generator Generator
	for i := range g.detail {
		if g.detail[i].Key == "loadgen_version" {
			var err error
			if generator, err = GeneratorOf(g.detail[i].text()); err != nil {
				t.Fatal(err)
			}
		}
	}
	phases, err := g.settings.Phases(generator)
	if err != nil {
		t.Fatal(err)
	}
	return phases
}

// normalise makes detail logs comparable. It keeps key, value, is_error and
// is_warning of each line, in order, but for
//   - loadgen_*: the program's version and build
//   - test_datetime, power_begin, power_end, get_sut_name_duration_ns: time of day and durations
//   - logger_*: counters of LoadGen's logger
//   - the order of lines between generation and the end of the run, where
//     LoadGen's threads write in any order.
func normalise(detail string) []string {
	var lines []string
	form := regexp.MustCompile(`^:::MLLOG (\{"key": "([^"]*)", "value": .*), "time_ms": \d+\.\d{6}, "namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": \{("is_error": (?:true|false), "is_warning": (?:true|false)), "file": "[^"]*", "line_no": \d+, "pid": \d+, "tid": \d+\}\}$`)
	shuffled := -1
	for in := bufio.NewScanner(strings.NewReader(detail)); in.Scan(); {
		match := form.FindStringSubmatch(noJSON.Replace(in.Text()))
		if match == nil {
			lines = append(lines, "not of the form: "+in.Text())
			continue
		}
		key := match[2]
		if strings.HasPrefix(key, "logger_") && shuffled >= 0 {
			sort.Strings(lines[shuffled:])
			shuffled = -1
		}
		switch {
		case strings.HasPrefix(key, "loadgen_"), strings.HasPrefix(key, "logger_"), strings.HasPrefix(key, "power_"),
			key == "test_datetime", key == "get_sut_name_duration_ns":
			lines = append(lines, key)
		default:
			lines = append(lines, match[1]+" "+match[3])
		}
		if key == "generated_query_duration" {
			shuffled = len(lines)
		}
	}
	return lines
}
