package webreport

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/internal/report"
	"mlcfg/internal/report/chart"
	"mlcfg/tools/goldenfile"
)

// made is a run in memory of n server requests on so many replicas.
func made(n, replicas int, change func(*report.Run)) *report.Run {
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.MinDuration, s.MinQueryCount = loadgen.Server, 100, time.Second, 100
	s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 120*time.Millisecond, 50*time.Millisecond
	r := &report.Run{
		Path: "runs/made", Records: &record.Table{}, State: record.State{Phase: record.Ended, DatasetSamples: 64, Program: "mlrun test", Simulated: true, Started: time.Unix(int64(n), 0)},
		Manifest: &manifest.Manifest{
			BenchmarkName: "llama2-70b", Scenario: "server", TestMode: "performance", Machine: "alpha", Backend: "vllm", Digest: "sha256:0123456789abcdef0123456789abcdef",
			Engine: manifest.Engine{Name: "vllm", Version: "0.9.2"}, EngineConfig: map[string]any{"max_num_seqs": 512, "a_rather_long_name_of_an_engine_argument_to_be_broken": strings.Repeat("long", 40)},
			Loadgen: loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Round: "v5.1", Frozen: true}.Map(),
		},
	}
	for i := range time.Duration(n) {
		at := i * 10_000_000
		first := at + 40_000_000 + (i*7919%60)*1_000_000
		if i%997 == 996 {
			first += 900_000_000
		}
		r.Records.Append(&record.Record{
			Seq: uint64(i), Query: uint64(i), Sample: uint32(i % 64), Replica: int32(i % time.Duration(replicas)), Scheduled: at, Issued: at, Sent: at + i%5*10_000,
			FirstToken: first, Done: first + 31*(10_000_000+i%11*200_000), InputTokens: 100, OutputTokens: 32, Status: record.OK,
		})
		if i%100 == 50 {
			for replica := range replicas {
				running, waiting, kv := float64(i%37), float64(i%5), float64(i%71)/100
				r.Metrics = append(r.Metrics, metrics.Sample{At: int64(at), Replica: replica, Running: &running, Waiting: &waiting, KVCache: &kv})
			}
		}
	}
	if change != nil {
		change(r)
	}
	return r
}

func sheets(t testing.TB, runs ...*report.Run) []*report.Sheet {
	t.Helper()
	var out []*report.Sheet
	for _, r := range runs {
		s, err := report.NewSheet(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func written(t testing.TB, list []*report.Sheet) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, list); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile puts markup, scripts and control characters wherever a run holds text.
func hostile(r *report.Run) {
	const bad = "<script>window.harmed=1</script><img src=x onerror=\"window.harmed=1\">\x1b[31m\"'`&\u202e</style></svg>"
	m := r.Manifest
	r.Path = "runs/" + strings.NewReplacer("/", "", "\\", "").Replace(bad)
	m.BenchmarkName, m.Machine, m.Backend, m.Engine.Version, m.TestMode = bad, bad, bad, bad, bad
	m.EngineConfig = map[string]any{bad: bad, "list": []any{bad}}
	m.EnvConfig = map[string]string{bad: bad}
	r.State.Program, r.State.Faults = bad, []string{bad}
	r.Problems = []string{bad}
	change(r, func(i int, rec *record.Record) {
		if i%50 == 3 {
			rec.Status, rec.Error, rec.Done, rec.FirstToken = record.Failed, bad, rec.Sent+5000, record.NotReached
		}
	})
}

// change changes the records of a run.
func change(r *report.Run, f func(i int, rec *record.Record)) {
	rows := r.Records.Rows()
	for i := range rows {
		f(i, &rows[i])
	}
	r.Records = record.TableOf(rows)
}

// cases are runs of every kind that must render.
func cases() map[string][]*report.Run {
	other := func(r *report.Run) {
		r.Manifest.Digest, r.Manifest.EngineConfig = "sha256:ffff", map[string]any{"max_num_seqs": 768}
		r.Path = "runs/other"
	}
	offline := func(r *report.Run) {
		s := loadgen.DefaultSettings()
		s.Scenario, s.MinDuration, s.OfflineExpectedQPS = loadgen.Offline, time.Second, 100
		r.Manifest.Scenario, r.Manifest.Loadgen = "offline", loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Frozen: true}.Map()
		change(r, func(_ int, rec *record.Record) { rec.Scheduled, rec.Query = 0, 0 })
	}
	accuracy := func(r *report.Run) {
		s := loadgen.DefaultSettings()
		s.Scenario, s.Mode, s.MinDuration = loadgen.Offline, loadgen.AccuracyOnly, time.Second
		r.Manifest.Scenario, r.Manifest.TestMode, r.Manifest.Loadgen = "offline", "accuracy", loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Frozen: true}.Map()
	}
	stream := func(r *report.Run) {
		s := loadgen.DefaultSettings()
		s.Scenario, s.MinDuration = loadgen.SingleStream, time.Second
		r.Manifest.Scenario, r.Manifest.Loadgen = "singlestream", loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: 64, PerformanceSampleCount: 64}, Frozen: true}.Map()
	}
	crashed := func(r *report.Run) {
		r.State.Phase, r.Torn = record.Measuring, true
		last := r.Records.Len() - 1
		change(r, func(i int, rec *record.Record) {
			if i == last {
				rec.Status, rec.Done, rec.FirstToken = record.Abandoned, record.NotReached, record.NotReached
			}
		})
	}
	failed := func(r *report.Run) {
		change(r, func(_ int, rec *record.Record) {
			rec.Status, rec.Error, rec.FirstToken, rec.OutputTokens = record.Failed, "HTTP 500", record.NotReached, 0
		})
	}
	official := func(r *report.Run) { r.State.OfficialLoadGen, r.OfficialResult = "5.1.2", "VALID" }
	return map[string][]*report.Run{
		"server":    {made(600, 2, nil)},
		"offline":   {made(600, 2, offline)},
		"stream":    {made(300, 1, stream)},
		"accuracy":  {made(64, 2, accuracy)},
		"official":  {made(600, 2, official)},
		"crashed":   {made(30, 2, crashed)},
		"failed":    {made(200, 2, failed)},
		"one":       {made(1, 1, nil)},
		"nothing":   {made(0, 1, func(r *report.Run) { r.State.Phase = record.Starting })},
		"real":      {made(600, 2, func(r *report.Run) { r.State.Simulated = false })},
		"replicas":  {made(4000, 64, nil)},
		"compared":  {made(600, 2, nil), made(601, 2, nil), made(602, 2, nil), made(700, 2, other), made(701, 2, other), made(702, 2, other)},
		"hostile":   {made(300, 2, hostile)},
		"hostiles":  {made(300, 2, hostile), made(301, 2, other)},
		"different": {made(300, 2, nil), made(64, 2, accuracy), made(0, 1, other)},
	}
}

var tag = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<svg.*?</svg></figure>|<details class="values">.*?</details>|<[^>]*>`)

// TestPages keeps the words and figures of each page, without its charts and
// the tables of their values, and holds the page to loading nothing, to one
// script, and to numbers that are some.
func TestPages(t *testing.T) {
	for name, runs := range cases() {
		t.Run(name, func(t *testing.T) {
			page := written(t, sheets(t, runs...))
			selfContained(t, page)
			text := tag.ReplaceAllString(strings.ReplaceAll(page, "</td>", " </td>"), " ")
			var lines []string
			for line := range strings.Lines(text) {
				if words := strings.Join(strings.Fields(line), " "); words != "" {
					lines = append(lines, words)
				}
			}
			got := strings.Join(lines, "\n") + "\n"
			path := filepath.Join("testdata", name+".txt")
			goldenfile.Check(t, path, got)
		})
	}
}

func selfContained(t *testing.T, page string) {
	t.Helper()
	hash := sha256.Sum256([]byte(chart.Script))
	if !strings.Contains(page, "<script>"+chart.Script+"</script>") || strings.Count(page, "<script") != 1 {
		t.Error("the page's scripts are not the one")
	}
	if policy := "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(strings.NewReplacer("&#43;", "+", "&#39;", "'").Replace(page), policy) {
		t.Error("the policy does not name the script")
	}
	body := strings.Replace(page, chart.Script, "", 1)
	for _, bad := range []string{"<img", " src=\"", "http://", "https://", "@import", "url(", "\x1b", "\u202e", "ZgotmplZ"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, href := range regexp.MustCompile(`href="[^"]*"`).FindAllString(body, -1) {
		if !strings.HasPrefix(href, `href="#run-`) {
			t.Error(href)
		}
	}
	if found := regexp.MustCompile(`\bNaN\b|[+-]?\bInf\b`).FindString(body); found != "" {
		t.Errorf("the page holds %s", found)
	}
}

// TestSimulatedIsSaid: in the title, at the head, beside every chart and table of figures.
func TestSimulatedIsSaid(t *testing.T) {
	text := written(t, sheets(t, made(600, 2, nil)))
	for _, want := range []string{"<title>[SIMULATED] ", `<p class="banner">Simulated engine: these figures say nothing about any hardware.</p>`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if figures, notes := strings.Count(text, `<figure class="chart">`), strings.Count(text, `</b> <span class="note">SIMULATED</span>`); figures == 0 || notes != figures {
		t.Errorf("%d of %d charts say it", notes, figures)
	}
	if real := written(t, sheets(t, made(600, 2, func(r *report.Run) { r.State.Simulated = false }))); strings.Contains(strings.ToLower(tag.ReplaceAllString(real, "")), "simulated") {
		t.Error("a real run is called simulated")
	}
	charts, err := plots(sheets(t, made(600, 2, nil), made(601, 2, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range charts {
		if !bytes.Contains(f.chart.File(), []byte(">SIMULATED</text>")) {
			t.Errorf("%s does not say it", f.name)
		}
	}
}

// TestPlotsAreXML of every case, hostile names too, each under a name of its own.
func TestPlotsAreXML(t *testing.T) {
	for name, runs := range cases() {
		charts, err := plots(sheets(t, runs...))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, f := range charts {
			if seen[f.name] || !regexp.MustCompile(`^[a-z0-9.-]+\.svg$`).MatchString(f.name) {
				t.Errorf("%s: the file %s", name, f.name)
			}
			seen[f.name] = true
			for dec := xml.NewDecoder(bytes.NewReader(f.chart.File())); ; {
				if _, err := dec.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%s: %s: %v", name, f.name, err)
					break
				}
			}
		}
	}
}

func TestPlotsAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	names, err := WritePlots(dir, sheets(t, made(1, 1, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.HasPrefix(data, []byte("<svg xmlns=")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(names) < 10 {
		t.Errorf("only %v", names)
	}
}

// FuzzPage: no text and no time of a run, however odd, breaks the page.
func FuzzPage(f *testing.F) {
	f.Add("</script><script>", int64(5), int64(-1), int64(1<<62), int64(1))
	f.Add("\x00\u2028'\"", int64(-9), int64(0), int64(0), int64(-1<<63))
	f.Fuzz(func(t *testing.T, text string, first, sent, done, tokens int64) {
		r := made(3, 1, func(r *report.Run) {
			r.Manifest.Machine, r.Path = text, text
			change(r, func(i int, rec *record.Record) {
				if i == 2 {
					rec.FirstToken, rec.Sent, rec.Done, rec.OutputTokens = time.Duration(first), time.Duration(sent), time.Duration(done), tokens
				}
			})
		})
		list := sheets(t, r)
		if page := written(t, list); strings.Count(page, "<script") != 1 {
			t.Error("another script stands on the page")
		}
		if _, err := plots(list); err != nil {
			t.Error(err)
		}
	})
}

// TestPageSizeIsBounded: three times the requests make hardly a larger page.
func TestPageSizeIsBounded(t *testing.T) {
	small, large := len(written(t, sheets(t, made(30_000, 8, nil)))), len(written(t, sheets(t, made(90_000, 8, nil))))
	if large > 600_000 || float64(large) > 1.1*float64(small) {
		t.Errorf("30,000 requests make %d bytes, 90,000 make %d", small, large)
	}
}

// TestContrast holds the colours to WCAG 2.2: text 4.5:1, lines of charts 3:1.
func TestContrast(t *testing.T) {
	schemes := regexp.MustCompile(`(?s):root \{.*?\}`).FindAllString(chart.Style, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d schemes", len(schemes))
	}
	variable := regexp.MustCompile(`--(\w+): (#[0-9a-f]{6})`)
	for i, scheme := range schemes {
		colors := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(scheme, -1) {
			colors[m[1]] = m[2]
		}
		check := func(front, back string, least float64) {
			if got := contrast(t, colors[front], colors[back]); got < least {
				t.Errorf("scheme %d: %s on %s has contrast %.2f, want %.1f", i, front, back, got, least)
			}
		}
		for _, back := range []string{"paper", "card"} {
			for _, front := range []string{"ink", "dim", "good", "bad"} {
				check(front, back, 4.5)
			}
			for c := range chart.Colors {
				check(fmt.Sprintf("c%d", c), back, 3)
			}
		}
		check("warn", "warnpaper", 4.5)
		check("c0", "paper", 4.5) // links
	}
}

func contrast(t *testing.T, a, b string) float64 {
	light := func(color string) float64 {
		n, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
		if err != nil {
			t.Fatalf("colour %q: %v", color, err)
		}
		sum := 0.0
		for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
			c := float64(n>>(8*i)&0xff) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	la, lb := light(a), light(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func BenchmarkPageOfAMillion(b *testing.B) {
	list := sheets(b, made(1_000_000, 8, nil))
	size := 0
	for b.Loop() {
		size = len(written(b, list))
	}
	b.ReportMetric(float64(size), "bytes/page")
}
