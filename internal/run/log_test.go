package run

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/engine"
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
}
