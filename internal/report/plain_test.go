package report

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/record/percentile"
)

// The figures of a run whose records are read as a stream, in the order in which they
// ended, are those that plain slices of the same records give, to the last digit.
func TestPlain(t *testing.T) {
	const n = 5000
	rng := rand.New(rand.NewPCG(7, 8))
	var rows []record.Record
	dir := fixture(t, n, ended, func(i int, r *record.Record) bool {
		r.Sent += time.Duration(rng.IntN(90_000))
		r.Replica, r.OutputTokens = int32(rng.IntN(3)), 1+rng.Int64N(300)
		r.FirstToken = r.Sent + time.Duration(rng.ExpFloat64()*9e7)
		r.Done = r.FirstToken + time.Duration(float64(r.OutputTokens)*(1+rng.Float64())*1e7)
		switch {
		case i%97 == 5:
			fail(r, []string{"status: HTTP 500", "status: HTTP 503: request " + itoa(i), ""}[i%3])
		case i%101 == 6:
			r.FirstToken = record.NotReached
		case i == n-2:
			abandon(r)
		}
		rows = append(rows, *r)
		return true
	})
	shuffled := slices.Clone(rows)
	rng.Shuffle(n, func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
	var text []byte
	for i := range shuffled {
		text = append(shuffled[i].AppendJSON(text), '\n')
	}
	if err := os.WriteFile(filepath.Join(dir, record.FileName), text, 0o644); err != nil {
		t.Fatal(err)
	}
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := sheetOf(t, run)

	plain := func(of func(*record.Record) (time.Duration, bool), replica int32) (times []time.Duration) {
		for i := range rows {
			if v, ok := of(&rows[i]); ok && (replica < 0 || rows[i].Replica == replica) {
				times = append(times, v)
			}
		}
		slices.Sort(times)
		return times
	}
	for _, kind := range []struct {
		name string
		got  *Spread
		of   func(*record.Record) (time.Duration, bool)
	}{
		{"TTFT", s.TTFT, (*record.Record).TTFT},
		{"TPOT", s.TPOT, (*record.Record).TPOT},
		{"latency", s.Latency, (*record.Record).Latency},
		{"lateness", s.Lateness, (*record.Record).Lateness},
	} {
		times := plain(kind.of, -1)
		at := func(p float64) float64 { return float64(percentile.Of(times, p)) / 1e6 }
		var sum float64
		for _, v := range times {
			sum += float64(v)
		}
		want := Spread{at(0), sum / float64(len(times)) / 1e6, at(.5), at(.9), at(.99), at(.999), at(1), kind.got.LimitMS}
		if *kind.got != want {
			t.Errorf("%s is %+v, want %+v", kind.name, *kind.got, want)
		}
		for _, d := range s.Distributions {
			if last := d.Quantiles[len(d.Quantiles)-1]; d.Name == kind.name && (d.Count != uint64(len(times)) || last.MS != want.MaxMS) {
				t.Errorf("%s: %d requests, the last %+v", kind.name, d.Count, last)
			}
		}
	}
	for _, share := range s.Balance.Shares {
		times, first := plain((*record.Record).Latency, int32(share.Index)), plain((*record.Record).TTFT, int32(share.Index))
		if *share.LatencyP50MS != ms(percentile.Of(times, .5)) || *share.LatencyP99MS != ms(percentile.Of(times, .99)) || *share.TTFTP99MS != ms(percentile.Of(first, .99)) {
			t.Errorf("replica %+v", share)
		}
	}

	// LoadGen's word, by its rules on plain columns.
	c := &loadgen.Records{SamplesPerQuery: 1}
	for i := range rows {
		done := loadgen.NotReached
		if rows[i].OK() {
			done = int64(rows[i].Done)
		}
		c.Scheduled, c.Issued, c.Done = append(c.Scheduled, int64(rows[i].Scheduled)), append(c.Issued, int64(rows[i].Issued)), append(c.Done, done)
		c.FirstToken, c.Tokens = append(c.FirstToken, int64(rows[i].FirstToken)), append(c.Tokens, rows[i].OutputTokens)
	}
	j, err := Judge(run)
	if err != nil {
		t.Fatal(err)
	}
	verdict, figures, err := loadgen.Judge(j.Settings, c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(verdict, *j.Verdict) + cmp.Diff(figures, *j.Figures); diff != "" {
		t.Error(diff)
	}
	wantEnd, wantEarly := loadgen.EndOfIssue(j.Settings, c)
	if end, early := loadgen.EndOfIssue(j.Settings, j.Records); end != wantEnd || early != wantEarly {
		t.Errorf("%q, %t", end, early)
	}
	if diff := cmp.Diff(slices.Collect(loadgen.RunErrors(&j.Settings.Requested, c)), slices.Collect(loadgen.RunErrors(&j.Settings.Requested, j.Records))); diff != "" {
		t.Error(diff)
	}
}
