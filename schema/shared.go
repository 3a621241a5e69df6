package schema

import (
	_ "embed"
	"sync"
)

//go:embed shared.cue
var sharedText string

//go:embed harness.cue
var harnessText string

// Shared is the schema of what no engine's release changes: the top level
// (section "config"), "harness_config" with its sub-sections, and the "retired"
// keys of older formats. Its Engine and Release are empty.
func Shared() *Schema { return shared() }

var shared = sync.OnceValue(func() *Schema {
	st := &store{releases: []string{""}, position: map[string]int{"": 0}}
	for _, file := range [][2]string{{"schema/shared.cue", sharedText}, {"schema/harness.cue", harnessText}} {
		if err := st.scanFile(file[0], file[1]); err != nil {
			panic(err) // the tests read the files: a fault of the build
		}
	}
	return st.schema(0)
})
