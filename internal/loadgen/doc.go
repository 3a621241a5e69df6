// Package loadgen is MLPerf LoadGen's part of a run, without clock, thread or
// network: which sample is issued when, when a test ends, and what its result is.
//
//	section, findings := loadgen.Freeze(request)        // settings: round, user.conf, harness
//	effective, err := section.Settings.Effective(section.Library)
//	phases, err := effective.Phases(loadgen.Generator{})
//	for query := range phases[0].Queries() { ... }      // with an Issuer, and records of what came back
//	verdict, figures, err := loadgen.Judge(&effective, records)
//
// Schedules equal those of the official LoadGen integer for integer and
// nanosecond for nanosecond, verdicts and logs line for line; docs/conformance.md
// shows it for two of its releases. The rules are those of its source
// (github.com/mlcommons/inference, folder loadgen), and its names are kept where
// they are the field's.
package loadgen
