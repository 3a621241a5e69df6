package schema

import (
	"encoding/hex"
	"slices"
	"sync"
	"sync/atomic"
)

// Engines are the engines with embedded schemas, sorted.
func Engines() []string {
	names := index(embedded).groups()
	return slices.DeleteFunc(names, func(name string) bool { return isHandWritten(name) })
}

// Releases are the releases of an engine, or the rounds of the harness, with an embedded
// schema, oldest first;
// nil for an unknown engine.
func Releases(engine string) []string {
	st := storeOf(engine)
	if st == nil {
		return nil
	}
	return slices.Clone(st.releases)
}

// entry is one definition of one key, not yet decoded.
type entry struct {
	section, name string
	first, last   int // indexes into store.releases, inclusive
	body          int
}

func (e entry) in(release int) bool { return e.first <= release && release <= e.last }

// store is an open group of the index: an engine, or a hand-written schema.
type store struct {
	index    index
	engine   string
	releases []string

	sections, definitions, notes table
	digests                      int
	patterns                     sync.Map                 // compiled on demand, by their text
	schemas                      []atomic.Pointer[Schema] // of the releases, made on demand
	keys                         memo[definitionsOf, []*Key]

	flagTable
}

// The index never changes, so each group is opened once.
var stores = sync.OnceValue(func() map[string]func() *store {
	all := map[string]func() *store{}
	for _, name := range index(embedded).groups() {
		all[name] = sync.OnceValue(func() *store { return index(embedded).open(name) })
	}
	return all
})

// storeOf returns the store of an engine or of the harness, nil for an unknown engine.
func storeOf(engine string) *store {
	open := stores()[engine]
	if open == nil || engine != Harness && isHandWritten(engine) {
		return nil
	}
	return open()
}

// position finds a release by its exact name.
func (st *store) position(release string) (int, bool) {
	at := slices.Index(st.releases, release)
	return at, at >= 0
}

func (st *store) digest(release int) string {
	at := st.digests + release*releaseSize
	return hex.EncodeToString([]byte(st.index[at : at+32]))
}

// section returns the entries [from, to) of a section, none where there is no such section.
func (st *store) section(name string) (from, to int) {
	i := st.index.search(st.sections, sectionSize, 0, st.sections.count, name)
	at := st.sections.at + i*sectionSize
	if i == st.sections.count || st.index.text(at) != name {
		return 0, 0
	}
	from = st.index.uint32(at + stringSize)
	return from, from + st.index.uint32(at+stringSize+4)
}

// entry reads the record of a definition.
func (st *store) entry(section string, i int) entry {
	at := st.definitions.at + i*definitionSize
	return entry{
		section: section, name: st.index.text(at),
		first: st.index.uint16(at + stringSize), last: st.index.uint16(at + stringSize + 2), body: st.index.uint32(at + stringSize + 4),
	}
}

// find returns the entry of a key in a release, among the definitions [from, to) of
// its section.
func (st *store) find(section string, from, to int, name string, release int) (entry, bool) {
	for i := st.index.search(st.definitions, definitionSize, from, to, name); i < to; i++ {
		e := st.entry(section, i)
		if e.name != name {
			break
		}
		if e.in(release) {
			return e, true
		}
	}
	return entry{}, false
}

// named returns the entries of a key, oldest first.
func (st *store) named(section, key string) (found []entry) {
	from, to := st.section(section)
	for i := st.index.search(st.definitions, definitionSize, from, to, key); i < to; i++ {
		e := st.entry(section, i)
		if e.name != key {
			break
		}
		found = append(found, e)
	}
	return found
}
