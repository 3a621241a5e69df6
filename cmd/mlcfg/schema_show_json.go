package main

import (
	"io"

	"mlcfg/internal/cli/output"
	"mlcfg/schema"
)

// shownKey is a definition of a key as schema show --format json has it.
type shownKey struct {
	Key      string `json:"key"`
	Takes    string `json:"takes"`
	Enum     []any  `json:"enum,omitempty"`
	Default  *any   `json:"default,omitempty"`
	Note     string `json:"default_note,omitempty"`
	Required bool   `json:"required,omitempty"`
	// Flags are the spellings on the command line of the engine's server, Off the
	// one that turns a switch off.
	Flags []string `json:"flags,omitempty"`
	Off   string   `json:"off,omitempty"`
	// First and Last are the releases with this very definition.
	First      string `json:"first_release"`
	Last       string `json:"last_release"`
	Deprecated string `json:"deprecated,omitempty"`
	Help       string `json:"help,omitempty"`
}

// writeKeys writes definitions for scripts.
func writeKeys(w io.Writer, engine string, keys []*schema.Key) error {
	releases := schema.Releases(engine)
	all := make([]shownKey, 0, len(keys))
	for _, k := range keys {
		s := shownKey{
			Key: k.Section + "." + k.Name, Takes: k.Want(), Enum: k.Enum, Note: k.DefaultNote, Required: k.Required,
			First: k.First, Last: k.Last, Deprecated: k.Deprecated, Help: k.Doc,
		}
		if s.Last == "" {
			s.Last = releases[len(releases)-1]
		}
		if k.HasDefault {
			s.Default = &k.Default
		}
		if k.Flag != nil {
			s.Flags, s.Off = k.Flag.Names, k.Flag.Negative
		}
		all = append(all, s)
	}
	return output.JSON(w, map[string]any{"engine": engine, "keys": all})
}
