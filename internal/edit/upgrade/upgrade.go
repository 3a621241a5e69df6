// Package upgrade tells what changes for a configuration when its engine goes
// from one release to another, and which edits of an overlay are safe.
//
//	changes := upgrade.Compare(tree, backend, from, to)
//	text, done := upgrade.Edit(doc, data, changes)
package upgrade

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// Kind says what changes for a key.
type Kind string

// The kinds, in the order in which a report has them.
const (
	Named      Kind = "release"     // what names the release in a file that starts the engine
	Removed    Kind = "removed"     // the release does not know the key
	Refused    Kind = "refused"     // the release does not take the value that is set
	Deprecated Kind = "deprecated"  // still taken, advised against
	Default    Kind = "new-default" // not set, so that the engine's value changes silently
)

// Change is one thing that changes. Places are of keys that the configuration sets.
type Change struct {
	Kind Kind `json:"kind"`
	// Key is the full dotted path, Backend the engine's.
	Key     string   `json:"key"`
	Backend string   `json:"backend"`
	Pos     diag.Pos `json:"-"`
	// Layer is base or overlay where the key is set, empty where it is not.
	Layer   string `json:"layer,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	// Old and New are the default's values for Default.
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
	// Rename and Drop are the safe edit, neither where there is none.
	Rename string `json:"rename,omitempty"`
	Drop   bool   `json:"drop,omitempty"`
}

// Breaks reports whether the release would refuse the configuration for this.
func (c *Change) Breaks() bool { return c.Kind == Removed || c.Kind == Refused }

// Compare returns what changes for a merged configuration between two releases of
// a backend's engine, sorted by section, kind and key.
func Compare(tree *merge.Tree, b *backend.Backend, from, to *schema.Schema) []Change {
	c := comparer{tree: tree, backend: b, from: from, to: to}
	for _, s := range []struct{ section, name string }{
		{schema.EngineConfig, b.EngineSection()},
		{schema.SamplingConfig, b.SamplingSection()},
		{schema.EnvConfig, "env_config"},
		{schema.EnvConfig, b.Engine + "_env_config"},
		{schema.CLIOnly, check.CLISection}, // of a launch
	} {
		c.section(s.section, s.name)
	}
	return c.changes
}

type comparer struct {
	tree     *merge.Tree
	backend  *backend.Backend
	from, to *schema.Schema
	changes  []Change
}

func (c *comparer) section(section, name string) {
	t := c.tree.Lookup(name)
	if t == nil {
		return
	}
	start := len(c.changes)
	set := map[string]bool{}
	for _, f := range t.Fields {
		set[f.Key] = true
		c.field(section, f)
	}
	if section != schema.EnvConfig {
		c.defaults(section, name, set)
	}
	slices.SortStableFunc(c.changes[start:], func(a, b Change) int {
		return cmp.Or(cmp.Compare(order(a.Kind), order(b.Kind)), a.Pos.Compare(b.Pos), cmp.Compare(a.Key, b.Key))
	})
}

func order(k Kind) int { return slices.Index([]Kind{Named, Removed, Refused, Deprecated, Default}, k) }

// field compares a key that is set.
func (c *comparer) field(section string, t *merge.Tree) {
	old, known := c.from.Section(section).Key(t.Key)
	if !known && section == schema.EngineConfig { // a former name, which the command line of the release still takes
		if old, known = c.from.Section(schema.CLIOnly).Key(t.Key); known {
			known = old.Deprecated != ""
		}
	}
	if !known {
		return // a fault of the configuration, or a name of the site's own
	}
	now, still := c.to.Section(section).Key(t.Key)
	for i, w := range t.Chain {
		if w.Node == nil {
			continue
		}
		wins := i == len(t.Chain)-1
		value := w.Node.Interface()
		change := Change{
			Key: t.Path, Backend: c.backend.Name, Pos: w.KeyPos, Layer: w.Layer, File: w.KeyPos.File, Line: w.KeyPos.Line,
		}
		switch {
		case !still: // wherever it is set, also below another layer
			change.Kind = Removed
			c.removed(&change, section, t.Key, old, value)
		case section == schema.EnvConfig || !wins:
			continue // values of the environment are text to the engine
		case refuses(now, value) && !refuses(old, value):
			change.Kind = Refused
			change.Message = fmt.Sprintf("%s takes %s, not %v", c.to.Release, now.Want(), value)
		case now.Deprecated != "" && old.Deprecated == "":
			change.Kind = Deprecated
			change.Message = "deprecated: " + oneLine(now.Deprecated)
		default:
			continue
		}
		c.changes = append(c.changes, change)
	}
}

func refuses(k *schema.Key, value any) bool { return value != nil && len(k.Check(value)) > 0 }

// removed says what is known of a key's end, and which edit is safe.
func (c *comparer) removed(change *Change, section, name string, old *schema.Key, value any) {
	last := ""
	if runs := schema.History(c.from.Engine, section, name); len(runs) > 0 {
		for _, run := range runs {
			if schema.CompareReleases(run.Last, c.to.Release) < 0 {
				last = run.Last
			}
		}
	}
	change.Message = "not in " + c.to.Release
	if last != "" {
		change.Message += ", last in " + last
	}
	note, noted := schema.Gone(c.from.Engine, c.to.Release, section, name)
	if noted {
		change.Message += ": " + oneLine(note.Text)
	}
	switch {
	case noted && note.Replaced != "":
		change.Message += "; " + note.Replaced + " takes its place"
		next, ok := c.to.Section(section).Key(note.Replaced)
		if taken := c.tree.Lookup(append(strings.Split(change.Key, ".")[:1], note.Replaced)...); ok && taken == nil && !refuses(next, value) {
			change.Rename = note.Replaced
		}
	case noted && note.Drop:
		change.Drop = true
	case old.HasDefault && equal(value, old.Default):
		change.Message += "; it is set to the default that it had"
		change.Drop = true
	}
}

// defaults finds keys that are not set and whose default changes.
func (c *comparer) defaults(section, name string, set map[string]bool) {
	for _, old := range c.from.Section(section).Keys() {
		now, still := c.to.Section(section).Key(old.Name)
		if set[old.Name] || !still || !old.HasDefault || !now.HasDefault || equal(old.Default, now.Default) {
			continue
		}
		c.changes = append(c.changes, Change{
			Kind: Default, Key: name + "." + old.Name, Backend: c.backend.Name, Old: old.Default, New: now.Default,
			Message: fmt.Sprintf("not set: the engine's %s becomes %s", show(old.Default), show(now.Default)),
		})
	}
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

// equal compares values; 1 and 1.0 are equal.
func equal(a, b any) bool {
	x, isX := schema.Number(a)
	y, isY := schema.Number(b)
	if isX && isY {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
