// Package explain says of every value of a configuration where it is from: the
// chain of the engine's default, the base, the overlay and the overrides, what
// each overwrote, and what the schema knows of the key.
//
//	view := explain.Of(config, outcome, target)
//	found, err := view.Find("max_num_seqs", explain.FindOptions{})
//	err = explain.WriteText(os.Stdout, view, found, explain.TextOptions{})
//
// [View.Values] is the whole resolved configuration with its origins; package
// diff compares two of them.
package explain

import (
	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// Group is what a value affects.
type Group string

// The groups, in the order in which they are shown.
const (
	UseCase     Group = "use case"
	Environment Group = "environment"
	Engine      Group = "engine"
	Sampling    Group = "sampling"
	Harness     Group = "harness"
	LoadGen     Group = "LoadGen"
)

// Groups are all groups in order.
func Groups() []Group { return []Group{UseCase, Environment, Engine, Sampling, Harness, LoadGen} }

// The names of the layers that no file holds; those of files are package
// merge's and project's.
const (
	// DefaultLayer is the engine's, or LoadGen's, own value.
	DefaultLayer = "default"
	// RoundLayer is what an MLPerf round prescribes.
	RoundLayer = "round"
	// ConfLayer is a user.conf or mlperf.conf.
	ConfLayer = "conf"
	// KeyLayer is another key of the configuration, named in Step.Note.
	KeyLayer = "key"
)

// Step is one layer's word on a value.
type Step struct {
	Layer string
	// Key is the dotted path of the key as that layer writes it: of an
	// environment variable env_config.NAME or BACKEND_env_config.NAME.
	Key string
	// Pos is where the value stands; without a file for defaults.
	Pos diag.Pos
	// Value is what the layer says, as package manifest holds values.
	Value any
	// Note says more on the layer: the engine's release, the round, the key.
	Note string
}

// Value is one key with all that is known of it.
type Value struct {
	// Name is the key's dotted path, the same in every configuration. An
	// environment variable is env_config.NAME, whichever section sets it.
	Name  string
	Group Group
	// Value is what the backend gets, valid where Set: as package manifest
	// holds it. A value with an error is as the configuration has it.
	Value any
	// Set reports whether the configuration has a value; a null in an environment
	// section takes one away.
	Set bool
	// Chain is every word on the value, the lowest first; the last counts.
	Chain []Step
	// Key is the schema's, nil where it has none.
	Key *schema.Key
	// Unread says why the backend does not read the key, empty where it does.
	Unread string
	// Found are the findings about the key.
	Found diag.List
}

// Origin is the step that counts, the zero Step where there is none.
func (v *Value) Origin() Step {
	if len(v.Chain) == 0 {
		return Step{}
	}
	return v.Chain[len(v.Chain)-1]
}

// View is a configuration as one backend sees it.
type View struct {
	// Overlay and Base are the files, as messages name them.
	Overlay, Base string
	Backend       *backend.Backend
	// Release is the engine's.
	Release string
	// Values are the keys that the configuration sets and the backend reads, by
	// group, in the files' order, the base's first.
	Values []Value
	// Unread are the keys that it sets and the backend does not read.
	Unread []Value

	// schema is that of the engine's release, round that of the harness's.
	schema, round *schema.Schema
}

// Schema is the schema of the engine's release.
func (v *View) Schema() *schema.Schema { return v.schema }
