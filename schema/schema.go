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
// Loading a release picks its definitions as text; a definition is parsed when
// it is asked for, so that a check pays for the keys it meets and no others.
package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// The sections of an engine. Sections of nested maps ("CompilationConfig")
// come beside these; Key.Config names them.
const (
	EngineConfig   = "engine_config"   // arguments of the engine's constructor
	SamplingConfig = "sampling_config" // parameters of a request
	EnvConfig      = "env_config"      // environment variables; the section is open
	CLIOnly        = "cli"             // arguments of the server's command line that the engine's constructor does not take
)

// Schema is what one release of one engine knows.
type Schema struct {
	Engine  string
	Release string
	// Digest is the sha256, in hex, of the release's definitions without their
	// help texts: two programs with the same digest check alike.
	Digest string

	store    *store
	release  int
	mu       sync.Mutex
	sections map[string]*Section
}

// Section is a named group of keys.
type Section struct {
	Name string

	schema  *Schema
	entries map[string]*entry
	keys    sync.Map         // parsed so far, *Key by name
	names   []string         // sorted, made when asked for, guarded by schema.mu
	lengths map[int][]string // the names by their length, each sorted, likewise
}

// Load returns the schema of a release; Resolve finds its exact name. A Schema
// may be used from several goroutines.
func Load(engine, release string) (*Schema, error) {
	st := storeOf(engine)
	if st == nil {
		return nil, unknownEngine(engine)
	}
	at, ok := st.position[release]
	if !ok {
		_, err := Resolve(engine, release)
		if err == nil {
			err = fmt.Errorf("%s %s is not the exact name of a release", engine, release)
		}
		return nil, err
	}
	return st.schema(at), nil
}

// schema picks the definitions of a release, by its index.
func (st *store) schema(at int) *Schema {
	s := &Schema{Engine: st.engine, Release: st.releases[at], store: st, release: at, sections: map[string]*Section{}}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(st.forms)) {
		hash.Write([]byte(name + ": " + st.forms[name] + "\n"))
	}
	for i := range st.entries {
		e := &st.entries[i]
		if !e.in(at) {
			continue
		}
		sec := s.sections[e.section]
		if sec == nil {
			sec = &Section{Name: e.section, schema: s, entries: map[string]*entry{}}
			s.sections[e.section] = sec
		}
		sec.entries[e.name] = e
		hash.Write([]byte(e.section))
		hash.Write([]byte{'.'})
		hash.Write([]byte(e.facts()))
		hash.Write([]byte{'\n'})
	}
	s.Digest = hex.EncodeToString(hash.Sum(nil))
	return s
}

// Section returns a section by name, nil where the release has none of that name.
func (s *Schema) Section(name string) *Section { return s.sections[name] }

// Sections are the names of all sections, sorted.
func (s *Schema) Sections() []string {
	names := make([]string, 0, len(s.sections))
	for name := range s.sections {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Key finds a key by its name. A nil section has no keys.
func (s *Section) Key(name string) (*Key, bool) {
	if s == nil {
		return nil, false
	}
	if k, ok := s.keys.Load(name); ok {
		return k.(*Key), true
	}
	e, ok := s.entries[name]
	if !ok {
		return nil, false
	}
	parsed := s.schema.store.key(e)
	parsed.schema = s.schema
	k, _ := s.keys.LoadOrStore(name, parsed) // another goroutine may have been first
	return k.(*Key), true
}

// Names are the names of all keys, sorted. The list is shared: do not change it.
func (s *Section) Names() []string {
	if s == nil {
		return nil
	}
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	if s.names == nil {
		s.names = make([]string, 0, len(s.entries))
		for name := range s.entries {
			s.names = append(s.names, name)
		}
		slices.Sort(s.names)
	}
	return s.names
}

// NamesOfLength are the names of a length in bytes, sorted: those that a
// misspelling can be of. The list is shared: do not change it.
func (s *Section) NamesOfLength(n int) []string {
	names := s.Names()
	if s == nil {
		return nil
	}
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	if s.lengths == nil {
		s.lengths = map[int][]string{}
		for _, name := range names {
			s.lengths[len(name)] = append(s.lengths[len(name)], name)
		}
	}
	return s.lengths[n]
}

// Keys are all keys, sorted by name.
func (s *Section) Keys() []*Key {
	names := s.Names()
	keys := make([]*Key, 0, len(names))
	for _, name := range names {
		k, _ := s.Key(name)
		keys = append(keys, k)
	}
	return keys
}

// Open reports whether keys that the schema does not know are allowed: any
// program may read an environment variable.
func (s *Section) Open() bool { return s != nil && s.Name == EnvConfig }

func unknownEngine(engine string) error {
	return fmt.Errorf("no engine %q; known are %s", engine, joinOr(Engines()))
}
