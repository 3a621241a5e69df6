package loadgen

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConfFindings(t *testing.T) {
	const key = "llama2-70b.Server.target_qps"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"right", "# a comment\n\n" + key + " = 83.5\r\n\t*.*.min_duration = 600000\t\n#" + key + " = 70\n#\n#note\n", nil},
		{"no spaces", key + "=5", []string{
			"user.conf:1:1 error conf-syntax: no spaces around =: LoadGen ignores the line, did you mean " + key + " = 5",
		}},
		{"space missing before", key + " =5", []string{
			"user.conf:1:1 error conf-syntax: no space beside =: LoadGen rejects the whole file for it and uses none of its values, did you mean " + key + " = 5",
		}},
		{"space missing after", key + "= 5", []string{
			"user.conf:1:1 error conf-syntax: no space beside =: LoadGen rejects the whole file for it and uses none of its values, did you mean " + key + " = 5",
		}},
		{"colon", "\n" + key + " : 5", []string{
			`user.conf:2:30 error conf-syntax: ":" where = is expected: LoadGen rejects the whole file for it and uses none of its values`,
		}},
		{"no equals sign", key + " 5", []string{
			`user.conf:1:30 error conf-syntax: "5" where = is expected: LoadGen rejects the whole file for it and uses none of its values, did you mean ` + key + " = 5",
		}},
		{"lone key", key, []string{"user.conf:1:1 error conf-syntax: no = after the key: LoadGen ignores the line"}},
		{"no value", key + " =", []string{"user.conf:1:1 error conf-syntax: no value after =: LoadGen ignores the line"}},
		{"comment after value", key + " = 5 # five", []string{
			"user.conf:1:34 error conf-comment: a comment after a value: LoadGen rejects the whole file for it and uses none of its values",
		}},
		{"comment without space", "#set the rate\n", []string{
			"user.conf:1:1 error conf-comment: a comment without a space after #: LoadGen rejects the whole file for it and uses none of its values",
		}},
		{"no number", key + " = fast", []string{
			`user.conf:1:32 error conf-value: "fast" is not a number: LoadGen rejects the whole file for it and uses none of its values`,
		}},
		{"thousands", key + " = 1_000", []string{
			`user.conf:1:32 error conf-value: "1_000" is not a number: LoadGen rejects the whole file for it and uses none of its values, did you mean 1000`,
		}},
		{"boolean", "*.*.use_token_latencies = true", []string{
			`user.conf:1:27 error conf-value: "true" is not a number: LoadGen rejects the whole file for it and uses none of its values, did you mean 1`,
		}},
		{"two values", key + " = 5 6", []string{"user.conf:1:34 warning conf-value: 2 values: LoadGen takes the last, 6"}},
		{"twice", key + " = 5\n" + key + " = 6", []string{"user.conf:2:1 warning conf-duplicate: set twice: LoadGen takes the last, 6"}},
		{"misspelt key", "llama2-70b.Server.target_pqs = 5", []string{
			`user.conf:1:1 error conf-key: no key "target_pqs": LoadGen ignores the line, did you mean llama2-70b.Server.target_qps`,
		}},
		{"misspelt scenario", "llama2-70b.server.target_qps = 5", []string{
			`user.conf:1:1 error conf-scenario: no scenario "server": LoadGen ignores the line, did you mean llama2-70b.Server.target_qps`,
		}},
		{"no scenario of LoadGen", "llama2-70b.Interactive.target_qps = 5", []string{
			`user.conf:1:1 error conf-scenario: no scenario "Interactive": LoadGen ignores the line`,
		}},
		{"misspelt model", "lama2-70b.Server.target_qps = 5", []string{
			`user.conf:1:1 error conf-model: no benchmark "lama2-70b": LoadGen reads the line for a model of exactly that name alone, did you mean llama2-70b.Server.target_qps`,
		}},
		{"model with a dot", "llama3.1-8b.Server.target_qps = 5", []string{
			`user.conf:1:1 error conf-model: no benchmark "llama3.1-8b": LoadGen reads the line for a model of exactly that name alone, did you mean llama3_1-8b.Server.target_qps`,
		}},
		{"model with its accuracy level", "llama2-70b-99.9.Server.target_qps = 5", []string{
			`user.conf:1:1 error conf-model: no benchmark "llama2-70b-99.9": LoadGen reads the line for a model of exactly that name alone, did you mean llama2-70b.Server.target_qps`,
		}},
		{"somebody's models", "llama3-70b.Server.target_qps = 5\nhouse-v1.5.*.target_qps = 1\nthe-own.Server.target_qps = 5", nil},
		{"key alone", "target_qps = 5", []string{"user.conf:1:1 error conf-key: not of the form model.scenario.key: LoadGen ignores the line"}},
		{"no model", ".Server.target_qps = 5", []string{"user.conf:1:1 error conf-key: not of the form model.scenario.key: LoadGen ignores the line"}},
		{"fraction", "*.*.min_duration = 10.5", []string{"user.conf:1:20 warning conf-value: min_duration is a whole number: LoadGen reads 10.5 as 10, did you mean 10"}},
		{"exponent", "*.*.min_duration = 1e3", []string{"user.conf:1:20 warning conf-value: min_duration is a whole number: LoadGen reads 1e3 as 1, did you mean 1000"}},
		{"octal", "*.*.min_duration = 010", []string{"user.conf:1:20 warning conf-value: a leading 0 makes it octal: LoadGen reads 010 as 8, did you mean 10"}},
		{"no octal", "*.*.min_duration = 09", []string{"user.conf:1:20 warning conf-value: min_duration is a whole number: LoadGen reads 09 as 0, did you mean 9"}},
		{"hexadecimal", "*.*.min_query_count = 0x10", nil},
		{"negative", "*.*.min_query_count = -1", []string{
			"user.conf:1:23 error conf-value: min_query_count: out of range: LoadGen reads it as 18446744073709551615",
		}},
		{"an int", "*.Server.max_async_queries = 4294967297", []string{
			"user.conf:1:30 error conf-value: max_async_queries: out of range: LoadGen reads it as 1",
		}},
		{"the largest int", "*.Server.max_async_queries = 2147483647", nil},
		{"negative rate", "*.Server.target_qps = -1", []string{"user.conf:1:23 error conf-value: target_qps: -1 is below 0"}},
		{"infinite", "*.Server.target_qps = inf", []string{"user.conf:1:23 error conf-value: target_qps: inf is not finite"}},
		{"share", "*.Server.target_latency_percentile = 0.99", []string{
			"user.conf:1:38 warning conf-value: target_latency_percentile is in percent: LoadGen reads 0.99 percent, did you mean 99",
		}},
		{"more than all", "*.Server.target_latency_percentile = 990", []string{
			"user.conf:1:38 error conf-value: target_latency_percentile: 990 is more than 100 percent",
		}},
		{"switch", "*.*.use_token_latencies = 2\n*.Server.coalesce_queries = 2", []string{
			"user.conf:1:27 warning conf-value: use_token_latencies is 1 or 0: LoadGen takes 2 for 0",
			"user.conf:2:29 warning conf-value: coalesce_queries is 1 or 0: LoadGen takes 2 for 1",
		}},
		{"mode", "*.*.mode = 7", []string{
			"user.conf:1:12 error conf-value: mode: 7 is not a mode: 0 is SubmissionRun, 1 AccuracyOnly, 2 PerformanceOnly, 3 FindPeakPerformance",
		}},
		{"too long", "*.*.min_duration = 99999999999999", []string{
			"user.conf:1:20 error conf-value: min_duration: 99999999999999 ms is too long: the longest possible is 876000h0m0s",
		}},
		{"seed", "*.*.qsl_rng_seed = 1", []string{"user.conf:1:1 warning conf-ignored: LoadGen reads qsl_rng_seed from mlperf.conf alone, not from user.conf"}},
		{"another scenario's key", "*.Offline.coalesce_queries = 1", []string{
			"user.conf:1:1 warning conf-ignored: LoadGen reads coalesce_queries for Server alone, not for Offline",
		}},
		{"key of old", "*.Server.target_duration = 0", []string{"user.conf:1:1 warning conf-ignored: LoadGen does not read target_duration"}},
		{"byte order mark", "\ufeff" + key + " = 5", []string{
			"user.conf:1:1 error conf-syntax: a byte order mark, which LoadGen takes for a part of the first word",
		}},
		{"the latency of three scenarios", "*.*.target_latency = 10.5", []string{
			"user.conf:1:22 warning conf-value: target_latency is a whole number: LoadGen reads 10.5 as 10, did you mean 10",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, found := ParseConf("user.conf", []byte(tt.text), UserConf, "the-own")
			if got := briefs(found); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestConfOfARoundToCome(t *testing.T) {
	_, found := ParseConf("mlperf.conf", []byte("*.*.new_key = 1\n*.Chat.target_qps = 1\nnew-model.*.min_duration = 1\n"), MLPerfConf)
	if found.HasErrors() || len(found) != 2 {
		t.Errorf("got %v", briefs(found))
	}
}

func TestConfTooLarge(t *testing.T) {
	_, found := ParseConf("user.conf", make([]byte, maxConf+1), UserConf)
	if got := briefs(found); len(got) != 1 || got[0] != "user.conf error conf-syntax: larger than 1 MiB: not a conf file" {
		t.Errorf("got %v", got)
	}
}

func TestApplyPrecedence(t *testing.T) {
	const all = "m.Server.min_query_count = 1\n*.Server.min_query_count = 2\nm.*.min_query_count = 3\n*.*.min_query_count = 4\n"
	lines := strings.SplitAfter(all, "\n")[:4]
	for i := range lines {
		c, found := ParseConf("user.conf", []byte(strings.Join(lines[i:], "")), UserConf)
		if len(found) > 0 {
			t.Fatal(briefs(found))
		}
		s := DefaultSettings()
		set, _ := c.Apply(&s, "m", Server)
		if s.MinQueryCount != uint64(i+1) || set["min_query_count"].Line != 1 {
			t.Errorf("without the first %d lines: got %d, of line %d", i, s.MinQueryCount, set["min_query_count"].Line)
		}
	}
}

// TestApplyOtherScenario: the limits of Server are no fault of a run of another scenario
// that the same file is for.
func TestApplyOtherScenario(t *testing.T) {
	c, _ := ParseConf("user.conf", []byte("m.Server.use_token_latencies = 1\nm.Server.ttft_latency = 2000\nm.Offline.target_qps = 1\n"), UserConf)
	s := DefaultSettings()
	if _, found := c.Apply(&s, "m", Offline); len(found) > 0 {
		t.Errorf("got %s", briefs(found))
	}
}

func TestApplyFindings(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "m.Server.target_qps = 5\n", nil},
		{"for all", "*.Server.target_qps = 5\n", nil},
		{"shadowed", "m.*.min_duration = 5\n*.Server.min_duration = 6\n", []string{
			"user.conf:1:1 warning conf-shadowed: LoadGen takes *.Server.min_duration before it: a scenario goes before a model",
		}},
		{"no tokens", "m.Server.ttft_latency = 5\n", []string{
			"user.conf:1:1 warning conf-ignored: LoadGen does not read ttft_latency while use_token_latencies is off",
		}},
		{"tokens", "m.Server.ttft_latency = 5\nm.*.use_token_latencies = 1\n", nil},
		{"not inferred", "m.*.token_latency_scaling_factor = 5\n", []string{
			"user.conf:1:1 warning conf-ignored: LoadGen does not read token_latency_scaling_factor while infer_token_latencies is off",
		}},
		{"other models", "a.Server.target_qps = 5\nb.Server.target_qps = 5\n", []string{
			"user.conf warning conf-unused: no line is for m; the file has lines for a, b",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, found := ParseConf("user.conf", []byte(tt.text), UserConf)
			if len(found) > 0 {
				t.Fatal(briefs(found))
			}
			s := DefaultSettings()
			if _, found = c.Apply(&s, "m", Server); !slices.Equal(briefs(found), tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(briefs(found), "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// Seeds come from mlperf.conf alone; units are those of LoadGen's settings.
func TestApplyUnits(t *testing.T) {
	text := []byte(`*.*.qsl_rng_seed = 18446744073709551615
*.*.use_token_latencies = 1
*.Server.ttft_latency = 2000
*.Server.target_latency = 10
*.SingleStream.target_latency = 0.5
*.Server.target_latency_percentile = 97
*.*.min_duration = 1500
*.*.mode = 1
*.Offline.target_qps = 2.25
`)
	want := DefaultSettings()
	want.UseTokenLatencies, want.TTFTLatency = true, 2*time.Second
	want.ServerTargetLatency, want.ServerTargetLatencyPercentile = 10*time.Millisecond, 0.97
	want.SingleStreamExpectedLatencyNS = 500000
	want.MinDuration, want.Mode, want.OfflineExpectedQPS = 1500*time.Millisecond, AccuracyOnly, 2.25
	for _, kind := range []ConfKind{UserConf, MLPerfConf} {
		if kind == MLPerfConf {
			want.QSLSeed = math.MaxUint64
		}
		c, found := ParseConf("a.conf", text, kind)
		if found.HasErrors() {
			t.Fatal(briefs(found))
		}
		got := DefaultSettings()
		c.Apply(&got, "m", Server)
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

// What strtoull and strtod of the GNU C library make of texts.
func TestCNumbers(t *testing.T) {
	for _, tt := range []struct {
		text     string
		n        uint64
		rest     string
		overflow bool
		isNumber bool
	}{
		{"10", 10, "", false, true},
		{"10.5", 10, ".5", false, true},
		{"1e3", 1, "e3", false, true},
		{"010", 8, "", false, true},
		{"0x10", 16, "", false, true},
		{"0X1f", 31, "", false, true},
		{"0x", 0, "x", false, false},
		{"09", 0, "9", false, true},
		{"-1", math.MaxUint64, "", false, true},
		{"+7", 7, "", false, true},
		{"-", 0, "-", false, false},
		{"+-7", 0, "+-7", false, false},
		{"18446744073709551615", math.MaxUint64, "", false, true},
		{"18446744073709551616", math.MaxUint64, "", true, true},
		{"-18446744073709551616", math.MaxUint64, "", true, true},
		{"inf", 0, "inf", false, true},
		{"-Infinity", 0, "-Infinity", false, true},
		{"nan", 0, "nan", false, true},
		{"nan(1)", 0, "nan(1)", false, true},
		{"0x1.8", 1, ".8", false, true},
		{"0x1.8p1", 1, ".8p1", false, true},
		{"1_0", 1, "_0", false, false},
		{"1e999", 1, "e999", false, true},
		{".5", 0, ".5", false, true},
		{"5.", 5, ".", false, true},
		{".", 0, ".", false, false},
		{"1f", 1, "f", false, false},
		{"", 0, "", false, true},
		{"0", 0, "", false, true},
		{"00", 0, "", false, true},
	} {
		n, rest, overflow := cInteger(tt.text)
		if n != tt.n || rest != tt.rest || overflow != tt.overflow || cNumber(tt.text) != tt.isNumber {
			t.Errorf("%q: got %d, rest %q, overflow %v, number %v; want %d, %q, %v, %v", tt.text, n, rest, overflow, cNumber(tt.text), tt.n, tt.rest, tt.overflow, tt.isNumber)
		}
	}
	for text, want := range map[string]float64{"10.5": 10.5, "0x1.8": 1.5, "0x10": 16, "1e3": 1000, "-2": -2, "1e999": math.Inf(1)} {
		if got, ok := cFloat(text); !ok || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
	}
}

func FuzzParseConf(f *testing.F) {
	for _, seed := range []string{
		"", "#", "# a", "m.Server.target_qps = 5", "m.Server.target_qps=5", "*.*.mode = 0x1", "a = b # c", "..= = =", "m.*.k = 1 2 3",
		"\ufeff*.*.min_duration = 010\r\n*.*.min_duration = 1e3", "*.Server.target_latency = -1", "*.*.target_latency_percentile = nan(0)",
		"\xff\xfe = 1", "#a = x", "*.*.use_token_latencies = 1\n*.Server.ttft_latency = 99999999999999999999",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, found := ParseConf("user.conf", data, UserConf)
		for _, d := range found {
			if d.Severity == 0 || d.Code == "" || d.Message == "" || d.Pos.Line < 1 && len(data) <= maxConf {
				t.Errorf("bad finding: %+v", d)
			}
		}
		for scenario := range Offline + 1 {
			s := DefaultSettings()
			set, _ := c.Apply(&s, "llama2-70b", scenario)
			for name, pos := range set {
				if pos.Line < 1 {
					t.Errorf("%s is set at %v", name, pos)
				}
			}
			if _, err := FromMap(s.Map()); err != nil {
				t.Errorf("settings of a conf file: %v", err)
			}
			e, err := s.Effective(Library{TotalSampleCount: 100, PerformanceSampleCount: 100})
			if err == nil && e.SamplesPerQuery <= 1000 {
				e.Phases(Generator{})
			}
		}
	})
}
