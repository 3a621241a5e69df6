// Package loadgen is MLPerf LoadGen's part of a run, without clock, thread or
// network: which sample is issued when, when a test ends, and what its result is.
//
// [Freeze] makes settings out of a round, a user.conf and a harness's overrides,
// [Settings.Effective] what a run uses of them, [Effective.Phases] the schedule,
// [Judge] the verdict; the package's example goes that way.
//
// Schedules equal those of the official LoadGen integer for integer and
// nanosecond for nanosecond, verdicts and logs line for line; docs/conformance.md
// shows it for two of its releases. The rules are those of its source
// (github.com/mlcommons/inference, folder loadgen), and its names are kept where
// they are the field's.
package loadgen
