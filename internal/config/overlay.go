package config

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/backend"
	"mlcfg/internal/source"
)

// IsOverlay reports whether a file of YAML is a configuration, by a section of it at its top that
// no other kind of file has. One that cannot be read is one by its text; a manifest is none.
func IsOverlay(name string, data []byte) bool {
	sections := sectionsOfOverlays()
	if !slices.ContainsFunc(sections, func(name string) bool { return bytes.Contains(data, []byte(name)) }) {
		return false
	}
	return startsAs(string(data), sections) || hasAtTop(name, data, sections)
}

// sectionsOfOverlays are the names that tell one from other files.
var sectionsOfOverlays = sync.OnceValue(func() []string {
	sections := []string{"harness_config", "benchmark_name"}
	for _, b := range backend.Engines() {
		sections = append(sections, b.EngineSection())
	}
	return sections
})

// hasAtTop reports whether a text that is read has a section at its top, and no kind.
func hasAtTop(name string, data []byte, sections []string) bool {
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

// startsAs reports whether a text is sure to have a section at its top without being read: its
// first line with content starts one, and it does not speak of a kind anywhere. It is what nearly
// every overlay is.
func startsAs(text string, sections []string) bool {
	for line := range strings.Lines(text) {
		if line[0] == '#' || line == "\n" {
			continue
		}
		key, rest, _ := strings.Cut(line, ":")
		return slices.ContainsFunc(sections, func(name string) bool { return strings.HasPrefix(key, name) }) &&
			plainKey(key) && (rest == "\n" || strings.HasPrefix(rest, " ")) && !strings.Contains(text, "kind") && !strings.Contains(text, `\`)
	}
	return false
}

func plainKey(key string) bool {
	return strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}
