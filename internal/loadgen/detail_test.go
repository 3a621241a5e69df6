package loadgen

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// lines reads a detail log as the public log parser does: the marker, then JSON.
func lines(t *testing.T, log string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, line := range strings.Split(strings.TrimSuffix(log, "\n"), "\n") {
		text, ok := strings.CutPrefix(line, ":::MLLOG ")
		if !ok {
			t.Fatalf("no marker: %s", line)
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, fields)
	}
	return out
}

func TestDetailLine(t *testing.T) {
	var text strings.Builder
	log := NewDetailLog(&text, testProgram, 42, func() time.Duration { return 2171*time.Millisecond + 47_401 })
	log.Warning("warning_generic_message", "a \"quoted\" word\nand a line")
	want := `:::MLLOG {"key": "warning_generic_message", "value": "a \"quoted\" word\nand a line", "time_ms": 2171.047401, ` +
		`"namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": {"is_error": false, "is_warning": true, ` +
		`"file": "mlrun", "line_no": 0, "pid": 42, "tid": 42}}` + "\n"
	if text.String() != want {
		t.Errorf("got  %swant %s", text.String(), want)
	}
	if log.Warnings() != 1 || log.Errors() != 0 {
		t.Errorf("%d warnings, %d errors", log.Warnings(), log.Errors())
	}
}

func TestDetailSaysWhoWroteIt(t *testing.T) {
	var text strings.Builder
	log := NewDetailLog(&text, testProgram, 1, func() time.Duration { return 0 })
	log.LogStart(RunInfo{SUT: "sut", QSL: "qsl", Begin: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))}, serverSettings(true))
	all := lines(t, text.String())
	if all[0]["key"] != "loadgen_version" || all[0]["value"] != "mlrun 1.2.3 @ 0123abc, not MLPerf LoadGen" {
		t.Errorf("first line: %v", all[0])
	}
	if all[7]["key"] != "test_datetime" || all[7]["value"] != "2026-01-02T02:04:05Z" {
		t.Errorf("time of day: %v", all[7])
	}
	for _, l := range all {
		if text, _ := l["metadata"].(map[string]any)["file"].(string); text != "mlrun" {
			t.Fatalf("file %q", text)
		}
	}
}

// Rates of a run that took no time are infinite: the log stays JSON for the
// readers, which are Python's.
func TestDetailNonFinite(t *testing.T) {
	var text strings.Builder
	log := NewDetailLog(&text, testProgram, 1, func() time.Duration { return 0 })
	log.Float("inf", math.Inf(1))
	log.Float("nan", math.NaN())
	for _, want := range []string{`"value": Infinity,`, `"value": NaN,`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in %s", want, text.String())
		}
	}
}

func TestDetailFromManyGoroutines(t *testing.T) {
	var text strings.Builder
	log := NewDetailLog(&text, testProgram, 1, func() time.Duration { return 0 })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				log.Error("error_runtime", "x")
				log.Int("n", 1)
			}
		})
	}
	wg.Wait()
	if n := len(lines(t, text.String())); n != 800 || log.Errors() != 400 {
		t.Errorf("%d lines, %d errors", n, log.Errors())
	}
}

func FuzzDetailText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c\n\t\r\x01\x1f", "日本語", "\xff\xfe", "<&>", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var text strings.Builder
		log := NewDetailLog(&text, Program{Name: s, Version: s}, 1, func() time.Duration { return 0 })
		log.Text(s, s)
		all := lines(t, text.String())
		if want := strings.ToValidUTF8(s, "\uFFFD"); len(all) != 1 || all[0]["value"] != want || !utf8.ValidString(text.String()) {
			t.Errorf("%q came back as %q", s, text.String())
		}
	})
}

// Whatever the records say, there is a verdict or an error, and both logs hold
// their form.
func FuzzJudge(f *testing.F) {
	f.Add(uint8(2), true, uint8(1), int64(100), 0.99, []byte{0, 10, 20, 5, 3, 1})
	f.Add(uint8(1), true, uint8(2), int64(0), 0.9, []byte("0123456789"))
	f.Add(uint8(3), false, uint8(3), int64(-1), 1.0, []byte{})
	f.Fuzz(func(t *testing.T, scenario uint8, tokens bool, perQuery uint8, limit int64, percentile float64, data []byte) {
		s := serverSettings(tokens)
		s.Requested.Scenario = Scenario(scenario % 4)
		s.TargetLatencyPercentile = percentile
		s.TargetLatency = time.Duration(limit)
		s.Requested.TTFTLatency = time.Duration(limit)
		r := &Records{SamplesPerQuery: int(perQuery)}
		var last int64
		for i, b := range data {
			if i%5 == 0 {
				last += int64(b) << (b % 50)
				r.Scheduled, r.Issued = append(r.Scheduled, last), append(r.Issued, last+int64(b))
				r.FirstToken, r.Done, r.Tokens = append(r.FirstToken, -1), append(r.Done, -1), append(r.Tokens, 0)
			}
			switch at := len(r.Done) - 1; i % 5 {
			case 1:
				r.FirstToken[at] = last + int64(b) - 1
			case 2:
				r.Done[at] = int64(b)<<(b%60) - 1
			case 3:
				r.Tokens[at] = int64(b) - 2
			case 4:
				r.Tokens[at] *= math.MaxInt64 / 7
			}
		}
		v, sum, err := Judge(s, r)
		if err != nil {
			return
		}
		text, early := EndOfIssue(s, r)
		var detail, summary strings.Builder
		log := NewDetailLog(&detail, testProgram, 1, func() time.Duration { return 0 })
		for complaint := range RunErrors(&s.Requested, r) {
			log.Error("error_runtime", complaint)
		}
		if early {
			log.Error("error_runtime", text)
		}
		log.LogResults(s, &v, &sum)
		report := Report{Program: testProgram, SUT: "s", Settings: s, Verdict: &v, Summary: &sum, Errors: log.Errors()}
		if err := report.WriteSummary(&summary); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSuffix(detail.String(), "\n"), "\n") {
			if !strings.HasPrefix(line, ":::MLLOG {") || !strings.HasSuffix(line, "}}") {
				t.Fatalf("line %q", line)
			}
		}
		if v.Valid && (sum.Incomplete > 0 || !v.MinQueriesMet) {
			t.Fatalf("valid: %+v", v)
		}
	})
}
