package loadgen

import (
	"cmp"
	"fmt"
	"strings"
)

// Where names the place at which a setting is changed, by the setting's name in
// the manifest: the line of user.conf or the key of harness_config that it is
// from, else the line that user.conf lacks.
func (s Section) Where(field string) string {
	if s.own(field) && !strings.Contains(s.Origins[field], ":") {
		return s.Origins[field]
	}
	key := s.Settings.confLine(field)
	if s.own(field) {
		return key[strings.LastIndexByte(key, '.')+1:] + " (" + s.place(field) + ")"
	}
	model, conf := cmp.Or(s.Benchmark, "*"), cmp.Or(s.UserConf, "user.conf")
	return model + "." + key + " in " + conf
}

// place is where a setting is from, a conf file's line without its column.
func (s Section) place(field string) string {
	from := s.Origins[field]
	if from == "" {
		if byDefault := DefaultSettings(); byDefault.field(field).value() != s.Settings.field(field).value() {
			return "the manifest"
		}
		return "LoadGen's default"
	}
	if i := strings.LastIndexByte(from, ':'); s.own(field) && i > 0 {
		return from[:i]
	}
	return from
}

// own reports whether a setting is the user's: neither LoadGen's default nor the round's.
func (s Section) own(field string) bool {
	from := s.Origins[field]
	return from != "" && !strings.HasPrefix(from, "round ")
}

// confLine is SCENARIO.KEY of the line of a conf file that sets a field; empty where none does.
func (s *Settings) confLine(field string) string {
	for _, k := range confKeys {
		if k.field == field {
			under := k.under
			if under == ownScenario {
				under = s.Scenario.String()
			}
			return under + "." + k.name
		}
	}
	return ""
}

// A limit that is usual among MLPerf's language benchmarks (llama2-70b's of Server),
// for lines that are offered to a model that is none of them.
const usualTTFT, usualTPOT = 2000, 200

// MissingLimits returns the lines that user.conf lacks where a Server run of a
// model that is no benchmark of the round is held to limits which LoadGen has for
// all: a latency of 10 ms from request to last token, made for classifiers of
// pictures, or 100 ms for a first token. The values in the lines are llama2-70b's.
func (s Section) MissingLimits() []string {
	set := &s.Settings
	if b, ok := benchmarkNamed(s.Benchmark); ok && HasBenchmark(s.Round, b.name) || s.Benchmark == "" || set.Scenario != Server || set.Mode == AccuracyOnly {
		return nil
	}
	if !set.UseTokenLatencies && s.own("server_target_latency_ns") {
		return nil
	}
	var lines []string
	line := func(field string, value int) {
		lines = append(lines, fmt.Sprintf("%s.%s = %d", s.Benchmark, set.confLine(field), value))
	}
	if !set.UseTokenLatencies {
		line("use_token_latencies", 1)
	}
	if !s.own("ttft_latency_ns") {
		line("ttft_latency_ns", usualTTFT)
	}
	if !s.own("tpot_latency_ns") {
		line("tpot_latency_ns", usualTPOT)
	}
	return lines
}

// foreignLimits names the limits that a section with missing lines is held to.
func (s Section) foreignLimits() string {
	set := &s.Settings
	if !set.UseTokenLatencies {
		return fmt.Sprintf("what mlperf.conf says for all: %v from request to last token, a limit for classifiers of pictures", set.ServerTargetLatency)
	}
	var held []string
	if !s.own("ttft_latency_ns") {
		held = append(held, fmt.Sprintf("a TTFT of %v", set.TTFTLatency))
	}
	if !s.own("tpot_latency_ns") {
		held = append(held, fmt.Sprintf("a TPOT of %v", set.TPOTLatency))
	}
	return "LoadGen's defaults: " + strings.Join(held, " and ")
}

// JudgedBy says by what a performance run is judged, a condition each, with the
// place that its value is from.
func (s Section) JudgedBy(e *Effective) (by []string) {
	set := &s.Settings
	if set.Mode == AccuracyOnly {
		return nil
	}
	add := func(field, format string, args ...any) {
		by = append(by, fmt.Sprintf(format, args...)+" ("+s.place(field)+")")
	}
	at := "p" + formatDouble(e.TargetLatencyPercentile*100)
	switch {
	case set.Scenario == Server && set.UseTokenLatencies:
		add("ttft_latency_ns", "TTFT %s of at most %v", at, set.TTFTLatency)
		add("tpot_latency_ns", "TPOT %s of at most %v", at, set.TPOTLatency)
	case set.Scenario == Server:
		add("server_target_latency_ns", "latency %s of at most %v, from request to last token", at, e.TargetLatency)
	}
	if e.MinDuration > 0 {
		add("min_duration_ms", "at least %v", e.MinDuration)
	}
	if set.Scenario != Offline {
		add("min_query_count", "at least %d queries", e.MinQueryCount)
	}
	return by
}
