package compile

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// version is what a configuration is checked against: a release of the engine, and a fork
// of it or none.
type version struct {
	release string
	fork    *schema.Fork
	// why says why it was chosen, empty where the user named the release.
	why string
}

// namedVersion is what the user named, or why that is nothing.
type namedVersion struct {
	version

	err error
}

// version is the engine's: the user's word, or the newest release that knows the most of
// the configuration's keys; a fork goes with that where it has keys that no such release has.
func (c *Compiler) version(b *backend.Backend, tree *merge.Tree) (v version, err error) {
	if named, ok := c.named[b.Engine]; ok {
		if v = named.version; named.err != nil || v.release != "" {
			return v, named.err
		}
	}
	keys := map[string][]string{}
	ofFork := 0
	for section, name := range map[string]string{schema.EngineConfig: b.EngineSection(), schema.SamplingConfig: b.SamplingSection()} {
		if t := tree.Lookup(name); t != nil {
			for _, f := range t.Fields {
				if _, own := v.fork.Key(b.Engine, section, f.Key); own && len(schema.History(b.Engine, section, f.Key)) == 0 {
					ofFork++
					continue
				}
				keys[section] = append(keys[section], f.Key)
			}
		}
	}
	release, said := schema.Infer(b.Engine, keys)
	values := ""
	if upTo, key := lastTaking(b, tree); upTo != "" && schema.CompareReleases(upTo, release) < 0 {
		older, saidOlder := schema.Infer(b.Engine, keys, releasesUpTo(b.Engine, upTo)...)
		if saidOlder.Known == said.Known { // as many keys, and every value
			release, said, values = older, saidOlder, "; newer ones do not take "+key
		}
	}
	v.release = release
	if v.fork == nil {
		v.fork = c.forkFor(b.Engine, said.Unknown)
	}
	if v.why = said.String() + values; v.fork == nil {
		return v, nil
	}
	for _, key := range said.Unknown {
		section, name, _ := strings.Cut(key, ".")
		if _, own := v.fork.Key(b.Engine, section, name); own {
			ofFork++
		}
	}
	if ofFork > 0 {
		v.why += fmt.Sprintf("; the fork %s has %d more", v.fork.Name, ofFork)
	}
	return v, nil
}

// lastTaking is the last release that takes every value of which newer ones do not take the
// letters' case, with the entry that says so; empty for any.
func lastTaking(b *backend.Backend, tree *merge.Tree) (last, entry string) {
	for _, section := range []string{b.EngineSection(), b.SamplingSection()} {
		for _, key := range schema.Takes().Section(section).Keys() {
			value := tree.Lookup(section, key.Name).Interface()
			if key.Until != "" && key.InLowerCase(value) != "" && (last == "" || schema.CompareReleases(key.Until, last) < 0) {
				last, entry = key.Until, fmt.Sprintf("%s: %v", key.Name, value)
			}
		}
	}
	return last, entry
}

func releasesUpTo(engine, last string) []string {
	return slices.DeleteFunc(schema.Releases(engine), func(r string) bool { return schema.CompareReleases(r, last) > 0 })
}

// forkFor is the first fork that has one of the keys that no release has.
func (c *Compiler) forkFor(engine string, unknown []string) *schema.Fork {
	for _, key := range unknown {
		section, name, _ := strings.Cut(key, ".")
		if forks := schema.ForksWith(engine, section, name, c.options.Forks); len(forks) > 0 {
			return forks[0]
		}
	}
	return nil
}

// schema returns that of a version, the same for all configurations.
func (c *Compiler) schema(engine string, v version) (*schema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := engine + " " + v.release
	if v.fork != nil {
		id += "+" + v.fork.Name
	}
	if s := c.schemas[id]; s != nil {
		return s, nil
	}
	s, err := schema.Load(engine, v.release)
	if err != nil {
		return nil, err
	}
	s = s.With(v.fork)
	c.schemas[id] = s
	return s, nil
}
