package schema

import (
	"strings"
	"testing"
)

// TestSense: every key of sense.cue is one of some release that has no limit, or choice, of
// its own; else the line says nothing.
func TestSense(t *testing.T) {
	for _, name := range Sense().Sections() {
		engine, section, _ := strings.Cut(name, "_")
		if engine == Harness {
			section = name
		}
		kinds := Int | Float
		if section == BuiltIn {
			kinds, section = String, EngineConfig
		}
		for _, key := range Sense().Section(name).Keys() {
			if key.Min == nil && kinds != String || len(key.Enum) == 0 && kinds == String {
				t.Errorf("%s.%s has no lower limit", name, key.Name)
			}
			open := 0
			for _, d := range Definitions(engine, section, key.Name) {
				if d.Min == nil && d.Max == nil && d.Kinds&kinds != 0 && len(d.Enum) == 0 {
					open++
				}
			}
			if open == 0 {
				t.Errorf("%s.%s: no release takes any value", name, key.Name)
			}
		}
	}
}
