package config

import (
	"bytes"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/source"
)

// IsOverlay reports whether a file of YAML is a configuration, by a section of it at its top that
// no other kind of file has. One that cannot be read is one by its text; a manifest is none.
func IsOverlay(name string, data []byte) bool {
	sections := []string{"harness_config", "benchmark_name"}
	for _, b := range backend.Engines() {
		sections = append(sections, b.EngineSection())
	}
	if !slices.ContainsFunc(sections, func(name string) bool { return bytes.Contains(data, []byte(name)) }) {
		return false
	}
	root, found := source.Parse(name, data)
	if root == nil {
		return found.HasErrors()
	}
	if kind := root.Lookup("kind"); kind != nil {
		return false
	}
	return slices.ContainsFunc(root.Fields, func(f source.Field) bool {
		return slices.ContainsFunc(sections, func(name string) bool { return strings.HasPrefix(f.Key, name) })
	})
}
