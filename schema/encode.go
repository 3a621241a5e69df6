package schema

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
)

// Definition is one definition of one key, as the importer reads it out of the CUE files.
type Definition struct {
	Section, Name string
	// First and Last are indexes into the group's releases, both included.
	First, Last int
	// Alternatives are what the key takes; a value has to fit one of them.
	Alternatives []Alternative
	// The rest is as in [Key].
	Doc, DefaultNote, Deprecated, Config, Limit, NotRun, Until, Without string
	Default                                                             any
	HasDefault, Required, Inert, Unread, Own, AnyCase                   bool
	Only                                                                []Only
	Refusals                                                            []Refusal
	Union                                                               *Union
	Flag                                                                *Flag
	File                                                                string
	Line, Column                                                        int
}

// byHand reports whether the definition says what hand-written keys alone do.
func (d *Definition) byHand() bool {
	return d.NotRun != "" || d.AnyCase || len(d.Only) > 0 || d.Until != "" || d.Without != ""
}

// Group is what the index holds of an engine, or of a schema that no release changes.
type Group struct {
	Name        string
	Releases    []string // oldest first
	Digests     [][32]byte
	Definitions []Definition
	Notes       []GroupNote
}

// GroupNote is a note on a key of a section.
type GroupNote struct {
	Section, Key string
	Note
}

// Encode returns the index of the groups: the same groups, the same bytes.
func Encode(groups []Group) ([]byte, error) {
	w := &writer{known: map[string]int{}}
	w.out = append(w.out, indexMagic...)
	groups = slices.SortedFunc(slices.Values(groups), func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	head := w.room(8)
	t := w.room(len(groups) * groupSize)
	w.uint32(head, len(groups))
	w.uint32(head+4, t)
	for i := range groups {
		if err := w.group(t+i*groupSize, &groups[i]); err != nil {
			return nil, fmt.Errorf("group %s: %w", groups[i].Name, err)
		}
	}
	if len(w.out) > math.MaxInt32 {
		return nil, fmt.Errorf("the index is larger than 2 GiB")
	}
	return w.out, nil
}

// writer appends to the index. Strings that are there already stand once.
type writer struct {
	out   []byte
	known map[string]int // offset by string
}

// room appends a table of size bytes and returns its offset.
func (w *writer) room(size int) int {
	at := len(w.out)
	w.out = append(w.out, make([]byte, size)...)
	return at
}

func (w *writer) uint32(at, n int) { binary.LittleEndian.PutUint32(w.out[at:], uint32(n)) }

func (w *writer) uint16(at, n int) { binary.LittleEndian.PutUint16(w.out[at:], uint16(n)) }

// place returns the offset of a text, which it appends where it is new.
func (w *writer) place(text string) int {
	at, ok := w.known[text]
	if !ok {
		at = len(w.out)
		w.out = append(w.out, text...)
		w.known[text] = at
	}
	return at
}

func (w *writer) text(at int, text string) {
	from := w.place(text)
	w.uint32(at, from)
	w.uint32(at+4, len(text))
}

func (w *writer) group(at int, g *Group) error {
	if len(g.Releases) != len(g.Digests) || len(g.Releases) == 0 || len(g.Releases) > math.MaxUint16 {
		return fmt.Errorf("%d releases with %d digests", len(g.Releases), len(g.Digests))
	}
	w.text(at, g.Name)
	definitions := slices.SortedStableFunc(slices.Values(g.Definitions), func(a, b Definition) int {
		return cmp.Or(cmp.Compare(a.Section, b.Section), cmp.Compare(a.Name, b.Name), cmp.Compare(a.First, b.First))
	})
	for i := 1; i < len(definitions); i++ {
		a, b := &definitions[i-1], &definitions[i]
		if a.Section == b.Section && a.Name == b.Name && a.Last >= b.First {
			return fmt.Errorf("%s:%d and %s:%d define %s.%s for the same release", a.File, a.Line, b.File, b.Line, a.Section, a.Name)
		}
	}
	releases := w.room(len(g.Releases) * releaseSize)
	for i, name := range g.Releases {
		w.text(releases+i*releaseSize, name)
		copy(w.out[releases+i*releaseSize+stringSize:], g.Digests[i][:])
	}
	var sections []int // the first definition of each
	for i := range definitions {
		if i == 0 || definitions[i].Section != definitions[i-1].Section {
			sections = append(sections, i)
		}
	}
	sectionsAt := w.room(len(sections) * sectionSize)
	for i, first := range sections {
		next := len(definitions)
		if i+1 < len(sections) {
			next = sections[i+1]
		}
		w.text(sectionsAt+i*sectionSize, definitions[first].Section)
		w.uint32(sectionsAt+i*sectionSize+stringSize, first)
		w.uint32(sectionsAt+i*sectionSize+stringSize+4, next-first)
	}
	definitionsAt := w.room(len(definitions) * definitionSize)
	for i := range definitions {
		d, at := &definitions[i], definitionsAt+i*definitionSize
		w.text(at, d.Name)
		w.uint16(at+stringSize, d.First)
		w.uint16(at+stringSize+2, d.Last)
		body, err := w.body(d)
		if err != nil {
			return fmt.Errorf("%s:%d: key %s: %w", d.File, d.Line, d.Name, err)
		}
		w.uint32(at+stringSize+4, w.place(string(body)))
	}
	notes := slices.SortedFunc(slices.Values(g.Notes), func(a, b GroupNote) int {
		return cmp.Or(cmp.Compare(a.Section, b.Section), cmp.Compare(a.Key, b.Key))
	})
	notesAt := w.room(len(notes) * noteSize)
	for i, n := range notes {
		at := notesAt + i*noteSize
		for j, text := range []string{n.Section, n.Key, n.Text, n.Replaced, n.Source} {
			w.text(at+j*stringSize, text)
		}
		w.uint32(at+5*stringSize, btoi(n.Drop))
	}
	for i, t := range []table{{len(g.Releases), releases}, {len(sections), sectionsAt}, {len(definitions), definitionsAt}, {len(notes), notesAt}} {
		w.uint32(at+stringSize+i*8, t.count)
		w.uint32(at+stringSize+i*8+4, t.at)
	}
	return nil
}

// body is what [store.key] decodes.
func (w *writer) body(d *Definition) ([]byte, error) {
	b := &bodyWriter{w: w}
	var has byte
	for _, part := range []struct {
		there bool
		bit   byte
	}{{d.HasDefault, hasDefault}, {d.Required, isRequired}, {d.Inert, isInert}, {d.Flag != nil, hasFlag}, {d.Union != nil, hasUnion}, {d.Unread, isUnread}, {d.Own, isOwn}, {d.byHand(), isByHand}} {
		if part.there {
			has |= part.bit
		}
	}
	b.out.WriteByte(has)
	b.text(d.File)
	b.int(d.Line)
	b.int(d.Column)
	for _, text := range []string{d.Doc, d.DefaultNote, d.Deprecated, d.Config, d.Limit} {
		b.text(text)
	}
	if d.byHand() {
		for _, text := range []string{d.NotRun, d.Until, d.Without} {
			b.text(text)
		}
		b.int(btoi(d.AnyCase))
		b.int(len(d.Only))
		for _, o := range d.Only {
			for _, text := range []string{o.Who, o.Value, o.In, o.Else} {
				b.text(text)
			}
		}
	}
	b.int(len(d.Refusals))
	for _, r := range d.Refusals {
		b.text(r.When)
		b.text(r.Says)
	}
	b.alternatives(d.Alternatives)
	if d.HasDefault {
		b.value(d.Default)
	}
	if f := d.Flag; f != nil {
		b.text(f.Negative)
		b.text(f.Action)
		b.text(f.Nargs)
		b.int(len(f.Names))
		for _, name := range f.Names {
			b.text(name)
		}
	}
	if u := d.Union; u != nil {
		b.text(u.By)
		b.int(len(u.Cases))
		for _, value := range u.Values() {
			b.text(value)
			b.text(u.Cases[value])
		}
	}
	return b.out.Bytes(), b.err
}

type bodyWriter struct {
	w   *writer
	out bytes.Buffer
	err error
}

func (b *bodyWriter) uvarint(n uint64) { b.out.Write(binary.AppendUvarint(nil, n)) }

func (b *bodyWriter) int(n int) { b.uvarint(uint64(n)) }

func (b *bodyWriter) text(text string) {
	b.int(b.w.place(text))
	b.int(len(text))
}

func (b *bodyWriter) float(f float64) {
	b.out.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)))
}

func (b *bodyWriter) bound(bound *Bound) {
	b.out.WriteByte(byte(btoi(bound.Exclusive)))
	b.float(bound.Value)
}

func (b *bodyWriter) value(v any) {
	switch x := v.(type) {
	case nil:
		b.out.WriteByte(nullValue)
	case bool:
		b.out.WriteByte(falseValue + byte(btoi(x)))
	case int64:
		b.out.WriteByte(intValue)
		b.uvarint(uint64(x)<<1 ^ uint64(x>>63))
	case *big.Int:
		b.out.WriteByte(bigValue)
		b.text(x.String())
	case float64:
		b.out.WriteByte(floatValue)
		b.float(x)
	case string:
		b.out.WriteByte(textValue)
		b.text(x)
	case []any:
		b.out.WriteByte(listValue)
		b.int(len(x))
		for _, el := range x {
			b.value(el)
		}
	case map[string]any:
		b.out.WriteByte(mapValue)
		b.int(len(x))
		for _, name := range slices.Sorted(maps.Keys(x)) {
			b.text(name)
			b.value(x[name])
		}
	default:
		b.err = fmt.Errorf("a value of type %T", v)
	}
}

func (b *bodyWriter) alternatives(alts []Alternative) {
	b.int(len(alts))
	for i := range alts {
		a := &alts[i]
		var has byte
		for _, part := range []struct {
			there bool
			bit   byte
		}{
			{a.IsLiteral, hasLiteral},
			{a.Pattern != "", hasPattern},
			{a.Min != nil, hasMin},
			{a.Max != nil, hasMax},
			{len(a.Not) > 0, hasNot},
			{a.Elem != nil, hasElem},
		} {
			if part.there {
				has |= part.bit
			}
		}
		b.out.WriteByte(byte(a.Kinds))
		b.out.WriteByte(has)
		if a.IsLiteral {
			b.value(a.Literal)
		}
		if a.Pattern != "" {
			b.text(a.Pattern)
		}
		if a.Min != nil {
			b.bound(a.Min)
		}
		if a.Max != nil {
			b.bound(a.Max)
		}
		if len(a.Not) > 0 {
			b.int(len(a.Not))
			for _, n := range a.Not {
				b.float(n)
			}
		}
		if a.Elem != nil {
			b.alternatives(a.Elem)
		}
	}
}
