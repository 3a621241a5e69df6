package schema

import "sync"

// The groups of the index that are no engine's: what no release changes.
const (
	sharedGroup  = "shared"
	senseGroup   = "sense"
	projectGroup = "project"
)

var handWritten = []string{sharedGroup, senseGroup, projectGroup}

// Shared is the schema of what no engine's release changes: the top level
// (section "config"), "harness_config" with its sub-sections, and the "retired"
// keys of older formats. Its Engine and Release are empty.
func Shared() *Schema { return shared() }

// Project is the schema of the project file, mlcfg.cue: section "project" and
// its sub-sections.
func Project() *Schema { return projectFile() }

// Sense holds ranges for numbers that a release takes without a limit: what they
// have to be to mean anything, in sections named as a configuration's
// (vllm_engine_config).
func Sense() *Schema { return sense() }

var (
	shared      = sync.OnceValue(func() *Schema { return stores()[sharedGroup]().schema(0) })
	sense       = sync.OnceValue(func() *Schema { return stores()[senseGroup]().schema(0) })
	projectFile = sync.OnceValue(func() *Schema { return stores()[projectGroup]().schema(0) })
)
