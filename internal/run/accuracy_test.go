package run

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

type entry struct {
	Seq    uint64 `json:"seq_id"`
	Sample uint64 `json:"qsl_idx"`
	Data   string `json:"data"`
	First  string `json:"token_data"`
	Tokens int    `json:"token_count"`
}

// answers reads LoadGen's accuracy log, by the number of the sample.
func answers(t *testing.T, dir string) map[uint64]entry {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, loadgen.AccuracyName))
	if err != nil {
		t.Fatal(err)
	}
	var list []entry
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	out := map[uint64]entry{}
	for _, e := range list {
		out[e.Seq] = e
	}
	if len(out) != len(list) {
		t.Errorf("%d entries of %d samples", len(list), len(out))
	}
	return out
}

// In accuracy mode the log has the tokens of each answer as the mock sent them, and
// none of one that failed; both phases of a submission are recorded.
func TestAccuracyLog(t *testing.T) {
	for _, c := range []struct {
		name     string
		scenario loadgen.Scenario
		mode     loadgen.Mode
		fault    bool
	}{
		{"server", loadgen.Server, loadgen.AccuracyOnly, false},
		{"offline", loadgen.Offline, loadgen.AccuracyOnly, false},
		{"with faults", loadgen.Server, loadgen.AccuracyOnly, true},
		{"submission", loadgen.Offline, loadgen.SubmissionRun, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := mock.Config{PerEvent: truthPerCall}
			if c.fault {
				config.Fault = func(n int) mock.Fault {
					return map[int]mock.Fault{1: mock.Aborted, 3: mock.Cut}[n%4]
				}
			}
			m := mocked(t, c.scenario, func(s *loadgen.Settings, m *manifest.Manifest) {
				s.Mode = c.mode
				m.TestMode = c.mode.String()
			})
			got := runOn(t, m, start(t, config, config), Options{})
			log := answers(t, got.dir)
			ok, cut := 0, 0
			for _, r := range got.records {
				if r.Seq >= truthSamples && c.mode == loadgen.SubmissionRun {
					continue // the performance phase, of which nothing is logged
				}
				e, logged := log[r.Seq]
				if logged != r.OK() {
					t.Errorf("an entry is there: %t; %+v", logged, r)
				}
				if strings.HasPrefix(r.Error, causes[mock.Cut]) { // after its first event, which nobody counted
					if cut++; r.OutputTokens != truthPerCall {
						t.Errorf("%d tokens came: %+v", truthPerCall, r)
					}
				}
				if !logged {
					continue
				}
				ok++
				data, err := hex.DecodeString(e.Data)
				first := map[bool]string{true: "E8030000"}[c.scenario == loadgen.Server] // 1000
				if err != nil || e.Sample != uint64(r.Sample) || len(data) != 4*truthTokens || e.Tokens != truthTokens || e.First != first {
					t.Errorf("%+v, %v of %+v", e, err, r)
					continue
				}
				for i := range truthTokens {
					if id := binary.LittleEndian.Uint32(data[4*i:]); id != uint32(1000+i) {
						t.Errorf("token %d of sample %d is %d", i, r.Sample, id)
					}
				}
			}
			if (cut > 0) != c.fault {
				t.Errorf("%d answers were cut short", cut)
			}
			if ok != len(log) || ok == 0 || c.fault == (ok == truthSamples) {
				t.Errorf("%d answers, %d entries", ok, len(log))
			}
			if n := len(got.records); (n > truthSamples) != (c.mode == loadgen.SubmissionRun) {
				t.Errorf("%d records", n)
			}
		})
	}
}

// An entry has the answer's first token where the run has token latencies and streams, and
// no entry is made up of an answer without tokens.
func TestAccuracyEntry(t *testing.T) {
	for _, c := range []struct {
		ids             []int32
		tokens, offline bool
		want            string
	}{
		{[]int32{1, 2}, true, false, `"data" : "0100000002000000", "token_data" : "01000000", "token_count" : 2`},
		{[]int32{1}, true, false, `"data" : "01000000", "token_data" : "01000000", "token_count" : 1`},
		{nil, true, false, `"data" : "", "token_data" : "", "token_count" : 0`},
		{[]int32{1, 2}, true, true, `"data" : "0100000002000000", "token_count" : 2`},
		{[]int32{1, 2}, false, false, `"data" : "0100000002000000"`},
	} {
		var b strings.Builder
		s := &sink{accuracy: loadgen.NewAccuracyLog(&b), tokens: c.tokens, offline: c.offline}
		err := s.answer(&client.Result{Record: record.Record{Seq: 7, Sample: 3, OutputTokens: int64(len(c.ids))}, OutputIDs: c.ids})
		if err = errors.Join(err, s.accuracy.Close()); err != nil || !strings.Contains(b.String(), `{ "seq_id" : 7, "qsl_idx" : 3, `+c.want+` }`) {
			t.Errorf("%v: %v, %s; want %s", c.ids, err, b.String(), c.want)
		}
	}
}

// Accuracy mode is refused where the server does not tell token ids.
func TestAccuracyNeedsTokenIDs(t *testing.T) {
	m := mocked(t, loadgen.Server, func(s *loadgen.Settings, m *manifest.Manifest) {
		s.Mode, m.TestMode = loadgen.AccuracyOnly, "accuracy"
		m.Roles[0].TokenIDs = false
	})
	if _, err := NewPlan(t.Context(), m, external("http://127.0.0.1:1")); err == nil || !strings.Contains(err.Error(), "accuracy mode needs the ids of generated tokens, which the server of vllm 0.10.2 does not give") {
		t.Errorf("%v", err)
	}
}
