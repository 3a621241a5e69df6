package run

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/run/clients"
	"mlcfg/tools/sharedata"
)

// generated is what LoadGen's own generator made of some settings.
type generated struct {
	Settings struct {
		Scenario, Mode    string
		Total             uint64      `json:"total_sample_count"`
		Performance       uint64      `json:"qsl_performance_sample_count"`
		QSLSeed           json.Number `json:"qsl_rng_seed"`
		SampleIndexSeed   json.Number `json:"sample_index_rng_seed"`
		ScheduleSeed      json.Number `json:"schedule_rng_seed"`
		MinDurationMS     int64       `json:"min_duration_ms"`
		MinQueryCount     uint64      `json:"requested_min_query_count"`
		ServerQPS         float64     `json:"server_target_qps"`
		OfflineQPS        float64     `json:"offline_expected_qps"`
		EqualIssue        bool        `json:"sample_concatenate_permutation"`
		PerformanceUnique bool        `json:"performance_issue_unique"`
		PerformanceSame   bool        `json:"performance_issue_same"`
	}
	Effective struct {
		Performance uint64 `json:"performance_sample_count"`
		Accuracy    uint64 `json:"accuracy_sample_count"`
	}
	Runs []struct {
		Loaded      []int
		SchedNS     []int64 `json:"sched_ns"`
		SampleIndex []int   `json:"sample_index"`
	}
}

func (g *generated) settings(t *testing.T) (loadgen.Settings, loadgen.Library) {
	t.Helper()
	s, in := loadgen.DefaultSettings(), g.Settings
	seed := func(n json.Number) (v uint64) {
		if _, err := fmt.Sscan(n.String(), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	var err error
	if s.Scenario, err = loadgen.ParseScenario(in.Scenario); err != nil {
		t.Fatal(err)
	}
	if s.Mode, err = loadgen.ParseMode(in.Mode); err != nil {
		t.Fatal(err)
	}
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = seed(in.QSLSeed), seed(in.SampleIndexSeed), seed(in.ScheduleSeed)
	s.MinDuration, s.MinQueryCount = time.Duration(in.MinDurationMS)*time.Millisecond, in.MinQueryCount
	s.ServerTargetQPS, s.OfflineExpectedQPS, s.SampleConcatenatePermutation = in.ServerQPS, in.OfflineQPS, in.EqualIssue
	s.PerformanceIssueUnique, s.PerformanceIssueSame = in.PerformanceUnique, in.PerformanceSame
	if g.Effective.Performance != in.Performance {
		s.PerformanceSampleCountOverride = g.Effective.Performance
	}
	if g.Effective.Accuracy != in.Total {
		s.AccuracySampleCountOverride = g.Effective.Accuracy
	}
	if s.PerformanceIssueSame {
		s.PerformanceIssueSameIndex = uint64(slices.Index(g.Runs[0].Loaded, g.Runs[0].SampleIndex[0]))
	}
	return s, loadgen.Library{TotalSampleCount: in.Total, PerformanceSampleCount: in.Performance}
}

// sharesOf are the requests of all clients together, by their numbers.
func sharesOf(t *testing.T, sc scenario, n int) map[uint64]client.Request {
	t.Helper()
	all := map[uint64]client.Request{}
	for i := range n {
		sc.share = share{i, n}
		p, source, err := sc.plan()
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for replica := range sc.replicas {
			ask := client.Ask{Replica: replica}
			if p.Pace == client.OnSchedule {
				ask.Replica = -1
			}
			for r := (client.Request{}); source.Next(ask, &r); r = (client.Request{}) {
				if _, twice := all[r.ID]; twice {
					t.Fatalf("request %d is issued twice", r.ID)
				}
				if r.At < last {
					t.Fatalf("request %d is due before the one before it", r.ID)
				}
				last = r.At
				all[r.ID] = r
			}
			if p.Pace == client.OnSchedule {
				break
			}
		}
	}
	return all
}

// mostVirtual is how many samples a golden case may have to be carried out in virtual time too.
const mostVirtual = 1200

// What LoadGen generates is issued by several clients together, each sample once, at its time to
// the nanosecond; and verdict and logs are those of one client.
func TestSharesOfGoldenCases(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedata.LoadGen(t), "golden", "*_v51.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		var g generated
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &g)
		}
		if err != nil {
			t.Fatal(err)
		}
		if g.Settings.Scenario != "Server" && g.Settings.Scenario != "Offline" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			s, lib := g.settings(t)
			v := newVirtualTest(t, s, lib)
			phases, err := v.effective.Phases(loadgen.Generator{})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{2, 3, 4, 7} {
				for i, phase := range phases {
					want := g.Runs[i]
					all := sharesOf(t, scenario{phase: phase, effective: &v.effective, samples: v.samples, manifest: v.manifest, replicas: virtualReplicas, concurrency: n}, n)
					if len(all) != len(want.SampleIndex) {
						t.Fatalf("%d clients issue %d samples, LoadGen %d", n, len(all), len(want.SampleIndex))
					}
					for j, sample := range want.SampleIndex {
						r, ok := all[phase.FirstSample+uint64(j)]
						at := want.SchedNS[min(j, len(want.SchedNS)-1)]
						if !ok || r.Sample != sample || int64(r.At) != at {
							t.Fatalf("%d clients: sample %d is %+v (%t), LoadGen issues %d at %d ns", n, j, r, ok, sample, at)
						}
					}
				}
			}
			if samples := len(g.Runs[0].SampleIndex); samples <= mostVirtual {
				sameAsOne(t, s, lib, 3)
			}
		})
	}
}

// Requests in flight, queues and replicas are shared out without one left over.
func TestShare(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for flying := n; flying < 20; flying++ {
			sum := 0
			for i := range n {
				part := share{i, n}.of(flying)
				if sum += part; part < 1 {
					t.Errorf("client %d of %d has %d of %d", i, n, part, flying)
				}
			}
			if sum != flying {
				t.Errorf("%d clients have %d of %d", n, sum, flying)
			}
		}
	}
	// Each begins its search at another replica, and counts come back to where they were taken from.
	var first []int
	for i := range 4 {
		b, err := balance.New(balance.Config{Algorithm: balance.ShortestQueue, Replicas: 8})
		if err != nil {
			t.Fatal(err)
		}
		p := turned{b, share{i, 4}.turn(8), 8}
		at := p.Pick(1)
		first = append(first, at)
		seen := map[int]bool{at: true}
		for range 7 {
			seen[p.Pick(1)] = true
		}
		if len(seen) != 8 {
			t.Errorf("eight requests go to %v", seen)
		}
		p.First(5)
		p.Done(5)
		if again := p.Pick(1); again != 5 {
			t.Errorf("replica 5 is free, and %d is picked", again)
		}
	}
	if !slices.Equal(first, []int{0, 2, 4, 6}) {
		t.Errorf("the first requests go to %v", first)
	}
}

// What cannot be divided is refused with the reason.
func TestPlanClients(t *testing.T) {
	for want, p := range map[string]*Plan{
		"":                              {settings: loadgen.Settings{Scenario: loadgen.Server}},
		"issues from one process":       {settings: loadgen.Settings{Scenario: loadgen.Server}, OfficialLoadGen: "5.1.2"},
		"no schedule to divide":         {settings: loadgen.Settings{Scenario: loadgen.SingleStream}},
		"server_max_async_queries is 4": {settings: loadgen.Settings{Scenario: loadgen.Server}, effective: loadgen.Effective{MaxAsyncQueries: 4}},
		"of 1 requests in flight":       {settings: loadgen.Settings{Scenario: loadgen.Offline}, Concurrency: 1},
	} {
		for n := range 2 {
			if err := p.planClients(n); err != nil || p.Clients != 0 {
				t.Errorf("%d clients: %v", n, err)
			}
		}
		if err := p.planClients(2); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		for _, n := range []int{-1, clients.Most + 1} {
			if err := p.planClients(n); err == nil {
				t.Errorf("%d clients are planned", n)
			}
		}
	}
}
