package loadgen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/diag"
)

// Request is what LoadGen's settings of a run follow from.
type Request struct {
	// Benchmark is the name that conf files are looked up under ("llama2-70b");
	// without one the settings are those that hold for all.
	Benchmark string
	Scenario  Scenario
	Mode      Mode
	// Round names the rules ("v5.1"). Where it is empty the newest round is taken,
	// and said.
	Round string
	// UserConfPath is the user.conf as the configuration names it, empty for
	// none; UserConf is what was read there, nil where it could not be.
	UserConfPath string
	UserConf     *Conf
	// DataSamples is how many samples the data set's file has, 0 where it could
	// not be read.
	DataSamples uint64
	// Harness are the overrides of harness_config, nil where there are none.
	Harness *Harness
}

// Harness are the three settings by which harness_config overrides conf files.
// -1 is "not given".
type Harness struct {
	// TargetQPS, above 0, is the rate of Server and Offline.
	TargetQPS float64
	// TotalSampleCount is the size of the data set that is offered to LoadGen.
	// Where it is not the benchmark's own, it is minimum and maximum query count too.
	TotalSampleCount int64
	// DurationSec is minimum and maximum duration.
	DurationSec float64
	// AccuracySet reports whether TotalSampleCount is of the benchmark's data set for
	// accuracy, whose own size counts then.
	AccuracySet bool
	// CutsPerformance reports whether the harness sets the performance sample count where
	// it sets minimum and maximum query count.
	CutsPerformance bool
}

// Freeze works out the settings of a run: LoadGen's defaults, the round's
// mlperf.conf, user.conf, the harness's overrides, in this order. The findings
// hold what was assumed, and an Error where no run is possible.
func Freeze(r Request) (Section, diag.List) {
	f := freezer{request: r, section: Section{
		Settings: DefaultSettings(), Benchmark: r.Benchmark,
		UserConf: r.UserConfPath, Frozen: r.UserConfPath == "" || r.UserConf != nil, Origins: map[string]string{},
	}}
	f.benchmark()
	f.round()
	s := &f.section.Settings
	if r.UserConf != nil {
		f.section.UserConfSHA256 = r.UserConf.SHA256
		set, found := r.UserConf.Apply(s, f.section.Benchmark, r.Scenario)
		f.found.Add(found...)
		for name, pos := range set {
			f.section.Origins[name] = pos.String()
		}
		f.coalescing = set["server_coalesce_queries"]
		if pos, ok := set["mode"]; ok {
			f.found.Add(diag.Diagnostic{Pos: pos, Severity: diag.Warning, Code: "conf-ignored", Key: "mode", Message: "the mode is set by test_mode, after user.conf"})
		}
	}
	s.Scenario, s.Mode = r.Scenario, r.Mode
	f.executed()
	f.section.Origins["scenario"], f.section.Origins["mode"] = "scenario", "test_mode"
	f.library()
	if r.Harness != nil {
		f.harness(r.Harness)
	}
	f.limits()
	f.check()
	f.found.Sort()
	return f.section, f.found
}

// freezer is a Section in the making.
type freezer struct {
	request Request
	section Section
	found   diag.List
	// coalescing is the line that sets coalesce_queries.
	coalescing diag.Pos
}

// say adds a finding about the configuration.
func (f *freezer) say(severity diag.Severity, code, key, format string, args ...any) *diag.Diagnostic {
	f.found.Add(diag.Diagnostic{Severity: severity, Code: code, Key: key, Message: fmt.Sprintf(format, args...)})
	return &f.found[len(f.found)-1]
}

// benchmark finds the name that conf files use.
func (f *freezer) benchmark() {
	given := f.request.Benchmark
	if given == "" || slices.Contains(modelNames(), given) {
		return
	}
	meant := misspeltModel(given, nil)
	if meant == "" {
		if c := f.request.UserConf; c == nil || !c.has(given) {
			d := f.say(diag.Warning, "loadgen-benchmark", "benchmark_name", "no round has a benchmark %q: it gets what mlperf.conf says for all", given)
			d.Hint = "give it lines of its own in user.conf; LoadGen's language benchmarks are " + joined(languageBenchmarks())
		}
		return
	}
	if strings.ReplaceAll(given, ".", "_") == meant || strings.HasPrefix(given, meant+"-99") {
		f.section.Benchmark = meant
		f.say(diag.Info, "loadgen-benchmark", "benchmark_name", "%q is %q in LoadGen's conf files", given, meant)
		return
	}
	d := f.say(diag.Error, "loadgen-benchmark", "benchmark_name", "no round has a benchmark %q, did you mean %s", given, meant)
	d.Suggestion = meant
}

// round chooses the rules and applies them.
func (f *freezer) round() {
	name := f.request.Round
	r, err := roundNamed(name)
	if err != nil {
		f.say(diag.Error, "loadgen-round", "round", "%v", err)
		return
	}
	if name == "" {
		f.say(diag.Info, "loadgen-round", "round", "no round is named: the newest, %s, is assumed", r.name)
	}
	f.section.Round = r.name
	if b, ok := benchmarkNamed(f.section.Benchmark); ok && !r.has(b) {
		f.say(diag.Warning, "loadgen-round", "benchmark_name", "round %s has no benchmark %q, which came with %s: it gets what mlperf.conf says for all", r.name, b.name, b.since)
	}
	s := &f.section.Settings
	before := *s
	r.apply(s, f.section.Benchmark, f.request.Scenario)
	fields := before.fields()
	for i, now := range s.fields() {
		if now.value() != fields[i].value() {
			f.section.Origins[now.name] = "round " + r.name
		}
	}
}

// executed refuses what LoadGen does and no run here does. With coalesce_queries
// all queries that are late when one leaves go with it, in one call to the
// system: which those are follows from the client's own delays, so that no run
// could be repeated, and an HTTP request carries one sample, so that there is
// nothing to be gained by it.
func (f *freezer) executed() {
	if s := f.section.Settings; s.Scenario == Server && s.ServerCoalesceQueries {
		d := f.say(diag.Error, "conf-unsupported", "coalesce_queries", "coalesce_queries sends all queries that are late as one; a request carries one sample here, so that mlrun cannot do as LoadGen does")
		d.Pos, d.Hint = f.coalescing, "take the line out, or set it to 0"
	}
}

// library sets the size of the data set that LoadGen is told: the benchmark's
// own, or as much of it as total_sample_count takes; of a data set that is none
// of a benchmark's, what total_sample_count says, else what the file has. What
// is declared goes before what is found, so that a manifest is the same whether
// the file is here or not.
func (f *freezer) library() {
	n, known := SampleCount(f.section.Benchmark)
	if b, ok := benchmarkNamed(f.section.Benchmark); ok && f.request.Mode == AccuracyOnly && b.accuracy != 0 {
		n = b.accuracy // a data set of its own
	}
	if h := f.request.Harness; h != nil && h.TotalSampleCount > 0 {
		if asked := uint64(h.TotalSampleCount); !known || asked < n {
			n, known = asked, true
		}
	}
	if !known {
		n = f.request.DataSamples
	}
	f.section.Library = Library{TotalSampleCount: n, PerformanceSampleCount: n}
}

// harness applies the overrides of harness_config.
func (f *freezer) harness(h *Harness) {
	s, origins := &f.section.Settings, f.section.Origins
	if h.TargetQPS > 0 {
		s.ServerTargetQPS, s.OfflineExpectedQPS = h.TargetQPS, h.TargetQPS
		origins["server_target_qps"], origins["offline_expected_qps"] = "harness_config.target_qps", "harness_config.target_qps"
	}
	own, ok := SampleCount(f.section.Benchmark)
	if h.AccuracySet {
		own, ok = AccuracyCount(f.section.Benchmark)
	}
	if ok && h.TotalSampleCount > 0 && uint64(h.TotalSampleCount) != own {
		s.MinQueryCount, s.MaxQueryCount = uint64(h.TotalSampleCount), uint64(h.TotalSampleCount)
		origins["min_query_count"], origins["max_query_count"] = "harness_config.total_sample_count", "harness_config.total_sample_count"
		if h.CutsPerformance {
			s.PerformanceSampleCountOverride = uint64(h.TotalSampleCount)
			origins["performance_sample_count_override"] = "harness_config.total_sample_count"
		}
		f.say(diag.Info, "loadgen-limit", "harness_config.total_sample_count",
			"%d is not %s's own %d: it is minimum and maximum query count, and no run with a maximum can be submitted", h.TotalSampleCount, f.section.Benchmark, own)
	}
	switch {
	case h.DurationSec > maxDuration.Seconds():
		f.say(diag.Error, "loadgen-limit", "harness_config.duration_sec", "%g seconds are too long: the longest possible is %v", h.DurationSec, maxDuration)
	case h.DurationSec >= 0:
		s.MinDuration = time.Duration(h.DurationSec * float64(time.Second)).Round(time.Microsecond)
		s.MaxDuration = s.MinDuration
		origins["min_duration_ms"], origins["max_duration_ms"] = "harness_config.duration_sec", "harness_config.duration_sec"
		f.say(diag.Info, "loadgen-limit", "harness_config.duration_sec",
			"minimum and maximum duration are %v, and no run with a maximum can be submitted", s.MinDuration)
	}
}

// limits warns where a run of one's own model would be held to limits that are
// made for others, which no answer of a language model meets.
func (f *freezer) limits() {
	lines := f.section.MissingLimits()
	if len(lines) == 0 {
		return
	}
	name := f.request.UserConfPath
	d := f.say(diag.Warning, "loadgen-limits", "benchmark_name", "%q is judged by %s", f.section.Benchmark, f.section.foreignLimits())
	if name == "" {
		name = "a user.conf (harness_config.user_conf_path)"
	}
	d.Hint = "write into " + name + ", limits in milliseconds: " + strings.Join(lines, ", ")
}

// check asks LoadGen's own questions of the result.
func (f *freezer) check() {
	lib := f.section.Library
	if lib.TotalSampleCount == 0 {
		// Only the data set can tell; any size serves to check the rest.
		lib = Library{TotalSampleCount: 1, PerformanceSampleCount: 1}
	}
	e, err := f.section.Settings.Effective(lib)
	if m := f.section.Settings.Mode; err == nil && (m == PerformanceOnly || m == SubmissionRun) && f.section.Library.TotalSampleCount != 0 {
		err = e.CheckPerformance(Generator{})
	}
	if err != nil {
		f.say(diag.Error, "loadgen-settings", "loadgen", "%v", err)
	}
	for _, text := range e.Errors {
		f.say(diag.Warning, "loadgen-settings", "loadgen", "LoadGen will complain: %s", text)
	}
}

// languageBenchmarks names the benchmarks whose rules are known.
func languageBenchmarks() []string {
	names := make([]string, len(benchmarks))
	for i, b := range benchmarks {
		names[i] = b.name
	}
	slices.Sort(names)
	return names
}
