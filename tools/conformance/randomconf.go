package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
)

// What random conf files are made of.
var (
	confKeys = strings.Fields(`mode qsl_rng_seed sample_index_rng_seed schedule_rng_seed accuracy_log_probability use_token_latencies
ttft_latency tpot_latency infer_token_latencies target_latency_percentile samples_per_query target_latency performance_issue_unique
performance_issue_same performance_issue_same_index sample_concatenate_permutation coalesce_queries max_async_queries min_duration
max_duration min_query_count max_query_count performance_sample_count_override accuracy_sample_count_override target_qps
print_timestamps accuracy_log_rng_seed accuracy_log_sampling_target target_duration`)
	confModels    = []string{"*", "*", "llama2-70b", "llama2-70b", "mixtral-8x7b", "house"}
	confScenarios = []string{"Server", "Offline", "SingleStream", "MultiStream", "*", "*"}
	confValues    = []string{"0", "1", "2", "3", "100", "0x10", "010", "09", "10.5", "1e3", "+7", "600000", "99", "97.5", "1.", "  4", "7 8", "2.5e2"}
	// confOddities are lines that LoadGen passes over, or rejects the file for.
	confOddities = []string{"%s=%s", "# %s = %s", "#%s = %s", "%s =%s", "%s # = %s", "%s = %s # note", "%s = %s#", "\t%s\t=\t%s \r", "%s = abc", "#", "note"}
)

func makeConf(r *rand.Rand) randomConf {
	var b strings.Builder
	for range 1 + r.IntN(25) {
		form := "%s = %s"
		if r.IntN(40) == 0 {
			form = pick(r, confOddities...)
		}
		key := pick(r, confModels...) + "." + pick(r, confScenarios...) + "." + pick(r, confKeys...)
		switch strings.Count(form, "%s") {
		case 2:
			fmt.Fprintf(&b, form, key, pick(r, confValues...))
		case 1:
			fmt.Fprintf(&b, form, key)
		default:
			b.WriteString(form)
		}
		b.WriteByte('\n')
	}
	return randomConf{Text: b.String(), Model: pick(r, confModels[2:]...), Scenario: pick(r, confScenarios[:4]...)}
}

// compareConf compares what FromConfig sets with what a conf file freezes to.
func (r *randomOutcome) compareConf(i int, c randomConf, theirs *confResult) {
	if theirs == nil {
		r.differ("conf file %d: LoadGen crashes", i)
		return
	}
	conf, found := loadgen.ParseConf("user.conf", []byte(c.Text), loadgen.UserConf, "house")
	rejects, senseless := false, false
	for _, d := range found {
		if strings.Contains(d.Message, "rejects the whole file") {
			rejects = true
		} else if d.Code == "conf-value" && d.Severity == diag.Error {
			senseless = true
		}
	}
	switch {
	case rejects != (theirs.Status != 0):
		r.differ("conf file %d: LoadGen's status is %d, found here: %v", i, theirs.Status, found)
		return
	case rejects:
		r.rejected++
		return
	case senseless:
		r.worse++
		return
	}
	scenario, err := loadgen.ParseScenario(c.Scenario)
	if err != nil {
		r.differ("conf file %d: %v", i, err)
		return
	}
	section, _ := loadgen.Freeze(loadgen.Request{
		Benchmark: c.Model, Scenario: scenario, Round: roundOf(theirs), UserConf: conf,
	})
	for name, value := range section.Settings.Map() {
		want, ok := theirs.Values[name]
		if !ok {
			want, ok = theirs.Values[strings.TrimSuffix(name, "_ns")]
		}
		// LoadGen leaves the scaling factor uninitialised where no file sets it.
		if !ok || name == "token_latency_scaling_factor" {
			continue
		}
		if !sameValue(value, want) {
			r.differ("conf file %d: %s is %v, LoadGen has %s", i, name, value, want)
			return
		}
	}
	r.confs++
}

// roundOf finds the round whose mlperf.conf a release has built in.
func roundOf(c *confResult) string {
	for _, name := range loadgen.Rounds() {
		section, _ := loadgen.Freeze(loadgen.Request{Round: name})
		if sameValue(section.Settings.Map()["qsl_rng_seed"], c.Values["qsl_rng_seed"]) {
			return name
		}
	}
	return "unknown"
}

// sameValue compares a setting with what Python prints of it.
func sameValue(value any, want json.RawMessage) bool {
	if x, ok := value.(float64); ok {
		y, err := strconv.ParseFloat(string(want), 64)
		return err == nil && x == y
	}
	return fmt.Sprint(value) == string(want)
}
