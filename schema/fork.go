package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// forkPrefix leads the names of the index's groups that are forks.
const forkPrefix = "forks/"

// Fork is a build of engines with keys and variables that no release has, or that takes
// more than a release does. Its sections are named as a configuration's: vllm_env_config.
type Fork struct {
	Name   string
	schema *Schema
}

// Forks are the names of the embedded forks, sorted.
func Forks() []string { return slices.Clone(forkNames()) }

var forkNames = sync.OnceValue(func() (names []string) {
	for _, group := range index(embedded).groups() {
		if name, ok := strings.CutPrefix(group, forkPrefix); ok {
			names = append(names, name)
		}
	}
	return names
})

var embeddedForks = sync.OnceValue(func() (forks []*Fork) {
	for _, name := range forkNames() {
		if f, err := LoadFork(name); err == nil {
			forks = append(forks, f)
		}
	}
	return forks
})

// LoadFork returns an embedded fork.
func LoadFork(name string) (*Fork, error) {
	open := stores()[forkPrefix+name]
	if open == nil {
		return nil, fmt.Errorf("no fork %q; known are %s", name, joinOr(Forks()))
	}
	return &Fork{name, open().schema(0)}, nil
}

// NewFork makes a fork of a schema that [Read] read.
func NewFork(name string, s *Schema) *Fork { return &Fork{name, s} }

// Key finds a key of the fork in an engine's section.
func (f *Fork) Key(engine, section, name string) (*Key, bool) {
	if f == nil {
		return nil, false
	}
	return f.schema.Section(engine + "_" + section).Key(name)
}

// Of reports whether the fork says anything about an engine.
func (f *Fork) Of(engine string) bool {
	return slices.ContainsFunc(f.schema.Sections(), func(s string) bool { return strings.HasPrefix(s, engine+"_") })
}

// Version resolves what stands behind ENGINE=: a release, a release with a fork behind it
// (0.17.1+amd-mlperf), or a fork alone (+amd-mlperf), whose release is then empty. own are
// forks that go before the embedded ones; release is exact.
func Version(engine, spec string, own []*Fork) (release string, fork *Fork, err error) {
	if release, err = Resolve(engine, spec); err == nil {
		return release, nil, nil // a release may have a local label of its own
	}
	public, name, ok := strings.Cut(strings.TrimLeft(strings.TrimSpace(spec), "="), "+")
	if !ok {
		return "", nil, err
	}
	if fork, err = forkNamed(name, own); err != nil {
		if exact, unknown := Resolve(engine, public); unknown == nil && isBuild(name) {
			return exact, nil, nil
		}
		return "", nil, err
	}
	if !fork.Of(engine) {
		return "", nil, fmt.Errorf("the fork %s says nothing about %s", name, engine)
	}
	if public != "" {
		release, err = Resolve(engine, public)
	}
	return release, fork, err
}

// isBuild reports whether a local label says for what hardware, or from which commit, a wheel
// of the release itself was built (rocm700, cu128, cpu, gd0b5dd8): no fork.
func isBuild(label string) bool {
	for _, prefix := range []string{"rocm", "cu1", "cpu", "xpu", "tpu", "musa", "neuron", "precompiled"} {
		if strings.HasPrefix(label, prefix) {
			return true
		}
	}
	commit, ok := strings.CutPrefix(label, "g")
	return ok && len(commit) > 6 && strings.Trim(commit, "0123456789abcdef.") == ""
}

func forkNamed(name string, own []*Fork) (*Fork, error) {
	for _, f := range own {
		if f.Name == name {
			return f, nil
		}
	}
	f, err := LoadFork(name)
	if err != nil && len(own) > 0 {
		names := Forks()
		for _, f := range own {
			names = append(names, f.Name)
		}
		err = fmt.Errorf("no fork %q; known are %s", name, joinOr(names))
	}
	return f, err
}

// ForksWith are the forks that have a key of an engine's section, own ones first.
func ForksWith(engine, section, key string, own []*Fork) (all []*Fork) {
	for _, f := range own {
		if _, ok := f.Key(engine, section, key); ok {
			all = append(all, f)
		}
	}
	for _, f := range embeddedForks() {
		if _, ok := f.Key(engine, section, key); ok {
			all = append(all, f)
		}
	}
	return all
}

// With returns the schema of a fork of the release: what the fork says goes before what
// the release does.
func (s *Schema) With(f *Fork) *Schema {
	if f == nil {
		return s
	}
	sum := sha256.Sum256([]byte(s.Digest + "\n" + f.schema.Digest))
	return &Schema{
		Engine: s.Engine, Release: s.Release, Fork: f.Name, Digest: hex.EncodeToString(sum[:]),
		store: s.store, release: s.release, fork: f.schema,
	}
}

// Version is the release with the fork behind it: 0.17.1+amd-mlperf.
func (s *Schema) Version() string {
	if s.Fork == "" {
		return s.Release
	}
	return s.Release + "+" + s.Fork
}

// OfFork reports whether a key is the fork's, whatever the release says of it.
func (s *Schema) OfFork(section, name string) bool {
	sec := s.Section(section)
	return sec != nil && sec.fork != nil && slices.Contains(sec.fork.Names(), name)
}

// ownKey is the fork's definition of a key, as one of the section.
func (s *Section) ownKey(name string) (*Key, bool) {
	own, ok := s.fork.Key(name)
	if !ok {
		return nil, false
	}
	k := *own
	k.Section, k.schema = s.Name, s.schema
	if e, known := s.schema.store.find(s.Name, s.from, s.to, name, s.schema.release); known {
		// What the fork takes differs, how it is given does not.
		release := s.schema.store.key(e)
		k.Flag, k.Default, k.HasDefault, k.Config = release.Flag, release.Default, release.HasDefault, release.Config
	}
	return &k, true
}
