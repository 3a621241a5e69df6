package record

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// rows are records as a run has them, in the order in which they ended; each hundredth
// is as odd as can be.
func rows(n int) []Record {
	rng := rand.New(rand.NewPCG(5, 6))
	odd := func() int64 {
		return []int64{math.MinInt64, math.MaxInt64, -1, 0, 1 << 40, int64(rng.Uint64())}[rng.IntN(6)]
	}
	out := make([]Record, n)
	for i := range out {
		at := time.Duration(i) * 3_600_000
		r := Record{
			Seq: uint64(i), Query: uint64(i / 2), Sample: rng.Uint32N(24576), Replica: int32(i % 3), Scheduled: at, Issued: at, Sent: at + time.Duration(rng.IntN(50_000)),
			InputTokens: rng.Int64N(4000), OutputTokens: 1 + rng.Int64N(900), Status: OK, Finish: "stop", Stamped: true, SentStamped: i%5 > 0,
		}
		r.FirstToken = r.Sent + time.Duration(rng.IntN(1e9))
		r.Done = r.FirstToken + time.Duration(rng.IntN(2e10))
		switch {
		case i%100 == 7:
			r.Status, r.Finish, r.Error, r.FirstToken, r.Resent = Failed, "", fmt.Sprintf("status: HTTP 500: %d", rng.IntN(4)), NotReached, true
		case i%100 == 8:
			r = Record{
				Seq: uint64(i), Query: uint64(odd()), Sample: math.MaxUint32, Replica: math.MinInt32, Scheduled: time.Duration(odd()), Issued: time.Duration(odd()),
				Sent: time.Duration(odd()), FirstToken: time.Duration(odd()), Done: time.Duration(odd()), InputTokens: odd(), OutputTokens: odd(), Status: TimedOut, Error: fmt.Sprint(i),
			}
		}
		out[i] = r
	}
	slices.SortStableFunc(out, func(a, b Record) int { return cmp.Compare(a.Done, b.Done) })
	return out
}

// A table gives back what was put into it, in the order of the numbers once it is
// sorted, however it is read.
func TestTable(t *testing.T) {
	for _, n := range []int{0, 1, 2, blockRows - 1, blockRows, blockRows + 1, 5*blockRows + 77} {
		want := rows(n)
		table := TableOf(want)
		if diff := gocmp.Diff(want, table.Rows()); diff != "" {
			t.Fatalf("%d records: %s", n, diff)
		}
		if err := table.Sort(); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, func(a, b Record) int { return cmp.Compare(a.Seq, b.Seq) })
		if diff := gocmp.Diff(want, table.Rows()); diff != "" {
			t.Fatalf("%d records, sorted: %s", n, diff)
		}
		if table.Len() != n {
			t.Errorf("%d of %d records", table.Len(), n)
		}
		in := table.Reader()
		for range min(n, 300) {
			i := rand.IntN(n)
			if got := *in.At(i); got != want[i] {
				t.Errorf("read %d of %d: %+v, want %+v", i, n, got, want[i])
			}
			if got := table.At(i); got != want[i] || table.Seq(i) != want[i].Seq {
				t.Errorf("%d of %d: %+v, want %+v", i, n, got, want[i])
			}
		}
		if n < 2 {
			continue
		}
		part := table.From(n / 2).From(1)
		if diff := gocmp.Diff(want[n/2+1:], part.Rows()); diff != "" || part.Len() != n-n/2-1 {
			t.Errorf("a part of %d records: %s", n, diff)
		}
	}
	if none := (*Table)(nil); none.Len() != 0 || len(none.Rows()) != 0 {
		t.Error("no table has records")
	}
}

// The places of records are told by their numbers, and two of one number are refused.
func TestTableNumbers(t *testing.T) {
	table := TableOf([]Record{{Seq: 3}, {Seq: 4}, {Seq: 7}, {Seq: math.MaxUint64}})
	for seq, want := range map[uint64]int{0: 0, 3: 0, 4: 1, 5: 2, 7: 2, 8: 3, math.MaxUint64: 3} {
		if got := table.Search(seq); got != want {
			t.Errorf("%d is at %d, want %d", seq, got, want)
		}
	}
	if got := table.From(1).Search(5); got != 1 {
		t.Errorf("%d in a part", got)
	}
	if got := TableOf(nil).Search(1); got != 0 {
		t.Errorf("%d where there are none", got)
	}
	if err := TableOf([]Record{{Seq: 9}, {Seq: 2}, {Seq: 9}}).Sort(); err == nil || err.Error() != "two records have the sequence number 9" {
		t.Error(err)
	}
	for _, numbers := range [][]uint64{{5, 5}, {0, 2, 2, 3}, {3, 1, 0, 1}} {
		var table Table
		for _, seq := range numbers {
			table.Append(&Record{Seq: seq})
		}
		if err := table.Sort(); err == nil || !strings.HasPrefix(err.Error(), "two records have the sequence number ") {
			t.Errorf("%v: %v", numbers, err)
		}
	}
	gaps := rows(3 * blockRows)
	gaps = slices.DeleteFunc(gaps, func(r Record) bool { return r.Seq%9 == 4 })
	table = TableOf(gaps)
	if err := table.Sort(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(gaps, func(a, b Record) int { return cmp.Compare(a.Seq, b.Seq) })
	if diff := gocmp.Diff(gaps, table.Rows()); diff != "" {
		t.Error(diff)
	}
	if err := TableOf([]Record{{Seq: math.MaxUint64}, {Seq: 1}}).Sort(); err != nil {
		t.Error(err)
	}
}

// Texts are shared as far as they are remembered, and right beyond that.
func TestTableTexts(t *testing.T) {
	var table Table
	text := func(i int) string { return fmt.Sprint(i % (mostPlaces + 100)) }
	const n = mostPlaces + 1000
	for i := range n {
		table.Append(&Record{Seq: uint64(i), Status: Failed, Error: text(i)})
	}
	for i, r := range table.All() {
		if r.Error != text(i) || r.Status != Failed || r.Finish != "" {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	if len(table.texts.places) != mostPlaces || len(table.texts.all) > n+2 {
		t.Errorf("%d texts, %d of them remembered", len(table.texts.all), len(table.texts.places))
	}
}

// What is a run's own size is said of a table too: a million records in 45 MB.
func TestTableIsSmall(t *testing.T) {
	const n = 20 * blockRows
	table := TableOf(slices.DeleteFunc(rows(n*100/99), func(r Record) bool { return r.Status == TimedOut }))
	bytes := 0
	for _, c := range table.columns {
		for _, b := range c.blocks {
			bytes += len(b.data)
		}
	}
	if each := float64(bytes) / float64(table.Len()); each > 45 {
		t.Errorf("%.1f bytes a record", each)
	}
}
