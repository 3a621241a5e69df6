package record

import (
	"testing"
	"time"
)

// Each time of a request counts from its schedule, and is there where its
// moments are.
func TestTimes(t *testing.T) {
	type want struct{ latency, ttft, tpot, lateness time.Duration }
	const none = -time.Hour
	whole := Record{Scheduled: 100, Issued: 160, Sent: 170, FirstToken: 400, Done: 1000, OutputTokens: 4, Status: OK}
	with := func(change func(*Record)) Record { r := whole; change(&r); return r }
	for _, c := range []struct {
		name string
		r    Record
		want want
	}{
		{"streamed", whole, want{900, 300, 200, 70}},
		{"two tokens", with(func(r *Record) { r.OutputTokens = 2 }), want{900, 300, 600, 70}},
		{"one token", with(func(r *Record) { r.OutputTokens = 1 }), want{900, 300, none, 70}},
		{"not streamed", with(func(r *Record) { r.FirstToken = NotReached }), want{900, none, none, 70}},
		{"failed within", with(func(r *Record) { r.Status = Failed }), want{none, none, none, 70}},
		{"timed out", with(func(r *Record) { r.Status = TimedOut }), want{none, none, none, 70}},
		{"never sent", with(func(r *Record) { r.Status, r.Sent, r.FirstToken = Failed, NotReached, NotReached }), want{none, none, none, none}},
		{"sent at the start", Record{FirstToken: 1, Done: 2, OutputTokens: 2, Status: OK}, want{2, 1, 1, 0}},
	} {
		or := func(d time.Duration, ok bool) time.Duration {
			if !ok {
				return none
			}
			return d
		}
		got := want{or(c.r.Latency()), or(c.r.TTFT()), or(c.r.TPOT()), or(c.r.Lateness())}
		if got != c.want || c.r.OK() != (c.r.Status == OK) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
