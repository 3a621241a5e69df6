package run

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/engine"
	"mlcfg/internal/run/live"
)

// An engine that loads is heard now and then, its stages and its readiness always.
func TestLogOfAStart(t *testing.T) {
	said := []engine.Progress{
		{Replica: 1, Percent: -1, Line: "importing"},
		{Replica: 1, Percent: 50, Stage: "Loading shards", Line: "Loading shards: 50%"},
		{Replica: 1, Percent: -1, Ready: true},
	}
	for _, c := range []struct {
		every time.Duration
		want  string
	}{
		{time.Nanosecond, "starting\nreplica 1 says: importing\nreplica 1: Loading shards 50%\nreplica 1 serves\n"},
		{time.Hour, "starting\nreplica 1: Loading shards 50%\nreplica 1 serves\n"},
	} {
		var out strings.Builder
		l := &Log{W: &out, Every: c.every}
		l.Step("starting")
		for _, p := range said {
			l.engine(p)
		}
		if got := regexp.MustCompile(`mlrun +[0-9.]+s  `).ReplaceAllString(out.String(), ""); got != c.want {
			t.Errorf("every %v:\n%swant\n%s", c.every, got, c.want)
		}
	}
	(*Log)(nil).engine(said[0])
	(*Log)(nil).Note("nobody hears it")
	(&Log{}).Step("nor that")
	var quiet strings.Builder
	l := &Log{W: &quiet, Quiet: true}
	l.Step("a step")
	if l.Note("a note"); !strings.HasSuffix(quiet.String(), "s  note: a note\n") || strings.Contains(quiet.String(), "step") {
		t.Errorf("%q", quiet.String())
	}
}

// written tells of each write.
type written chan string

func (w written) Write(b []byte) (int, error) { w <- string(b); return len(b), nil }

// Below the lines a live view stands on a terminal while a phase goes on; elsewhere a
// line is written now and then, and one when it has ended.
func TestLogFollows(t *testing.T) {
	meter := live.NewMeter(live.Run{Benchmark: "made-up"})
	meter.Start(live.Phase{Name: "performance", Total: 7}, 1)
	for _, l := range []*Log{nil, {}, {W: written(nil), Quiet: true}} {
		l.follow(meter)()
	}
	w := make(written)
	size := func() (int, int) { return 80, 24 }
	l := &Log{W: w, Every: time.Hour, Screen: live.NewScreen(w, size, ansi.Style{})}
	meter.Begin(time.Now())
	stop := l.follow(meter)
	if view := <-w; !strings.Contains(view, "made-up") || !strings.Contains(view, "of 7") {
		t.Errorf("%q", view)
	}
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	var last []string
	for going := true; going; {
		select {
		case text := <-w:
			last = append(last, text)
		case <-ended:
			going = false
		}
	}
	n := len(last)
	if n < 2 || strings.Contains(last[n-2], "made-up") || !strings.Contains(last[n-2], "\x1b[A") || !strings.Contains(last[n-1], "0 of 7 samples") || strings.Contains(last[n-1], "made-up") {
		t.Errorf("%q", last)
	}

	lines := make(written)
	stop = (&Log{W: lines, Every: time.Millisecond}).follow(meter)
	if line := <-lines; !strings.HasSuffix(line, "0 samples/s, 0 tokens/s\n") || !strings.Contains(line, "0 of 7 samples") {
		t.Errorf("%q", line)
	}
	go func() {
		for range lines { // until it is collected
		}
	}()
	stop()
}
