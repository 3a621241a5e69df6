//go:build !split

// A Site holds a configuration to schemas of the site's own: CUE files in
// the shape of a configuration, which narrow what a key may be and add keys.
//
//	harness_config: {
//		// Above 30 the network is the limit, not the engine.
//		target_qps?: <=30 @message("the lab's network carries 30 queries a second")
//		// Which experiment a run belongs to.
//		experiment!: string
//	}
//
//	s, found, err := ReadSite([]string{"site/policy.cue"})
//	for _, v := range s.Check([]string{"harness_config", "target_qps"}, int64(50)) { ... }
//
// Keys are held one by one: a file that fits nowhere else hides nothing. A null
// means "not set", and only a key with "!" asks for a value.

package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"

	"mlcfg/internal/diag"
	"mlcfg/internal/plainfile"
)

// Site is the site's files together. A nil Site says nothing about any key.
// It may be used from several goroutines.
type Site struct {
	// Digest is the sha256 of the files, in hex: the same digest checks alike.
	Digest string

	mu    sync.Mutex // CUE gives no word about values in several goroutines
	roots []cue.Value
	// known are the words that were looked up already, by the path's steps.
	known map[string][]cue.Value
}

// maxKnown bounds the words that are kept.
const maxKnown = 1 << 14

// ReadSite reads a site's files, nil for none. The error says that one could not be
// read; what is wrong in one is a finding.
func ReadSite(files []string) (*Site, diag.List, error) {
	if len(files) == 0 {
		return nil, nil, nil
	}
	ctx := cuecontext.New()
	s := &Site{known: map[string][]cue.Value{}}
	var found diag.List
	hash := sha256.New()
	for _, file := range files {
		v, said, err := readCUE(ctx, file)
		if err != nil {
			return nil, nil, err
		}
		found.Add(said...)
		s.roots = append(s.roots, v)
		data, err := plainfile.Read(context.Background(), file, maxCUE)
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", file, err)
		}
		fmt.Fprintf(hash, "%d\n", len(data))
		hash.Write(data)
	}
	s.Digest = hex.EncodeToString(hash.Sum(nil))
	if found.HasErrors() {
		return nil, found, nil
	}
	return s, found, nil
}

// Has reports whether the site says anything about a key.
func (s *Site) Has(path ...string) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.words(path)) > 0
}

// Check returns what the site does not want of a key's value: plain data, as of
// schema.Key.Check.
func (s *Site) Check(path []string, value any) []Violation {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.check(path, value)
}

func (s *Site) check(path []string, value any) (all []Violation) {
	if value == nil {
		return nil
	}
	inside := false
	for _, word := range s.words(path) {
		if _, isMap := value.(map[string]any); isMap && word.IncompleteKind()&cue.StructKind != 0 {
			inside = true
			continue
		}
		data := cuecontext.New().Encode(value, cue.NilIsAny(false))
		if word.Err() != nil || word.Unify(data).Validate(cue.Concrete(true)) != nil {
			all = append(all, violation(path, word))
		}
	}
	if m, ok := value.(map[string]any); ok && inside {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			all = append(all, s.check(append(slices.Clone(path), name), m[name])...)
		}
	}
	return all
}

func violation(path []string, word cue.Value) Violation {
	v := Violation{Path: path, Hint: doc(word)}
	v.Pos, _ = Places(word)
	if message := word.Attribute("message"); message.Err() == nil {
		v.Message, _ = message.String(0)
	}
	switch {
	case v.Message != "":
	case word.Err() != nil:
		v.Message = "the site does not want this key"
	default:
		v.Message = "the site wants " + want(word)
	}
	return v
}

func want(word cue.Value) string {
	if word.IncompleteKind() == cue.StructKind {
		return "a map"
	}
	return fmt.Sprint(word)
}

// Want says what the site wants of a key, in CUE, with the comment above it;
// empty where it says nothing.
func (s *Site) Want(path ...string) (wants, comment string) {
	if s == nil {
		return "", ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all, comments []string
	for _, word := range s.words(path) {
		all = append(all, want(word))
		if c := doc(word); c != "" {
			comments = append(comments, c)
		}
	}
	return strings.Join(all, " & "), strings.Join(comments, " ")
}

// Keys are the names that the site has at a path, in the files' order. A name
// that two files have is there twice.
func (s *Site) Keys(path ...string) (keys []Key) {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, word := range s.words(path) {
		fields, err := word.Fields(cue.Optional(true))
		if err != nil {
			continue
		}
		for fields.Next() {
			pos, _ := Places(fields.Value())
			keys = append(keys, Key{fields.Selector().Unquoted(), pos, doc(fields.Value()), fields.Selector().ConstraintType() == cue.RequiredConstraint})
		}
	}
	return keys
}

// words are what the files say about a path, those that say something.
func (s *Site) words(path []string) []cue.Value {
	id := strings.Join(path, "\x00")
	if words, ok := s.known[id]; ok {
		return words
	}
	var words []cue.Value
	for _, root := range s.roots {
		if v, ok := descend(root, path); ok {
			words = append(words, v)
		}
	}
	if len(s.known) < maxKnown {
		s.known[id] = words
	}
	return words
}

func descend(v cue.Value, path []string) (cue.Value, bool) {
	for _, step := range path {
		if v.IncompleteKind()&cue.StructKind == 0 {
			return v, false
		}
		var ok bool
		if v, ok = lookup(v, step); !ok {
			return v, false
		}
	}
	return v, true
}

// lookup finds a name in a section: as a field, required, optional, or by a
// pattern of the section.
func lookup(v cue.Value, step string) (cue.Value, bool) {
	name := cue.Str(step)
	for _, selector := range []cue.Selector{name, name.Required(), name.Optional()} {
		if field := v.LookupPath(cue.MakePath(selector)); field.Exists() {
			return field, true
		}
	}
	// A pattern holds for a name once the name is there.
	with := v.Unify(cuecontext.New().BuildExpr(ast.NewStruct(ast.NewString(step), ast.NewIdent("_"))))
	field := with.LookupPath(cue.MakePath(name))
	return field, field.Exists() && field.Err() == nil && field.IncompleteKind() != cue.TopKind
}

// doc is the comment above a key, on one line.
func doc(v cue.Value) string {
	var text []string
	for _, group := range v.Doc() {
		text = append(text, strings.Fields(group.Text())...)
	}
	return strings.Join(text, " ")
}
