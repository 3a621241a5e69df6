package record

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sort"
	"time"
)

// Table holds the records of a run in columns, a million of them in some 35 MB where a
// slice takes 150. It is filled once and then read, by any number of readers.
// A nil table has no records.
type Table struct {
	columns [fields]column
	tail    [][fields]int64 // rows after the last whole block
	texts   texts
	first   int // rows before it belong to the table that this one is a part of
}

// The columns of a table. A text is its place among the table's texts.
const (
	fieldSeq = iota
	fieldQuery
	fieldSample
	fieldReplica
	fieldScheduled
	fieldIssued
	fieldSent
	fieldFirstToken
	fieldDone
	fieldInputTokens
	fieldOutputTokens
	fieldStatus
	fieldFinish
	fieldError
	fieldFlags
	fields
)

// Bits of the flags.
const (
	flagResent = 1 << iota
	flagStamped
	flagSentStamped
)

// TableOf is a table of records as they are.
func TableOf(rows []Record) *Table {
	t := &Table{}
	for i := range rows {
		t.Append(&rows[i])
	}
	return t
}

// Rows are the records of the table.
func (t *Table) Rows() []Record {
	rows := make([]Record, 0, t.Len())
	for _, r := range t.All() {
		rows = append(rows, *r)
	}
	return rows
}

// Append adds a record.
func (t *Table) Append(r *Record) {
	if t.tail == nil {
		t.tail = make([][fields]int64, 0, blockRows)
	}
	t.tail = append(t.tail, [fields]int64{
		int64(r.Seq), int64(r.Query), int64(r.Sample), int64(r.Replica),
		int64(r.Scheduled), int64(r.Issued), int64(r.Sent), int64(r.FirstToken), int64(r.Done), r.InputTokens, r.OutputTokens,
		t.texts.place(string(r.Status)), t.texts.place(r.Finish), t.texts.place(r.Error),
		flag(r.Resent, flagResent) | flag(r.Stamped, flagStamped) | flag(r.SentStamped, flagSentStamped),
	})
	if len(t.tail) == blockRows {
		t.pack()
	}
}

func flag(set bool, bit int64) int64 {
	if set {
		return bit
	}
	return 0
}

func (t *Table) pack() {
	var values [blockRows]int64
	for c := range t.columns {
		for i := range t.tail {
			values[i] = t.tail[i][c]
		}
		t.columns[c].pack(&values)
	}
	t.tail = t.tail[:0]
}

// rows is how many the whole table has that t may be a part of.
func (t *Table) rows() int { return len(t.columns[0].blocks)*blockRows + len(t.tail) }

// Len is how many records there are.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return t.rows() - t.first
}

// From is the part of the table from record i on. It must not be sorted or appended to.
func (t *Table) From(i int) *Table {
	part := *t
	part.first += i
	return &part
}

// value is one field of row i of all.
func (t *Table) value(c, i int) int64 {
	if whole := len(t.columns[c].blocks) * blockRows; i >= whole {
		return t.tail[i-whole][c]
	}
	return t.columns[c].at(i)
}

// Seq is the number of record i.
func (t *Table) Seq(i int) uint64 { return uint64(t.value(fieldSeq, t.first+i)) }

// Search is the place of the first record whose number is seq or more, in a table that is
// sorted. Most have no gap, and there it is where it should be.
func (t *Table) Search(seq uint64) int {
	n := t.Len()
	if n > 0 && seq >= t.Seq(0) {
		if at := seq - t.Seq(0); at < uint64(n) && t.Seq(int(at)) == seq {
			return int(at)
		}
	}
	return sort.Search(n, func(i int) bool { return t.Seq(i) >= seq })
}

// At is record i.
func (t *Table) At(i int) Record {
	var r [1]Record
	var v [1]int64
	for c := range t.columns {
		v[0] = t.value(c, t.first+i)
		set(r[:], c, v[:], t.texts.all)
	}
	return r[0]
}

// set gives records the values of a column. A text is its place among the texts.
func set(rows []Record, c int, values []int64, texts []string) {
	values = values[:len(rows)]
	switch c {
	case fieldSeq:
		for i := range rows {
			rows[i].Seq = uint64(values[i])
		}
	case fieldQuery:
		for i := range rows {
			rows[i].Query = uint64(values[i])
		}
	case fieldSample:
		for i := range rows {
			rows[i].Sample = uint32(values[i])
		}
	case fieldReplica:
		for i := range rows {
			rows[i].Replica = int32(values[i])
		}
	case fieldScheduled:
		for i := range rows {
			rows[i].Scheduled = time.Duration(values[i])
		}
	case fieldIssued:
		for i := range rows {
			rows[i].Issued = time.Duration(values[i])
		}
	case fieldSent:
		for i := range rows {
			rows[i].Sent = time.Duration(values[i])
		}
	case fieldFirstToken:
		for i := range rows {
			rows[i].FirstToken = time.Duration(values[i])
		}
	case fieldDone:
		for i := range rows {
			rows[i].Done = time.Duration(values[i])
		}
	case fieldInputTokens:
		for i := range rows {
			rows[i].InputTokens = values[i]
		}
	case fieldOutputTokens:
		for i := range rows {
			rows[i].OutputTokens = values[i]
		}
	case fieldStatus:
		for i := range rows {
			rows[i].Status = Status(texts[values[i]])
		}
	case fieldFinish:
		for i := range rows {
			rows[i].Finish = texts[values[i]]
		}
	case fieldError:
		for i := range rows {
			rows[i].Error = texts[values[i]]
		}
	case fieldFlags:
		for i := range rows {
			v := values[i]
			rows[i].Resent, rows[i].Stamped, rows[i].SentStamped = v&flagResent != 0, v&flagStamped != 0, v&flagSentStamped != 0
		}
	}
}

// All yields the records in their order, with their places. A record is only valid during
// the call, and must not be changed.
func (t *Table) All() iter.Seq2[int, *Record] {
	return func(yield func(int, *Record) bool) {
		in := t.Reader()
		for i := range t.Len() {
			if !yield(i, in.At(i)) {
				return
			}
		}
	}
}

// Reader reads a table, quickly where a record is near the last one. It is used by one
// goroutine at a time.
type Reader struct {
	t     *Table
	block int // the one in rows, -1 before the first
	rows  []Record
	// Most blocks have the same status all through, and the next one has it too: even says
	// of which columns all rows hold one value.
	even  [fields]bool
	value [fields]int64
}

// Reader is a reader of the table.
func (t *Table) Reader() *Reader { return &Reader{t: t, block: -1} }

// At is record i, which is valid until the next call and must not be changed.
func (r *Reader) At(i int) *Record {
	i += r.t.first
	if block := i / blockRows; block != r.block {
		r.unpack(block)
	}
	return &r.rows[i%blockRows]
}

func (r *Reader) unpack(block int) {
	t := r.t
	n := min(t.rows()-block*blockRows, blockRows)
	if len(r.rows) != n {
		r.rows, r.even = make([]Record, n), [fields]bool{}
	}
	r.block = block
	var values [blockRows]int64
	for c := range t.columns {
		if blocks := t.columns[c].blocks; block < len(blocks) {
			p := &blocks[block]
			even := p.width == 0
			if even && r.even[c] && r.value[c] == p.least {
				continue
			}
			r.even[c], r.value[c] = even, p.least
			p.unpack(&values)
		} else {
			r.even[c] = false
			for i := range t.tail {
				values[i] = t.tail[i][c]
			}
		}
		set(r.rows, c, values[:], t.texts.all)
	}
}

// Sort puts the records into the order of their numbers. Two of the same number are an error.
func (t *Table) Sort() error {
	n := t.rows()
	sorted := true
	for i := 1; i < n && sorted; i++ {
		sorted = t.Seq(i-1) < t.Seq(i)
	}
	if sorted {
		return nil
	}
	order, err := t.order()
	if err != nil {
		return err
	}
	tail := slices.Clone(t.tail)
	whole := n - len(tail)
	for c := range t.columns { // one after another, so that there is never a second table
		var ordered column
		var values [blockRows]int64
		for i, from := range order {
			v := t.value(c, int(from))
			if i >= whole {
				tail[i-whole][c] = v
			} else if values[i%blockRows] = v; i%blockRows == blockRows-1 {
				ordered.pack(&values)
			}
		}
		t.columns[c] = ordered
	}
	t.tail = tail
	return nil
}

// order is where the records stand, in the order of their numbers.
func (t *Table) order() ([]uint32, error) {
	n := t.rows()
	least, most := t.Seq(0), t.Seq(0)
	for i := range n {
		least, most = min(least, t.Seq(i)), max(most, t.Seq(i))
	}
	order := make([]uint32, n)
	if most-least == uint64(n-1) { // as in all runs that lost nothing: each has its place
		taken := make([]bool, n)
		for i := range n {
			at := t.Seq(i) - least
			if taken[at] {
				return nil, sameNumber(at + least)
			}
			order[at], taken[at] = uint32(i), true
		}
		return order, nil
	}
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(t.Seq(int(a)), t.Seq(int(b))) })
	for i := 1; i < n; i++ {
		if seq := t.Seq(int(order[i])); seq == t.Seq(int(order[i-1])) {
			return nil, sameNumber(seq)
		}
	}
	return order, nil
}

func sameNumber(seq uint64) error { return fmt.Errorf("two records have the sequence number %d", seq) }

// texts are the few texts of a table, each once.
type texts struct {
	all    []string
	places map[string]int64
	last   [recent]int64
}

// recent is how many texts are looked at before the map is, mostPlaces how many
// are remembered: where each request failed with words of its own there is nothing to share.
const (
	recent     = 4
	mostPlaces = 1 << 16
)

func (t *texts) place(s string) int64 {
	for _, at := range t.last {
		if int(at) < len(t.all) && t.all[at] == s {
			return at
		}
	}
	at, ok := t.places[s]
	if !ok {
		if t.places == nil {
			t.places = map[string]int64{}
		}
		at = int64(len(t.all))
		t.all = append(t.all, s)
		if len(t.places) < mostPlaces {
			t.places[s] = at
		}
	}
	copy(t.last[1:], t.last[:])
	t.last[0] = at
	return at
}
