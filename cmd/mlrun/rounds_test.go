package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/accuracy"
	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/dataset"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/tools/sharedata"
)

var allRounds = flag.Bool("rounds", false, "TestRounds runs every overlay of the corpora, not some that stand for them (minutes)")

// some are the runs that stand for the others: every sorting and scheduling rule, data
// format, engine and accuracy layer that published overlays of v6.0 and v6.1 have.
var some = []string{
	"corpus_v60/AMD-gpt-oss-120b/offline_mi355x/vllm/accuracy",
	"corpus_v60/AMD-llama2-70b-99/offline_mi355x/vllm/performance",
	"corpus_v60/open_AMD-llama3.1-405b/offline_mi355x_pruned/vllm/performance",
	"corpus_v60/Cisco-llama2-70b-99/interactive_mi300x/vllm/performance",
	"corpus_v61/deepseek-r1/server_mi355x/sglang/performance",
	"corpus_v61/gpt-oss-120b/server_mi355x/vllm/accuracy",
	"corpus_v61_8b/llama3.1-8b/offline_mi355x/vllm/performance",
	"corpus_v61_8b/llama3.1-8b/interactive_mi355x/vllm/performance",
}

// The size of what is run: samples of the data sets, and queries of a server run, which are as
// many as early stopping needs.
const (
	roundSamples         = 40
	roundAccuracySamples = 24
	roundQueries         = 480
)

// small is an overlay in a small version: the same keys, few samples.
type small struct {
	corpus, path, engine string
	mode                 string
	dir                  string // of this run
}

// TestRounds compiles overlays that were published with v6.0 and v6.1 to a small version and
// runs it on the simulated engine: the verdict, the records and the directory are as they have to be,
// and samples go where sorting and schedule_algo of the overlay send them.
func TestRounds(t *testing.T) {
	var table []string
	compiled, skipped := 0, true // where the corpora are not there
	t.Run("runs", func(t *testing.T) {
		corpora := sharedata.Corpora(t)
		skipped = false
		for _, corpus := range corpora {
			if filepath.Base(corpus) == "corpus" {
				continue // v5.1
			}
			overlays, err := filepath.Glob(filepath.Join(corpus, "models", "*", "*.yaml"))
			if err != nil || len(overlays) == 0 {
				t.Fatalf("no overlays in %s", corpus)
			}
			for _, path := range overlays {
				for _, engine := range []string{"vllm", "sglang"} {
					for _, mode := range []string{"performance", "accuracy"} {
						rel, _ := filepath.Rel(filepath.Join(corpus, "models"), path)
						name := strings.Join([]string{filepath.Base(corpus), strings.TrimSuffix(rel, ".yaml"), engine, mode}, "/")
						if !*allRounds && !slices.Contains(some, name) {
							continue
						}
						s := &small{corpus: corpus, path: path, engine: engine, mode: mode}
						m := s.compile(t, nil)
						if m == nil {
							continue // the overlay has no section for this engine
						}
						compiled++
						t.Run(name, func(t *testing.T) {
							s.dir = t.TempDir()
							line := s.run(t)
							table = append(table, fmt.Sprintf("%-75s %s", name, line))
						})
					}
				}
			}
		}
	})
	if !skipped && compiled < len(some) && os.Getenv("MLCFG_CORPUS") == "" {
		t.Errorf("%d overlays are there, %d are named", compiled, len(some))
	}
	t.Log("\n" + strings.Join(table, "\n"))
}

// compile compiles the overlay with overrides; nil where it has no section of the engine.
func (s *small) compile(t *testing.T, maps pathmap.Map, overrides ...string) *manifest.Manifest {
	t.Helper()
	project := config.New(config.Options{Base: filepath.Join(s.corpus, "config.yaml"), Overrides: append(overrides, "test_mode="+s.mode)})
	c, err := project.Load(s.path)
	if err != nil {
		t.Fatal(err)
	}
	out := compile.New(compile.Options{Backends: []string{s.engine}, Maps: maps, ReadData: maps != nil}).Check(c)
	for _, d := range out.Found {
		if d.Code == "no-backend-section" {
			return nil
		}
	}
	if out.Found.HasErrors() || len(out.Targets) != 1 {
		t.Fatalf("%s: %v", s.path, out.Found)
	}
	return out.Targets[0].Manifest
}

// run compiles the small version, runs it and holds what it left to what it should be.
func (s *small) run(t *testing.T) string {
	whole := s.compile(t, nil)
	h := whole.HarnessConfig
	var overrides []string
	set := func(key string, value any) {
		if h[key] != nil {
			overrides = append(overrides, fmt.Sprintf("harness_config.%s=%v", key, value))
		}
	}
	offline, rows := whole.Scenario == "offline", roundSamples
	if s.mode == "performance" && !offline {
		rows = roundQueries
	}
	total := rows
	set("total_sample_count", total)
	set("duration_sec", 0)
	set("target_qps", 400)
	set("warm_up_sample_count_per_server", 12)
	if n, ok := manifest.Int(h, "accuracy_sample_count"); ok && n > 0 && s.mode == "accuracy" {
		rows = roundAccuracySamples
		set("accuracy_sample_count", rows)
	}
	// Two replicas do, where the overlay has no figure for each of them.
	sorting := manifest.Section(h, "sorting")
	if role := whole.Roles[0]; role.Replicas > 2 && sorting["buckets"] == nil && sorting["capacities"] == nil {
		set("device_count", 2*role.Devices)
	}
	data, maps := s.files(t, whole, rows)
	m := s.compile(t, maps, overrides...)
	if m.Data.Samples != int64(rows) {
		t.Errorf("the manifest is for %d samples of %d", m.Data.Samples, rows)
	}
	path := filepath.Join(s.dir, "manifest.yaml")
	loosen(t, m, path)

	dir := filepath.Join(s.dir, "run")
	args := []string{"run", path, "--simulate", "--out", dir, "--late-limit", "10m", "--sim-arg", "--output-median", "--sim-arg", "6", "--sim-arg", "--output-sigma", "--sim-arg", "-1", "--sim-arg", "--step", "--sim-arg", "100ms"}
	for _, mapping := range maps {
		args = append(args, "--map", mapping.From+"="+mapping.To)
	}
	if offline {
		args = append(args, "--concurrency", "1", "--sim-arg", "--speed", "--sim-arg", "100") // one after another, so that their order can be seen
	}
	cmd := exec.Command("mlrun", args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	loaded, loadErr := report.Load(dir)
	if loadErr != nil {
		t.Fatalf("%v\n%s", loadErr, said.String())
	}
	judged, judgeErr := report.Judge(loaded)
	if judgeErr != nil {
		t.Fatal(judgeErr)
	}
	sum := judged.Summary
	if stoodStill(sum) {
		t.Logf("the machine is too busy for a verdict: %q", sum.Reasons)
	} else if err != nil || !sum.Valid {
		t.Errorf("%v\n%s", err, said.String())
	}
	if found, err := report.Verify(dir, m); err != nil || len(found) > 0 {
		t.Errorf("the directory does not verify: %v %q", err, found)
	}
	if !sum.Simulated || sum.SyntheticData || sum.Failed > 0 {
		t.Errorf("simulated %t, data made up %t, %d failed", sum.Simulated, sum.SyntheticData, sum.Failed)
	}
	s.warmedUp(t, m, said.String())
	if s.mode == "accuracy" {
		s.answers(t, m, dir, rows)
	} else if loaded.Records.Len() < total {
		t.Errorf("%d samples of %d", loaded.Records.Len(), total)
	}
	place := s.scheduled
	if offline {
		place = s.sorted
	}
	extra := place(t, m, loaded.Records.Rows(), data)
	return fmt.Sprintf("%-7s %4d samples, %2d replicas, %s", sum.Verdict(), loaded.Records.Len(), len(sum.Replicas), extra)
}

// files makes the data set that the overlay names, in its format where that can be written,
// and a user.conf; the map translates both names.
func (s *small) files(t *testing.T, m *manifest.Manifest, rows int) (*dataset.Set, pathmap.Map) {
	t.Helper()
	rng := rand.New(rand.NewPCG(15, 6))
	set := &dataset.Set{Samples: make([]dataset.Sample, rows)}
	for i := range set.Samples {
		tokens := make([]int32, 8+rng.IntN(120))
		for j := range tokens {
			tokens[j] = 3 + rng.Int32N(900)
		}
		set.Samples[i] = dataset.Sample{Tokens: tokens, Reference: "a"}
	}
	path, _ := manifest.Text(m.HarnessConfig, "dataset_path")
	name := "data" + filepath.Ext(path)
	if _, err := dataset.FormatOfName(name); err != nil {
		name = "data.jsonl" // in place of a pickle
	}
	file := filepath.Join(s.dir, name)
	if err := set.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	conf, _ := manifest.Text(m.HarnessConfig, "user_conf_path")
	here := filepath.Join(s.dir, "user.conf")
	text := []byte("*.Server.target_qps = 50\n")
	// The published one where the corpus has it.
	if found, _ := filepath.Glob(filepath.Join(s.corpus, "user_conf", "*"+filepath.Base(filepath.Dir(conf))+"_"+filepath.Base(conf))); len(found) > 0 {
		var err error
		if text, err = os.ReadFile(found[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(here, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return set, pathmap.Map{{From: path, To: file}, {From: conf, To: here}}
}

// loosen writes the manifest with latency limits that the simulated engine keeps on a busy
// machine too: what is fast enough is not what is tested.
func loosen(t *testing.T, m *manifest.Manifest, path string) {
	t.Helper()
	section, err := loadgen.ReadSection(m.Loadgen)
	if err != nil {
		t.Fatal(err)
	}
	section.Settings.TTFTLatency, section.Settings.TPOTLatency, section.Settings.ServerTargetLatency = time.Hour, time.Hour, time.Hour
	m.Loadgen = section.Map()
	data, err := m.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// stoodStill reports whether a run is INVALID for nothing but a machine on which the client
// stood still.
func stoodStill(sum *report.Summary) bool {
	return !sum.Valid && !slices.ContainsFunc(sum.Reasons, func(why string) bool {
		return !strings.Contains(why, "the client did not keep up: ")
	})
}

// warmedUp holds the warm-up to what the manifest asks for.
func (s *small) warmedUp(t *testing.T, m *manifest.Manifest, said string) {
	t.Helper()
	want := "warm-up, 10 requests a replica"
	if warm, _ := manifest.Bool(m.HarnessConfig, "enable_warmup"); !warm {
		want = ""
	} else if m.Scenario == "server" && m.Harness == "v6.1" && m.HarnessConfig["warm_up_sample_count_per_server"] != nil {
		want = "warm-up, 12 requests a replica"
	}
	if has := strings.Contains(said, "warm-up, "); has != (want != "") || !strings.Contains(said, want) {
		t.Errorf("want %q in what it said:\n%s", want, said)
	}
}

// answers holds LoadGen's accuracy log to one answer for each sample, and the requests to what an accuracy
// run asks for.
func (s *small) answers(t *testing.T, m *manifest.Manifest, dir string, rows int) {
	t.Helper()
	log, err := accuracy.ReadLog(t.Context(), filepath.Join(dir, loadgen.AccuracyName), "")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for _, e := range log.Entries {
		seen[e.Index]++
		if len(e.Data) == 0 {
			t.Errorf("sample %d has an empty answer", e.Index)
		}
	}
	if len(seen) != rows || len(log.Entries) != rows {
		t.Errorf("%d answers to %d of %d samples", len(log.Entries), len(seen), rows)
	}
	data, err := os.ReadFile(filepath.Join(dir, record.PlanFile))
	if err != nil {
		t.Fatal(err)
	}
	var plan struct{ Parameters map[string]any }
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	if limit := plan.Parameters["max_tokens"]; m.BenchmarkName == "gpt-oss-120b" && s.engine == "vllm" && limit != 32768.0 {
		t.Errorf("max_tokens is %v", limit)
	}
}

// sorted holds the samples of each replica, in the order in which they were sent, to the overlay's
// sorting.
func (s *small) sorted(t *testing.T, m *manifest.Manifest, records []record.Record, data *dataset.Set) string {
	t.Helper()
	section := manifest.Section(m.HarnessConfig, "sorting")
	sorting := balance.Sorting{Strategy: balance.Ignore}
	if name, ok := manifest.Text(section, "strategy"); ok {
		sorting.Strategy = balance.Strategy(name)
	}
	numbers := func(key string) (out []float64) {
		list, _ := section[key].([]any)
		for i := range list {
			n, _ := manifest.Float(map[string]any{"": list[i]}, "")
			out = append(out, n)
		}
		return out
	}
	sorting.Buckets, sorting.Capacities = numbers("buckets"), numbers("capacities")
	limit, _ := manifest.Int(m.EngineConfig, "max_num_batched_tokens")
	sorting.MaxNumBatchedTokens = int(limit)
	sorting.Interleave = m.BenchmarkName == "llama3_1-405b"
	issued := make([]int, len(records))
	for i := range records {
		issued[i] = int(records[i].Sample)
	}
	replicas := int(m.Roles[0].Replicas)
	plan, err := balance.Sort(sorting, replicas, issued, func(i int) []int32 { return data.Samples[i].Tokens })
	if err != nil {
		t.Fatal(err)
	}
	bySent := slices.Clone(records)
	slices.SortFunc(bySent, func(a, b record.Record) int { return int(a.Sent - b.Sent) })
	got := make([][]int, replicas)
	for _, r := range bySent {
		got[r.Replica] = append(got[r.Replica], int(r.Sample))
	}
	for i := range got {
		if want := plan.Of(i); !slices.Equal(got[i], want) {
			t.Errorf("replica %d was sent %v; %s sends %v", i, got[i], sorting.Strategy, want)
		}
	}
	return "sorting " + string(sorting.Strategy)
}

// scheduled holds the replicas of the requests that left before anything came back to what the
// overlay's schedule_algo picks: until then nothing depends on an engine's time.
func (s *small) scheduled(t *testing.T, m *manifest.Manifest, records []record.Record, data *dataset.Set) string {
	t.Helper()
	h := m.HarnessConfig
	algorithm, _ := manifest.Text(h, "schedule_algo")
	window, _ := manifest.Int(h, "load_balance_window_size")
	weight, _ := manifest.Float(h, "load_balance_token_weight")
	backlog, _ := manifest.Float(h, "prefill_backlog_weight")
	b, err := balance.New(balance.Config{
		Algorithm: balance.Algorithm(algorithm), Replicas: int(m.Roles[0].Replicas), Window: int(window), TokenWeight: weight, PrefillWeight: backlog,
	})
	if err != nil {
		t.Fatal(err)
	}
	first := time.Duration(1 << 62)
	for i := range records {
		first = min(first, records[i].FirstToken, records[i].Done)
	}
	checked := 0
	for _, r := range records {
		if r.Scheduled >= first || r.Sent >= first {
			break
		}
		if want := b.Pick(len(data.Samples[r.Sample].Tokens)); int(r.Replica) != want {
			t.Errorf("request %d went to replica %d, %s picks %d", checked, r.Replica, algorithm, want)
		}
		checked++
	}
	if checked < 2 {
		t.Errorf("nothing could be held to %s: the first response came %v after the start", algorithm, first)
	}
	return fmt.Sprintf("%s (%d picks held to it)", algorithm, checked)
}
