package schema

import (
	_ "embed"
	"sync"
)

//go:embed shared.cue
var sharedText string

//go:embed harness.cue
var harnessText string

//go:embed sense.cue
var senseText string

//go:embed project.cue
var projectText string

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

var sense = sync.OnceValue(func() *Schema { return mustRead([2]string{"schema/sense.cue", senseText}) })

var shared = sync.OnceValue(func() *Schema {
	return mustRead([2]string{"schema/shared.cue", sharedText}, [2]string{"schema/harness.cue", harnessText})
})

var projectFile = sync.OnceValue(func() *Schema { return mustRead([2]string{"schema/project.cue", projectText}) })

// mustRead reads embedded files, name and text, that know no releases.
func mustRead(files ...[2]string) *Schema {
	st := &store{releases: []string{""}, position: map[string]int{"": 0}}
	for _, file := range files {
		if err := st.scanFile(file[0], file[1]); err != nil {
			panic(err) // the tests read the files: a fault of the build
		}
	}
	return st.schema(0)
}
