package live

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/client"
	"mlcfg/internal/record"
	"mlcfg/internal/record/metrics"
	"mlcfg/tools/goldenfile"
)

var epoch = time.Unix(1_700_000_000, 0)

// halfway is a meter in the middle of a run on two replicas.
func halfway(simulated bool) *Meter {
	m := NewMeter(Run{Benchmark: "llama2-70b", Scenario: "server", Machine: `al"pha`, Backend: "vllm", Engine: "vllm 0.9.2", Simulated: simulated})
	m.Start(Phase{
		Name: "performance", Total: 100, LastDue: 20 * time.Second, TTFT: 2 * time.Second, TPOT: 10 * time.Millisecond,
		Due: func(at time.Duration) uint64 { return uint64(at / (200 * time.Millisecond)) },
	}, 2)
	m.Begin(epoch)
	running, kv := 3.0, 0.125
	m.Engines(func() []metrics.Sample { return []metrics.Sample{{Replica: 1, Running: &running, KVCache: &kv}} })
	var batch []client.Result
	for i := range 40 {
		at := time.Duration(i) * 200 * time.Millisecond
		r := client.Result{Record: record.Record{Replica: int32(i % 2), Scheduled: at, Sent: at, FirstToken: at + 100*time.Millisecond, Done: at + 400*time.Millisecond, OutputTokens: 16, Status: record.OK}}
		if i%20 == 19 {
			r.Status, r.OutputTokens = record.Failed, 0
		}
		batch = append(batch, r)
	}
	m.Add(batch)
	return m
}

func TestSnapshot(t *testing.T) {
	m := halfway(false)
	s := m.Snapshot(epoch.Add(10 * time.Second))
	if s.Scheduled != 50 || s.Done != 40 || s.Failed != 2 || s.OutputTokens != 38*16 || s.Left != 10*time.Second {
		t.Errorf("%+v", s)
	}
	if s.SamplesPerSecond != 4 || s.TokensPerSecond != 60.8 {
		t.Errorf("%v samples/s, %v tokens/s", s.SamplesPerSecond, s.TokensPerSecond)
	}
	if !s.TPOT.Over() || s.TTFT.Over() || s.TTFT.Count != 38 {
		t.Errorf("TTFT %+v, TPOT %+v", s.TTFT, s.TPOT)
	}
	if s.Replicas[1].Failed != 2 || s.Replicas[1].Engine.Running == nil || s.Replicas[0].Engine.Running != nil {
		t.Errorf("%+v", s.Replicas)
	}
	// Another phase starts from nothing.
	m.Start(Phase{Name: "accuracy", Total: 7}, 2)
	if s := m.Snapshot(epoch.Add(time.Minute)); s.Done != 0 || s.TTFT.Count != 0 || s.Began || s.Left != -1 {
		t.Errorf("a new phase begins with %+v", s)
	}
}

func TestRecentTokens(t *testing.T) {
	m := halfway(false)
	for i := range 30 {
		m.Snapshot(epoch.Add(time.Duration(i) * time.Second))
	}
	m.Add([]client.Result{{Record: record.Record{Sent: 1, FirstToken: record.NotReached, Done: 2, OutputTokens: 500, Status: record.OK}}})
	if got := m.Snapshot(epoch.Add(30 * time.Second)).RecentTokens; got != 50 {
		t.Errorf("%v tokens/s lately, want 500 in 10 s", got)
	}
	if len(m.recent) > 13 {
		t.Errorf("%d moments are kept", len(m.recent))
	}
}

func TestGolden(t *testing.T) {
	plain := halfway(false).Snapshot(epoch.Add(10 * time.Second))
	simulated := halfway(true).Snapshot(epoch.Add(10 * time.Second))
	var page bytes.Buffer
	if err := WriteMetrics(&page, &simulated); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"line.txt":    Line(&plain) + "\n",
		"view.txt":    strings.Join(View(&plain, 80, 24, ansi.Style{}), "\n") + "\n",
		"colour.txt":  strings.Join(View(&simulated, 80, 24, ansi.Style{On: true}), "\n") + "\n",
		"narrow.txt":  strings.Join(View(&simulated, 30, 9, ansi.Style{}), "\n") + "\n",
		"metrics.txt": page.String(),
	} {
		path := filepath.Join("testdata", name)
		goldenfile.Check(t, path, got)
	}
}

// TestViewFits draws on terminals of every size: no line is broken, nothing scrolls.
func TestViewFits(t *testing.T) {
	s := halfway(true).Snapshot(epoch.Add(10 * time.Second))
	for width := 1; width < 120; width++ {
		for height := 1; height < 20; height++ {
			lines := View(&s, width, height, ansi.Style{On: true})
			if len(lines) >= height && height > 1 {
				t.Fatalf("%d by %d: %d lines", width, height, len(lines))
			}
			for _, line := range lines {
				if visible(line) >= max(width, 2) {
					t.Fatalf("%d by %d: %q", width, height, line)
				}
			}
		}
	}
}

// glass is as much of a terminal as Screen uses: lines that are broken at the
// width, and broken anew when that changes.
type glass struct {
	t             *testing.T
	width, height int
	lines         []string // unbroken; the cursor is at the start of the line behind them
}

func (g *glass) size() (int, int) { return g.width, g.height }

// Write understands the erasing of rows from below, and whole lines.
func (g *glass) Write(p []byte) (int, error) {
	text := strings.TrimPrefix(string(p), "\r\x1b[2K")
	up := 0
	for strings.HasPrefix(text, "\x1b[A\x1b[2K") {
		text = strings.TrimPrefix(text, "\x1b[A\x1b[2K")
		up++
	}
	for up > 0 {
		if len(g.lines) == 0 {
			g.t.Fatalf("%d rows too many are erased", up)
		}
		last := g.lines[len(g.lines)-1]
		if up -= 1 + max(visible(last)-1, 0)/g.width; up < 0 {
			g.t.Fatalf("a part of the line %q is erased", last)
		}
		g.lines = g.lines[:len(g.lines)-1]
	}
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") || !utf8.ValidString(line) {
			g.t.Fatalf("%q is no whole line", line)
		}
		g.lines = append(g.lines, strings.TrimSuffix(line, "\n"))
	}
	return len(p), nil
}

func TestScreenKeepsLinesAndOneView(t *testing.T) {
	g := &glass{t: t, width: 80, height: 24}
	c := NewScreen(g, g.size, ansi.Style{On: true})
	s := halfway(true).Snapshot(epoch.Add(10 * time.Second))
	var want []string
	for i, size := range [][2]int{{80, 24}, {80, 24}, {20, 24}, {200, 50}, {33, 5}, {0, 0}, {79, 24}} {
		g.width, g.height = size[0], size[1]
		if size[0] == 0 {
			g.width = 80
		}
		line := strings.Repeat("x", 10*i+1)
		want = append(want, line)
		c.Draw(&s)
		c.Print(line)
		view := View(&s, g.width, max(g.height, 1), ansi.Style{On: true})
		if size[0] == 0 {
			view = View(&s, 80, 24, ansi.Style{On: true})
		}
		if diff := cmp.Diff(append(append([]string(nil), want...), view...), g.lines); diff != "" {
			t.Fatalf("%v: %s", size, diff)
		}
	}
	c.Clear()
	c.Print("end")
	if diff := cmp.Diff(append(want, "end"), g.lines); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkAdd is what the goroutine that writes results pays for the live view.
func BenchmarkAdd(b *testing.B) {
	m := NewMeter(Run{})
	m.Start(Phase{Total: 1}, 8)
	batch := make([]client.Result, 256)
	for i := range batch {
		batch[i].Record = record.Record{Replica: int32(i % 8), Sent: 1, FirstToken: time.Duration(i) * 1e5, Done: time.Duration(i) * 1e7, OutputTokens: 100, Status: record.OK}
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Add(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(batch)), "ns/result")
}
