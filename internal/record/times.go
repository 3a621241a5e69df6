package record

import "time"

// OK reports whether the request has a usable response.
func (r *Record) OK() bool { return r.Status == OK }

// The times of a request. Each is derived here and nowhere else; ok is false
// where the request does not have it.

// Latency is from the schedule to the last token of a usable response, as
// LoadGen counts it.
func (r *Record) Latency() (d time.Duration, ok bool) { return r.Done - r.Scheduled, r.OK() }

// TTFT, the time to first token, is from the schedule to the first token of a
// usable response that was streamed.
func (r *Record) TTFT() (d time.Duration, ok bool) {
	return r.FirstToken - r.Scheduled, r.OK() && r.FirstToken != NotReached
}

// TPOT, the time per output token, is what each token after the first took, on average.
func (r *Record) TPOT() (d time.Duration, ok bool) {
	if _, streamed := r.TTFT(); !streamed || r.OutputTokens < 2 {
		return 0, false
	}
	return (r.Done - r.FirstToken) / time.Duration(r.OutputTokens-1), true
}

// Lateness is how long after its schedule the request left, of failed ones too.
func (r *Record) Lateness() (d time.Duration, ok bool) {
	return r.Sent - r.Scheduled, r.Sent != NotReached
}
