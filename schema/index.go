package schema

import (
	_ "embed"
	"encoding/binary"
	"math"
	"math/big"
	"strings"
	"sync/atomic"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
)

// The index is what the importer makes out of the CUE files, by CUE's own reader: every
// definition already taken apart, so that a program finds one key by a binary search and
// decodes that key and nothing else. It is embedded, which maps it into memory; opening it
// reads a few bytes. "make schema-index" writes it, and a test holds it to the CUE files.
//
// The file is a magic line and then tables that point into it. Numbers are little-endian
// uint32 where nothing else is said; a string is its offset and its length.
//
//	magic     indexMagic, which names the version of the form
//	groups    count, offset: one per engine, and one per hand-written schema; sorted by name
//	  group     name; count and offset of its releases, sections, definitions and notes
//	  release   name, 32 bytes of digest; oldest first
//	  section   name, first definition, number of definitions; sorted by name
//	  definition  name, first and last release (uint16 each), offset of its body;
//	            sorted by section, name and first release
//	  note      section, key, text, replaced, source, and 1 where the key can be dropped; sorted
//
// A body is the rest of a definition in the order in which writeBody writes it: uvarints,
// strings as uvarint offset and length, values behind a byte that tells their type.

//go:generate go run ../tools/schemaindex .

//go:embed schema.idx
var embedded string

const (
	indexMagic = "mlcfg schema index 3\n"

	stringSize     = 8
	groupSize      = stringSize + 4*8
	releaseSize    = stringSize + 32
	sectionSize    = stringSize + 8
	definitionSize = stringSize + 8
	noteSize       = 5*stringSize + 4
)

// index is the text of an index.
type index string

func (ix index) uint32(at int) int {
	return int(ix[at]) | int(ix[at+1])<<8 | int(ix[at+2])<<16 | int(ix[at+3])<<24
}

func (ix index) uint16(at int) int { return int(ix[at]) | int(ix[at+1])<<8 }

func (ix index) text(at int) string {
	from := ix.uint32(at)
	return string(ix[from : from+ix.uint32(at+4)])
}

// table is a run of records of one size.
type table struct{ count, at int }

func (ix index) table(at int) table { return table{ix.uint32(at), ix.uint32(at + 4)} }

// search returns the number of records of [from, to) before which text goes; each
// record starts with the string that the table is sorted by.
func (ix index) search(t table, size, from, to int, text string) int {
	for from < to {
		middle := int(uint(from+to) >> 1)
		if ix.text(t.at+middle*size) < text {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from
}

// groups are the names of what the index holds, sorted.
func (ix index) groups() []string {
	t := ix.table(len(indexMagic))
	names := make([]string, t.count)
	for i := range names {
		names[i] = ix.text(t.at + i*groupSize)
	}
	return names
}

// open returns the store of a group, nil where there is none of that name.
func (ix index) open(group string) *store {
	t := ix.table(len(indexMagic))
	i := ix.search(t, groupSize, 0, t.count, group)
	at := t.at + i*groupSize
	if i == t.count || ix.text(at) != group {
		return nil
	}
	st := &store{index: ix, engine: group}
	at += stringSize
	releases := ix.table(at)
	st.sections, st.definitions, st.notes = ix.table(at+8), ix.table(at+16), ix.table(at+24)
	st.digests = releases.at + stringSize
	st.releases = make([]string, releases.count)
	st.schemas = make([]atomic.Pointer[Schema], releases.count)
	for i := range st.releases {
		st.releases[i] = ix.text(releases.at + i*releaseSize)
	}
	return st
}

// reader decodes a body.
type reader struct {
	st *store
	at int
}

func (r *reader) byte() byte {
	b := r.st.index[r.at]
	r.at++
	return b
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (r *reader) int() int { return int(r.uvarint()) }

func (r *reader) text() string {
	from := r.int()
	return string(r.st.index[from : from+r.int()])
}

func (r *reader) texts() []string {
	list := make([]string, r.int())
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *reader) float() float64 {
	bits := binary.LittleEndian.Uint64([]byte(r.st.index[r.at : r.at+8]))
	r.at += 8
	return math.Float64frombits(bits)
}

// The types of a value in a body.
const (
	nullValue byte = iota
	falseValue
	trueValue
	intValue
	bigValue
	floatValue
	textValue
	listValue
	mapValue
)

func (r *reader) value() any {
	switch r.byte() {
	case falseValue:
		return false
	case trueValue:
		return true
	case intValue:
		n := r.uvarint() // zigzag
		return int64(n>>1) ^ -int64(n&1)
	case bigValue:
		n, _ := new(big.Int).SetString(r.text(), 10)
		return n
	case floatValue:
		return r.float()
	case textValue:
		return r.text()
	case listValue:
		list := make([]any, r.int())
		for i := range list {
			list[i] = r.value()
		}
		return list
	case mapValue:
		m := map[string]any{}
		for range r.int() {
			name := r.text()
			m[name] = r.value()
		}
		return m
	}
	return nil
}

// The parts that an alternative has, as bits.
const (
	hasLiteral byte = 1 << iota
	hasPattern
	hasMin
	hasMax
	hasNot
	hasElem
)

func (r *reader) alternatives() []Alternative {
	alts := make([]Alternative, r.int())
	for i := range alts {
		a := &alts[i]
		a.Kinds = Kind(r.byte())
		has := r.byte()
		if has&hasLiteral != 0 {
			a.Literal, a.IsLiteral = r.value(), true
		}
		if has&hasPattern != 0 {
			a.Pattern = r.text()
			a.matches = r.st.matcher(a.Pattern)
		}
		if has&hasMin != 0 {
			a.Min = r.bound()
		}
		if has&hasMax != 0 {
			a.Max = r.bound()
		}
		if has&hasNot != 0 {
			a.Not = make([]float64, r.int())
			for j := range a.Not {
				a.Not[j] = r.float()
			}
		}
		if has&hasElem != 0 {
			a.Elem = r.alternatives()
		}
	}
	return alts
}

func (r *reader) bound() *Bound { return &Bound{Exclusive: r.byte() != 0, Value: r.float()} }

// matcher compiles a pattern when the first text is held to it.
func (st *store) matcher(pattern string) func(string) bool {
	if m, ok := st.patterns.Load(pattern); ok {
		return m.(func(string) bool)
	}
	m, _ := st.patterns.LoadOrStore(pattern, lazyregexp.New(pattern).MatchString)
	return m.(func(string) bool)
}

// The parts that a key has, as bits.
const (
	hasDefault byte = 1 << iota
	isRequired
	isInert
	hasFlag
	hasUnion
	isUnread
	isOwn
	isByHand
)

// key decodes a definition.
func (st *store) key(e entry) *Key {
	r := reader{st, e.body}
	k := &Key{Section: e.section, Name: e.name, First: st.releases[e.first]}
	if e.last < len(st.releases)-1 {
		k.Last = st.releases[e.last]
	}
	has := r.byte()
	k.Required, k.Inert = has&isRequired != 0, has&isInert != 0
	k.Unread, k.Own = has&isUnread != 0, has&isOwn != 0
	k.Pos = diag.Pos{File: r.text(), Line: r.int(), Column: r.int()}
	k.Doc, k.DefaultNote, k.Deprecated, k.Config, k.Limit = r.text(), r.text(), r.text(), r.text(), r.text()
	if has&isByHand != 0 {
		k.NotRun, k.Until, k.Without, k.AnyCase = r.text(), r.text(), r.text(), r.int() != 0
		for range r.int() {
			k.Only = append(k.Only, Only{Who: r.text(), Value: r.text(), In: r.text(), Else: r.text()})
		}
	}
	for range r.int() {
		k.Refusals = append(k.Refusals, Refusal{When: r.text(), Says: r.text()})
	}
	k.alts = r.alternatives()
	if has&hasDefault != 0 {
		k.Default, k.HasDefault = r.value(), true
	}
	if has&hasFlag != 0 {
		k.Flag = &Flag{Negative: r.text(), Action: r.text(), Nargs: r.text(), Names: r.texts()}
	}
	if has&hasUnion != 0 {
		k.Union = &Union{By: r.text(), Cases: map[string]string{}}
		for range r.int() {
			value := r.text()
			k.Union.Cases[value] = r.text()
		}
	}
	k.summarize()
	return k
}

// summarize derives Kinds, Min, Max and Enum from the alternatives.
func (k *Key) summarize() {
	open := Kind(0) // kinds with an alternative that is no literal
	for i := range k.alts {
		a := &k.alts[i]
		k.Kinds |= a.Kinds
		if !a.IsLiteral {
			open |= a.Kinds
		}
	}
	for i := range k.alts {
		a := &k.alts[i]
		if a.IsLiteral && a.Kinds&open == 0 && a.Kinds&(Null|List|Map) == 0 {
			k.Enum = append(k.Enum, a.Literal)
		}
		if a.Min != nil {
			k.Min = a.Min
		}
		if a.Max != nil {
			k.Max = a.Max
		}
	}
}

// valid reports whether text is an index of this version.
func (ix index) valid() bool { return strings.HasPrefix(string(ix), indexMagic) }
