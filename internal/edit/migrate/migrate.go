// Package migrate brings configuration of the older format, which Hydra read, into
// the current one. Comments stay. What the current format has no place for
// becomes a comment, and a Change says why.
//
//	result, found := migrate.File("server_mi325x.yaml", data, source.OmegaConf23)
//	if result != nil { use(result.Text, result.Changes) }
//
// The older format is that of AMD's harness of MLPerf Inference v4.1 and v5.0: one
// file a use case, read into data classes, whose defaults are in older.go.
package migrate

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
	"mlcfg/schema"
)

// Kind says what became of a key.
type Kind string

// The kinds of Change.
const (
	Renamed  Kind = "renamed"  // the same value under another name
	Computed Kind = "computed" // a value made of older ones
	Added    Kind = "added"    // what the older format had as its default
	Dropped  Kind = "dropped"  // said nothing, or nothing that has an effect
	Lost     Kind = "lost"     // could not be carried: a comment now
)

// Change is what became of one key.
type Change struct {
	Kind Kind
	// Key is the path in the older file, To in the current one; either may be empty.
	Key, To string
	// Pos is the place in the older file; without a line where there is none.
	Pos diag.Pos
	// Reason says why, empty for a plain new name.
	Reason string
}

// Result is a migrated file.
type Result struct {
	// Text is in canonical layout.
	Text []byte
	// Changes are in the order of the older file, added keys last.
	Changes []Change
}

// File migrates a file. The result is nil where the file has errors, which are in
// the list, and where it is not of the older format.
func File(name string, data []byte, dialect source.Dialect) (*Result, diag.List) {
	doc, found := dialect.ParseDocument(name, data)
	if doc == nil {
		return nil, found
	}
	if !older(doc.Root) {
		return nil, nil
	}
	m := &migrator{doc: doc}
	m.top()
	layout.Sort(doc, schema.Shared().Section(topSection).Declared())
	slices.SortStableFunc(m.changes, func(a, b Change) int {
		if (a.Pos.Line == 0) != (b.Pos.Line == 0) {
			return b.Pos.Line - a.Pos.Line // those without a place last
		}
		return a.Pos.Compare(b.Pos)
	})
	text := layout.Print(doc)
	if _, faults := dialect.ParseDocument(name, text); faults.HasErrors() {
		d := faults[0]
		d.Message = "its anchors hold together what the current format parts: " + d.Message
		d.Pos, d.Hint = diag.Pos{File: name}, "write the values instead of the aliases, then migrate"
		return nil, diag.List{d}
	}
	return &Result{Text: text, Changes: m.changes}, nil
}

// Names of sections of the schema and of keys that rules here speak of.
const (
	topSection     = "config"
	harnessSection = "harness_config"
	retiredSection = "retired"
)

// older reports whether a file has a key that the current format has not.
func older(root *source.Node) bool {
	retired := schema.Shared().Section(retiredSection)
	old := func(f source.Field) bool { _, ok := retired.Key(f.Key); return ok }
	if slices.ContainsFunc(root.Fields, old) {
		return true
	}
	harness := root.Lookup(harnessSection)
	return harness != nil && slices.ContainsFunc(harness.Fields, old)
}

type migrator struct {
	doc     *source.Document
	changes []Change
}

func (m *migrator) say(kind Kind, key, to string, pos diag.Pos, format string, args ...any) {
	m.changes = append(m.changes, Change{kind, key, to, pos, fmt.Sprintf(format, args...)})
}

// top migrates the keys at the top of the file.
func (m *migrator) top() {
	config, retired := schema.Shared().Section(topSection), schema.Shared().Section(retiredSection)
	root := &list{m: m, entries: m.doc.Entries}
	for _, e := range slices.Clone(root.entries) {
		name := layout.KeyOf(e)
		pos := posOf(e)
		key, isRetired := retired.Key(name)
		to := ""
		if isRetired {
			to, _ = key.Enum[0].(string)
		}
		if name == olderEnv && m.doc.Root.Lookup(currentEnv) == nil {
			to = currentEnv // the older format knew one engine
		}
		_, known := config.Key(name)
		_, renamed := config.Key(to)
		switch {
		case e.Key == nil:
			root.lose(e, "<<", "an alias or merge key at the top of a file")
		case name == "defaults":
			m.defaults(root, e)
		case renamed && root.find(to) != nil:
			root.lose(e, name, "the file has "+to+" too")
		case renamed:
			e.Key = source.Text(to)
			m.say(Renamed, name, to, pos, "%s", map[bool]string{true: "the older format knew vLLM only"}[name == olderEnv])
		case !known:
			root.lose(e, name, "the current format has no "+name)
		}
	}
	for _, name := range []string{"vllm_engine_config", "vllm_sampling_config"} {
		if e := root.find(name); e != nil && e.Value.Kind == source.Map {
			m.engine(e, strings.TrimPrefix(name, "vllm_"))
		}
	}
	m.harness(root)
	m.addDefaults(root)
	m.doc.Entries, m.doc.Foot = root.entries, append(root.foot, m.doc.Foot...)
}

// defaults migrates Hydra's list of files to start from.
func (m *migrator) defaults(root *list, e *source.Entry) {
	for _, item := range e.Value.Entries {
		if item.Value.Scalar == nil || item.Value.Scalar.Str != "_self_" {
			root.lose(e, "defaults", "Hydra put other files together; here there is one base, config.yaml, found upwards")
			return
		}
	}
	root.drop(e, "defaults", "the base is found upwards")
}

// engine looks for keys that no release of vLLM has.
func (m *migrator) engine(section *source.Entry, schemaSection string) {
	l := &list{m: m, entries: section.Value.Entries, foot: section.Foot}
	older := map[string]string{schema.EngineConfig: "llm_config", schema.SamplingConfig: "sampling_params"}[schemaSection]
	for _, e := range slices.Clone(l.entries) {
		name := layout.KeyOf(e)
		if e.Key == nil || len(schema.History(backend.VLLM, schemaSection, name)) > 0 {
			continue
		}
		path := older + "." + name
		if v := e.Value; v.Kind == source.Null || v.Scalar != nil && (v.Scalar.Str == "None" || v.Kind == source.Bool && !v.Scalar.Bool) {
			l.drop(e, path, "no release of vLLM has it, and it asks for nothing")
			continue
		}
		l.lose(e, path, "no release of vLLM has it: it was of a fork")
	}
	l.store(section)
}

func posOf(e *source.Entry) diag.Pos {
	if e.Key == nil {
		return diag.Pos{}
	}
	return e.Key.Pos
}
