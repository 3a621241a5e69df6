package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// What this machine can hold is compared with what the run needs, to the last file and byte.
func TestCapacity(t *testing.T) {
	plan := func(scenario loadgen.Scenario) *Plan {
		p := planned(nil)
		p.Engine.Replicas, p.Concurrency, p.Samples, p.results = make([]engine.Replica, 2), 10, 100, t.TempDir()
		p.settings.Scenario = scenario
		return p
	}
	for scenario, want := range map[loadgen.Scenario]uint64{loadgen.Server: 32 + 2*(6+10), loadgen.Offline: 32 + 2*(6+10), loadgen.SingleStream: 32 + 2*(6+1)} {
		if got := plan(scenario).openFiles(); got != want {
			t.Errorf("%v: %d files, want %d", scenario, got, want)
		}
	}
	p := plan(loadgen.Server)
	if p.space() != 100<<10+64<<20 {
		t.Errorf("%d bytes", p.space())
	}
	broken := errors.New("cannot be asked")
	for name, c := range map[string]struct {
		files, space       uint64
		filesErr, spaceErr error
		want               string // empty: nothing is found
	}{
		"just enough":  {p.openFiles(), p.space(), nil, nil, ""},
		"a file less":  {p.openFiles() - 1, p.space(), nil, nil, "this process may have 63 files and connections open, the run needs 64: 10 connections to each of 2 replicas (ulimit -n 64)"},
		"a byte less":  {p.openFiles(), p.space() - 1, nil, nil, "MiB free, the run may write 64 MiB"},
		"no files":     {0, p.space(), broken, nil, broken.Error()},
		"no free size": {p.openFiles(), 0, nil, broken, broken.Error()},
	} {
		p.host.OpenFiles = func() (uint64, error) { return c.files, c.filesErr }
		p.host.FreeSpace = func(string) (uint64, error) { return c.space, c.spaceErr }
		found := texts(p.checkHere())
		if c.want == "" && found != "" || !strings.Contains(found, c.want) {
			t.Errorf("%s: %q, want %q", name, found, c.want)
		}
	}
	p.Data.missing = broken
	if found := p.checkHere(); len(found) == 0 || !found[0].Fatal || !strings.Contains(found[0].Text, "the data set is not there: "+broken.Error()) {
		t.Errorf("%+v", found)
	}
}

// The data set that is here is as large as the manifest's, and the same.
func TestSizeOfData(t *testing.T) {
	for name, c := range map[string]struct {
		inFile, samples int
		asked           any
		digest          string
		want            string
	}{
		"as many":            {100, 100, nil, "", ""},
		"as many, asked for": {100, 100, int64(100), "", ""},
		"more":               {101, 100, nil, "", "has 101 samples, the manifest is for 100"},
		"more, asked for":    {101, 100, int64(100), "", ""},
		"fewer":              {99, 100, int64(100), "", "has 99 samples, the manifest is for 100"},
		"not read":           {0, 100, nil, "sha256:aa", ""},
		"the same":           {100, 100, nil, "sha256:aa", ""},
		"another":            {100, 100, nil, "sha256:bb", "its digest is sha256:aa, not sha256:bb"},
		"unreadable":         {100, 100, nil, "sha256:cc", "the digest of the data set cannot be made: gone"},
	} {
		p := &Plan{Data: Data{File: "/d", InFile: c.inFile, Samples: c.samples}, Manifest: &manifest.Manifest{Data: manifest.Data{Digest: c.digest}, HarnessConfig: map[string]any{"total_sample_count": c.asked}}}
		found := p.checkData(t.Context(), func(context.Context, string, string) (string, bool, error) {
			if c.digest == "sha256:cc" {
				return "", false, errors.New("gone")
			}
			return "aa", false, nil
		})
		if got := texts(found); c.want == "" && got != "" || !strings.Contains(got, c.want) || c.want != "" && !found[0].Fatal {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A test that would take minutes to count is refused before: by its queries, and by
// duration and rate together.
func TestTooLarge(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*loadgen.Settings)
		want   string
	}{
		"by time": {func(s *loadgen.Settings) { s.ServerTargetQPS, s.MinDuration = 1e6, 10*time.Hour }, "duration, rate and minimum query count ask for 3.6e+10 samples; this program can issue"},
		"by rate": {func(s *loadgen.Settings) { s.ServerTargetQPS, s.MinDuration = 1e9, 100*time.Second }, "duration, rate and minimum query count ask for 1e+11 samples"},
	} {
		_, err := NewPlan(t.Context(), mocked(t, loadgen.Server, func(s *loadgen.Settings, _ *manifest.Manifest) { c.change(s) }), external("http://127.0.0.1:1"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
