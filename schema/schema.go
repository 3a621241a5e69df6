// Package schema holds what every configuration key is: its type, range,
// default, help text and the releases of the engine that know it. The truth is
// in the CUE files beside this one; everything else is derived from them.
//
//	release, err := schema.Resolve("vllm", "0.10.1")
//	vllm, err := schema.Load("vllm", release)
//	key, ok := vllm.Section("engine_config").Key("max_num_seqs")
//	faults := key.Check(int64(256))
//
// The files under vllm/ and sglang/ hold every key of every release once for
// each definition it ever had, with the releases it lived in as an attribute.
// The importer makes schema.idx out of them, which is embedded: a key is found in
// it and decoded when it is asked for, so that a check pays for the keys it meets
// and no others, and a program reads no CUE.
package schema

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// The sections of an engine. Sections of nested maps ("CompilationConfig")
// come beside these; Key.Config names them.
const (
	EngineConfig      = "engine_config"      // arguments of the engine's constructor
	SamplingConfig    = "sampling_config"    // parameters of a request
	EnvConfig         = "env_config"         // environment variables; the section is open
	EnvPrefixes       = "env_prefixes"       // prefixes of variables that the engine copies to names with another one
	BuiltIn           = "built_in"           // texts that the engine holds an argument to when it starts, where the type takes any
	CompletionRequest = "completion_request" // fields of a request to /v1/completions; the server ignores others
	ChatRequest       = "chat_request"       // the same of /v1/chat/completions
	CLIOnly           = "cli"                // arguments of the server's command line that the engine's constructor does not take
)

// Schema is what one release of one engine knows.
type Schema struct {
	Engine  string
	Release string
	// Digest is the sha256, in hex, of the release's definitions without their
	// help texts: two programs with the same digest check alike.
	Digest string

	// Fork names the fork whose keys are among those of the release, empty for none.
	Fork string

	store   *store
	release int
	fork    *Schema
	// sections are those that were asked for, nil for one that the release has not.
	sections memo[string, *Section]
}

// Section is a named group of keys.
type Section struct {
	Name string

	schema   *Schema
	from, to int                // the definitions of all releases in the store
	fork     *Section           // what the fork adds; nil for nothing
	known    memo[string, *Key] // those that were asked for, nil for what is no key
	nearest  memo[string, string]
	// all, names and lengths (the names by their length) are made when they are asked for.
	all     func() []*Key
	names   func() []string
	lengths func() map[int][]string
}

// Load returns the schema of a release; Resolve finds its exact name. A Schema
// may be used from several goroutines.
func Load(engine, release string) (*Schema, error) {
	st := storeOf(engine)
	if st == nil {
		return nil, unknownEngine(engine)
	}
	at, ok := st.position(release)
	if !ok {
		_, err := Resolve(engine, release)
		if err == nil {
			err = fmt.Errorf("%s %s is not the exact name of a release", engine, release)
		}
		return nil, err
	}
	return st.schema(at), nil
}

// Read returns the schema of a group's release out of an index that [Encode] made; the
// embedded one is read by [Load].
func Read(encoded []byte, group, release string) (*Schema, error) {
	ix := index(encoded)
	if !ix.valid() {
		return nil, fmt.Errorf("no index of the form %q", indexMagic)
	}
	st := ix.open(group)
	if st == nil {
		return nil, fmt.Errorf("the index has no group %q", group)
	}
	at, ok := st.position(release)
	if !ok {
		return nil, fmt.Errorf("the index has no release %q of %s", release, group)
	}
	return st.schema(at), nil
}

// schema is that of a release, by its index: one for all who ask, so that a key is
// decoded once.
func (st *store) schema(at int) *Schema {
	if s := st.schemas[at].Load(); s != nil {
		return s
	}
	st.schemas[at].CompareAndSwap(nil, st.newSchema(at)) // another goroutine may have been first
	return st.schemas[at].Load()
}

func (st *store) newSchema(at int) *Schema {
	s := &Schema{Engine: st.engine, Release: st.releases[at], Digest: st.digest(at), store: st, release: at}
	if s.Release == "" {
		s.Engine = "" // of no engine
	}
	return s
}

// Section returns a section by name, nil where the release has none of that name.
func (s *Schema) Section(name string) *Section {
	if sec, known := s.sections.get(name); known {
		return sec
	}
	var sec *Section
	from, to := s.store.section(name)
	for i := from; i < to; i++ {
		if s.store.entry(name, i).in(s.release) {
			sec = newSection(name, s, from, to)
			break
		}
	}
	if s.fork != nil {
		if own := s.fork.Section(s.Engine + "_" + name); own != nil {
			if sec == nil {
				sec = newSection(name, s, 0, 0)
			}
			sec.fork = own
		}
	}
	return s.sections.put(name, sec, maxKept)
}

// Sections are the names of all sections, sorted.
func (s *Schema) Sections() (names []string) {
	for i := range s.store.sections.count {
		if name := s.store.index.text(s.store.sections.at + i*sectionSize); s.Section(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// Key finds a key by its name. A nil section has no keys.
func (s *Section) Key(name string) (*Key, bool) {
	if s == nil {
		return nil, false
	}
	if k, known := s.known.get(name); known {
		return k, k != nil
	}
	decoded, ok := s.ownKey(name)
	if !ok {
		e, ok := s.schema.store.find(s.Name, s.from, s.to, name, s.schema.release)
		if !ok {
			s.known.put(name, nil, maxKept)
			return nil, false
		}
		decoded = s.schema.store.key(e)
		decoded.schema = s.schema
	}
	return s.known.put(name, decoded, math.MaxInt), true
}

// Names are the names of all keys, sorted. The list is shared: do not change it.
func (s *Section) Names() []string {
	if s == nil {
		return nil
	}
	return s.names()
}

// NamesOfLength are the names of a length in bytes, sorted: those that a
// misspelling can be of. The list is shared: do not change it.
func (s *Section) NamesOfLength(n int) []string {
	if s == nil {
		return nil
	}
	return s.lengths()[n]
}

// Nearest is [Nearest] among the section's names. It compares with every name, so that answers
// are kept: a thousand overlays have the same few variables that no release knows.
func (s *Section) Nearest(name string) string {
	if s == nil {
		return ""
	}
	if near, known := s.nearest.get(name); known {
		return near
	}
	return s.nearest.put(name, Nearest(s.Names(), name), maxKept)
}

// Keys are all keys, sorted by name. The list is shared: do not change it.
func (s *Section) Keys() []*Key {
	if s == nil {
		return nil
	}
	return s.all()
}

func newSection(name string, of *Schema, from, to int) *Section {
	s := &Section{Name: name, schema: of, from: from, to: to}
	s.names = sync.OnceValue(s.allNames)
	s.lengths = sync.OnceValue(func() map[int][]string {
		lengths := map[int][]string{}
		for _, name := range s.names() {
			lengths[len(name)] = append(lengths[len(name)], name)
		}
		return lengths
	})
	s.all = sync.OnceValue(func() []*Key {
		names := s.names()
		keys := make([]*Key, len(names))
		for i, name := range names {
			keys[i], _ = s.Key(name)
		}
		return keys
	})
	return s
}

func (s *Section) allNames() (names []string) {
	for i := s.from; i < s.to; i++ {
		if e := s.schema.store.entry(s.Name, i); e.in(s.schema.release) {
			names = append(names, e.name)
		}
	}
	if s.fork != nil {
		names = append(names, s.fork.Names()...)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	return names
}

// Open reports whether keys that the schema does not know are allowed: any
// program may read an environment variable.
func (s *Section) Open() bool { return s != nil && s.Name == EnvConfig }

func unknownEngine(engine string) error {
	return fmt.Errorf("no engine %q; known are %s", engine, joinOr(Engines()))
}
