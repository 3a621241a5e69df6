package importer

import (
	"encoding/json"
	"fmt"

	"mlcfg/schema"
)

// Record is what one release of an engine defines, as the reader of its Python
// source reports it.
type Record struct {
	Engine  string `json:"engine"`
	Release string `json:"release"`
	// Sections are the keys by section name.
	Sections map[string][]Definition `json:"sections"`
	// Notes say what the reader could not make out, for the person who imports.
	Notes []string `json:"notes,omitempty"`
}

// Definition is one key as a release defines it.
type Definition struct {
	Name string        `json:"name"`
	Type []Alternative `json:"type"`
	Doc  string        `json:"doc,omitempty"`
	// Default is the JSON of the default value, nil where there is none that
	// stands in the source; DefaultNote is then the expression that computes it.
	Default     json.RawMessage `json:"default,omitempty"`
	DefaultNote string          `json:"default_note,omitempty"`
	Required    bool            `json:"required,omitempty"`
	Flag        *Flag           `json:"flag,omitempty"`
	Deprecated  string          `json:"deprecated,omitempty"`
	// Unread tells of an environment variable that no Python source of the
	// package reads.
	Unread bool `json:"unread,omitempty"`
	// Limit names the function of the engine that enforces the range.
	Limit string `json:"limit,omitempty"`
	// Refusals are the conditions over several keys of the section under which the
	// engine's class refuses them, by the first key of each.
	Refusals []schema.Refusal `json:"refusals,omitempty"`
}

// Flag is the spelling of a key on the command line.
type Flag struct {
	Names    []string `json:"names"`
	Negative string   `json:"negative,omitempty"`
	Action   string   `json:"action"`
	Nargs    string   `json:"nargs,omitempty"`
}

// Alternative is one form that a value may have. Kind is null, bool, int,
// float, string, list, map, literal, any, pattern for text that matches Value, or
// env-FORM for what an environment variable's text must read as: the forms stand in
// forms.py of the reader.
type Alternative struct {
	Kind   string          `json:"kind"`
	Value  json.RawMessage `json:"value,omitempty"`
	Items  []Alternative   `json:"items,omitempty"`
	Values []Alternative   `json:"values,omitempty"`
	Config string          `json:"config,omitempty"`
	Union  *Union          `json:"union,omitempty"`
	GE     json.Number     `json:"ge,omitempty"`
	GT     json.Number     `json:"gt,omitempty"`
	LE     json.Number     `json:"le,omitempty"`
	LT     json.Number     `json:"lt,omitempty"`
	// Not are numbers in the range that are refused all the same.
	Not []json.Number `json:"not,omitempty"`
}

// Union says which settings class a map is of, by the value of one of its keys.
type Union struct {
	// By is that key.
	By string `json:"by"`
	// Cases are the classes by the key's value.
	Cases map[string]string `json:"cases"`
	// Otherwise is the class of a map without the key, empty where it must be there.
	Otherwise string `json:"otherwise,omitempty"`
}

// ParseRecord reads the reader's JSON.
func ParseRecord(data []byte) (*Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("reading the definitions: %w", err)
	}
	if r.Engine == "" || r.Release == "" || len(r.Sections["engine_config"]) == 0 {
		return nil, fmt.Errorf("reading the definitions: no engine arguments found")
	}
	return &r, nil
}
