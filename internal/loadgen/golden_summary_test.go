package loadgen

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/tools/sharedata"
)

// setSetting sets the field of LoadGen's TestSettings that is called key, as
// the goldens' settings do.
func setSetting(q *Settings, key, value string) error {
	if other, ok := map[string]string{
		"test_mode": "mode", "ttft_latency": "ttft_latency_ns", "tpot_latency": "tpot_latency_ns",
		"server_ttft_latency": "ttft_latency_ns", "server_tpot_latency": "tpot_latency_ns",
	}[key]; ok {
		key = other
	}
	i := slices.IndexFunc(q.fields(), func(f field) bool { return f.name == key })
	if i < 0 {
		return fmt.Errorf("unknown setting %s", key)
	}
	f := q.fields()[i]
	switch double, err := strconv.ParseFloat(value, 64); f.at.(type) {
	case *Scenario, *Mode:
		return f.set(value)
	case *bool:
		return f.set(strings.EqualFold(value, "true") || double != 0)
	case *float64:
		return errors.Join(err, f.set(double))
	default:
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			n = uint64(double)
		}
		return f.set(n)
	}
}

// summaryCase reads NAME.args.json and NAME.in: settings, and latencies in four
// columns (latency, TTFT, TPOT, tokens), query latencies in lines with a Q.
func summaryCase(t *testing.T, base string) (Effective, *measured) {
	t.Helper()
	data, err := os.ReadFile(base + ".args.json")
	if err != nil {
		t.Fatal(err)
	}
	args := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&args); err != nil {
		t.Fatal(err)
	}
	q := DefaultSettings()
	var lib Library
	m := &measured{}
	for key, value := range args {
		text := fmt.Sprint(value)
		double, _ := strconv.ParseFloat(text, 64)
		switch key {
		case "total_sample_count":
			lib.TotalSampleCount = uint64(double)
		case "performance_sample_count":
			lib.PerformanceSampleCount = uint64(double)
		case "queries_issued":
			m.issued = int64(double)
		case "max_latency":
			m.maxLatency = double
		case "final_query_scheduled_time":
			m.finalScheduled = double
		case "final_query_issued_time":
			m.finalIssued = double
		case "final_query_all_samples_done_time":
			m.finalDone = double
		default:
			if err := setSetting(&q, key, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if lib.PerformanceSampleCount == 0 {
		lib.PerformanceSampleCount = lib.TotalSampleCount
	}
	in, err := os.Open(base + ".in")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Q "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			m.queryLatencies = append(m.queryLatencies, n)
			continue
		}
		var row [4]int64
		for i, text := range strings.Fields(lines.Text()) {
			if row[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		m.latencies = append(m.latencies, row[0])
		m.tokens += uint64(row[3])
		if q.UseTokenLatencies && q.Scenario != Offline {
			m.ttft = append(m.ttft, row[1])
			m.tpot = append(m.tpot, row[2])
		}
	}
	settings, err := q.Effective(lib)
	if err != nil {
		t.Fatal(err)
	}
	return settings, m
}

func TestGoldenSummaries(t *testing.T) {
	cases, _ := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden", "summary", "*.args.json"))
	if len(cases) == 0 {
		t.Skip("SKIPPED, no golden/summary in the reference data")
	}
	for _, file := range cases {
		base := strings.TrimSuffix(file, ".args.json")
		t.Run(filepath.Base(base), func(t *testing.T) {
			settings, m := summaryCase(t, base)
			verdict, summary := judge(&settings, m)

			var text strings.Builder
			report := Report{Program: testProgram, SUT: "oracleSUT", Settings: &settings, Verdict: &verdict, Summary: &summary}
			if err := report.WriteSummary(&text); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(readFile(t, base+".summary.txt"), withoutProgramLine(t, text.String())); diff != "" {
				t.Errorf("summary (-LoadGen +ours):\n%s", diff)
			}

			var detail strings.Builder
			log := NewDetailLog(&detail, testProgram, 1, func() time.Duration { return 0 })
			log.LogResults(&settings, &verdict, &summary)
			if diff := cmp.Diff(keysAndValues(readFile(t, base+".detail.txt")), keysAndValues(detail.String())); diff != "" {
				t.Errorf("detail (-LoadGen +ours):\n%s", diff)
			}
		})
	}
}

var testProgram = Program{Name: "mlrun", Version: "1.2.3", Revision: "0123abc"}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// withoutProgramLine checks the one line that is ours and takes it away.
func withoutProgramLine(t *testing.T, summary string) string {
	t.Helper()
	first, rest, _ := strings.Cut(summary, "\n")
	if want := "Written by mlrun 1.2.3 @ 0123abc, not by MLPerf LoadGen"; first != want {
		t.Errorf("first line is %q, want %q", first, want)
	}
	return rest
}

// noJSON are values of LoadGen that no JSON reader takes, and what stands for
// them in our logs.
var noJSON = strings.NewReplacer(`"value": inf`, `"value": Infinity`, `"value": -inf`, `"value": -Infinity`, `"value": nan`, `"value": NaN`, `"value": -nan`, `"value": NaN`)

// keysAndValues cuts each line of a detail log after its value.
func keysAndValues(detail string) []string {
	lines := strings.Split(strings.TrimSuffix(detail, "\n"), "\n")
	for i, line := range lines {
		line = noJSON.Replace(line)
		lines[i] = line
		if cut, _, ok := strings.Cut(line, `, "time_ms": `); ok {
			lines[i] = cut + "}"
		}
	}
	return lines
}
