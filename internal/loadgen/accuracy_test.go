package loadgen

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The whole accuracy log of each golden run, from its records: the systems
// under test answer with words that follow from the sample's index.
func TestGoldenAccuracyLogs(t *testing.T) {
	goldenRuns(t, func(t *testing.T, g *goldenRun) {
		want, err := os.ReadFile(filepath.Join(g.dir, "mlperf_log_accuracy.json"))
		if err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
		var text strings.Builder
		log := NewAccuracyLog(&text)
		for _, i := range g.logged(t) {
			if err := log.Add(g.entry(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(g.settled(t, string(want)), g.settled(t, text.String())); diff != "" {
			t.Errorf("accuracy log (-LoadGen +ours):\n%s", diff)
		}
	})
}

// settled puts responses that were reported in one call, and so have one time,
// in the order of their numbers: which of them came first was not recorded.
func (g *goldenRun) settled(t *testing.T, log string) []string {
	t.Helper()
	type line struct {
		seq  int
		done int64
		text string
	}
	var lines []line
	for _, text := range strings.Split(log, "\n") {
		l := line{seq: -1, text: strings.TrimSuffix(text, ",")}
		if n, _ := fmt.Sscanf(text, `{ "seq_id" : %d,`, &l.seq); n == 1 {
			l.done = g.oracle.Scheduled[l.seq] + g.oracle.Latency[l.seq]
		}
		lines = append(lines, l)
	}
	// Between the brackets, ties alone move.
	entries := lines[1:]
	for i := range entries {
		for j := i; j > 0 && entries[j].seq >= 0 && entries[j].done == entries[j-1].done && entries[j].seq < entries[j-1].seq; j-- {
			entries[j], entries[j-1] = entries[j-1], entries[j]
		}
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.text
	}
	return out
}

// logged are the positions of the samples that are logged, in the order of
// completion.
func (g *goldenRun) logged(t *testing.T) []int {
	o := &g.oracle
	sampler := NewAccuracySampler(&g.settings)
	performance := g.part(t)
	var out []int
	for i := range o.Sample {
		if sampler.Next() || i < performance {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return int(o.Scheduled[a] + o.Latency[a] - o.Scheduled[b] - o.Latency[b])
	})
	return out
}

func (g *goldenRun) entry(i int) *AccuracyEntry {
	sample := g.oracle.Sample[i]
	tokens := g.answerTokens(sample)
	data := binary.LittleEndian.AppendUint32(nil, sample)
	first := data[:4:4]
	data = binary.LittleEndian.AppendUint32(data, uint32(tokens))
	data = binary.LittleEndian.AppendUint32(data, sample*2654435761&0x7fffffff)
	q := &g.settings.Requested
	return &AccuracyEntry{
		SeqID: uint64(i), SampleIndex: uint64(sample), Data: data,
		WithTokenCount: q.UseTokenLatencies, TokenCount: tokens,
		WithTokenData: q.UseTokenLatencies && q.Scenario != Offline, TokenData: first,
	}
}

func TestAccuracyLogIsJSON(t *testing.T) {
	var text strings.Builder
	log := NewAccuracyLog(&text)
	for i := range uint64(3) {
		log.Add(&AccuracyEntry{SeqID: i, SampleIndex: 7 * i, Data: []byte{0xab, byte(i)}, WithTokenCount: true, TokenCount: -1})
	}
	log.Close()
	var entries []struct {
		SeqID  uint64 `json:"seq_id"`
		Sample uint64 `json:"qsl_idx"`
		Data   string
		Tokens int64 `json:"token_count"`
	}
	if err := json.Unmarshal([]byte(text.String()), &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 || entries[2].Sample != 14 || entries[2].Data != "AB02" || entries[0].Tokens != -1 {
		t.Errorf("read back %+v", entries)
	}
}

type fullDisk struct{}

var errFull = errors.New("disk full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestLogsReportAFullDisk(t *testing.T) {
	log := NewAccuracyLog(fullDisk{})
	if err := log.Add(&AccuracyEntry{}); !errors.Is(err, errFull) {
		t.Errorf("Add: %v", err)
	}
	if err := log.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v", err)
	}
	detail := NewDetailLog(fullDisk{}, testProgram, 1, func() time.Duration { return 0 })
	detail.Error("error_runtime", "x")
	if err := detail.Err(); !errors.Is(err, errFull) {
		t.Errorf("Err: %v", err)
	}
	if detail.Errors() != 1 {
		t.Error("an error that could not be written is not counted")
	}
	if err := (&Report{}).WriteSummary(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("WriteSummary: %v", err)
	}
}

// A sampler's order does not depend on the phases it is asked in.
func TestAccuracySamplerSkip(t *testing.T) {
	s := Effective{TargetQPS: 10, MinQueryCount: 100, SamplesPerQuery: 1}
	s.Requested.AccuracyLogSamplingTarget = 30
	whole, skipping := NewAccuracySampler(&s), NewAccuracySampler(&s)
	var kept int
	for range 40 {
		whole.Next()
	}
	skipping.Skip(40)
	for i := range 1000 {
		a, b := whole.Next(), skipping.Next()
		if a != b {
			t.Fatalf("sample %d differs after a skip", i)
		}
		if a {
			kept++
		}
	}
	if kept < 200 || kept > 400 {
		t.Errorf("%d of 1000 samples logged at 30%%", kept)
	}
}

// The samples that LoadGen 6.0.17 logged in a run with these settings.
func TestAccuracySamplerDrawsAsLoadGen(t *testing.T) {
	var s Effective
	s.Requested.AccuracyLogProbability, s.Requested.AccuracyLogSeed = 0.25, 720381539243781796
	sampler := NewAccuracySampler(&s)
	var got []int
	for i := range 114 {
		if sampler.Next() {
			got = append(got, i)
		}
	}
	if want := []int{5, 10, 17, 23, 25, 39, 50, 52, 53, 56, 65, 82, 83, 84, 85, 87, 89, 92, 98, 103, 107, 108, 110, 113}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAccuracyLogProbability(t *testing.T) {
	for _, tt := range []struct {
		scenario          Scenario
		qps               float64
		duration          time.Duration
		perQuery, queries uint64
		samples, target   uint64
		share, want       float64
	}{
		{scenario: Server, share: 0.125, want: 0.125},
		{scenario: Server, qps: 10, duration: 20 * time.Second, perQuery: 1, queries: 100, samples: 100, target: 50, share: 1, want: 0.25},
		{scenario: Server, qps: 10, duration: time.Second, perQuery: 1, queries: 100, samples: 100, target: 50, want: 0.5},
		{scenario: MultiStream, qps: 10, duration: 10 * time.Second, perQuery: 8, queries: 10, samples: 80, target: 200, want: 0.25},
		{scenario: Offline, qps: 10, duration: 10 * time.Second, perQuery: 400, queries: 1, samples: 400, target: 200, want: 0.5},
		{scenario: Offline, qps: 100, duration: 10 * time.Second, perQuery: 400, queries: 1, samples: 400, target: 200, want: 0.2},
	} {
		s := Effective{TargetQPS: tt.qps, MinDuration: tt.duration, SamplesPerQuery: tt.perQuery, MinQueryCount: tt.queries, MinSampleCount: tt.samples}
		s.Requested = Settings{Scenario: tt.scenario, AccuracyLogProbability: tt.share, AccuracyLogSamplingTarget: tt.target}
		if got := s.accuracyLogProbability(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
