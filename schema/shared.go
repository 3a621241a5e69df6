package schema

import (
	"strings"
	"sync"
)

// Harness is the name under which the rounds of the reference harness are
// known: a round is to it what a release is to an engine.
//
//	round, err := schema.Load(schema.Harness, "v6.0")
//	spans := schema.History(schema.Harness, "harness_config", "accuracy_sample_count")
const Harness = "harness"

// The groups of the index that are no engine's: what no release changes.
const (
	takesGroup   = "takes"
	senseGroup   = "sense"
	projectGroup = "project"
)

// isHandWritten reports whether a group is no engine's.
func isHandWritten(group string) bool {
	return group == Harness || group == senseGroup || group == takesGroup || group == projectGroup || strings.HasPrefix(group, forkPrefix)
}

// Shared is the schema of what no engine's release changes: the top level
// (section "config"), "harness_config" with its sub-sections, and the "retired"
// keys of older formats, as of the newest round, which has all that an older one has.
func Shared() *Schema { return shared() }

// Project is the schema of the project file, mlcfg.cue: section "project" and
// its sub-sections.
func Project() *Schema { return projectFile() }

// Sense holds ranges for numbers that a release takes without a limit: what they
// have to be to mean anything, in sections named as a configuration's
// (vllm_engine_config).
func Sense() *Schema { return sense() }

// Takes holds what an engine takes although its release says nothing of it, in sections
// named as a configuration's.
func Takes() *Schema { return takes() }

var (
	takes  = sync.OnceValue(func() *Schema { return stores()[takesGroup]().schema(0) })
	shared = sync.OnceValue(func() *Schema {
		st := stores()[Harness]()
		return st.schema(len(st.releases) - 1)
	})
	sense       = sync.OnceValue(func() *Schema { return stores()[senseGroup]().schema(0) })
	projectFile = sync.OnceValue(func() *Schema { return stores()[projectGroup]().schema(0) })
)
