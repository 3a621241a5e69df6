package run

import (
	"time"

	"mlcfg/internal/client"
)

// Limits are what a run waits for, and how late the client may be. They mean the
// same whoever issues the queries. Zero fields stand for those of DefaultLimits.
type Limits struct {
	// RequestTimeout bounds each request, ReadyTimeout the start of the engines.
	RequestTimeout time.Duration `json:"request_timeout_ns"`
	ReadyTimeout   time.Duration `json:"ready_timeout_ns"`
	// StallTimeout ends the run when nothing comes from a replica for so long
	// while it has requests in flight; asked for as less than 0, and planned as 0: never.
	StallTimeout time.Duration `json:"stall_timeout_ns,omitempty"`
	// LateLimit is the lateness at the 99th percentile from which on the client is
	// said not to have kept up, which makes the run INVALID. Lateness is counted
	// from when LoadGen wants the request to leave; where the official LoadGen
	// issues, from when it does.
	LateLimit time.Duration `json:"late_limit_ns"`
	// Grace is how long an interrupted run waits for what is in flight.
	Grace time.Duration `json:"grace_ns"`
	// PowerTimeout bounds the power script.
	PowerTimeout time.Duration `json:"power_script_timeout_ns,omitempty"`
}

// DefaultLimits are the limits of a run that asks for none: no other place has them.
func DefaultLimits() Limits {
	return Limits{
		RequestTimeout: 30 * time.Minute, ReadyTimeout: time.Hour, StallTimeout: 10 * time.Minute,
		LateLimit: 10 * time.Millisecond, Grace: 5 * time.Minute, PowerTimeout: 5 * time.Minute,
	}
}

// orDefaults fills in what is not set.
func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		RequestTimeout: orElse(l.RequestTimeout, d.RequestTimeout), ReadyTimeout: orElse(l.ReadyTimeout, d.ReadyTimeout),
		StallTimeout: max(0, orElse(l.StallTimeout, d.StallTimeout)), LateLimit: orElse(l.LateLimit, d.LateLimit),
		Grace: orElse(l.Grace, d.Grace), PowerTimeout: orElse(l.PowerTimeout, d.PowerTimeout),
	}
}

// client are the limits as the client keeps them.
func (l Limits) client() client.Plan {
	return client.Plan{Timeout: l.RequestTimeout, StallLimit: l.StallTimeout, LateLimit: l.LateLimit, Grace: l.Grace}
}
