package source

import (
	"bytes"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"mlcfg/internal/diag"
)

// Document is a configuration file as its author wrote it: entries in the order
// of the file with their comments. It is what programs change that rewrite a
// file; Parse gives what the file means.
type Document struct {
	Name string
	// Dialect is how it was read.
	Dialect Dialect
	// Root is what the file means, as Parse returns it.
	Root *Node
	// Head are comments above the first entry that a blank line parts from it.
	Head []Comment
	// Entries are those of the file's map.
	Entries []*Entry
	// Foot are comments behind the last entry.
	Foot []Comment
	// Linked reports whether anchors, aliases or merge keys connect entries, so
	// that their order has a meaning.
	Linked bool
	// Flow reports whether the file's map is written in brackets.
	Flow bool
}

// Comment is one comment with its #, without what stands before it.
type Comment struct {
	Text string
	// Blank reports whether a blank line stands above it.
	Blank bool
	// Row is its line in the file, 0 for a new one.
	Row int
}

// Entry is a key with its value, or an item of a list.
type Entry struct {
	// Head are the comments above, each on lines of their own.
	Head []Comment
	// Blank reports whether a blank line stands above, below Head.
	Blank bool
	// Key is the key's scalar; nil for an item and for a key that is an alias.
	Key *Node
	// KeyAlias and KeyAnchor are an alias instead of the key, and an
	// anchor on it; without * and &.
	KeyAlias, KeyAnchor string
	// Merge tells the merge key <<.
	Merge bool
	Value *Value
	// Line is the comment behind it in its line, empty where there is none.
	Line string
	// Foot are the comments below it that are indented deeper than its key.
	Foot []Comment
	// First and Last are the lines in the file that it takes, Head and Foot
	// apart; 0 for a new one.
	First, Last int
}

// Value is what stands behind a key or as item of a list.
type Value struct {
	// Kind is Map or List for those; any other kind is a scalar's or an alias'.
	Kind Kind
	// Scalar is a scalar's typed value, nil for others.
	Scalar *Node
	// Alias is the name behind *, Anchor that behind &; empty where there is none.
	Alias, Anchor string
	// Flow reports whether a map or list is written in brackets.
	Flow    bool
	Entries []*Entry
	// Block is a block scalar, nil for others.
	Block *BlockText
}

// BlockText is a block scalar (| or >) with its lines free of indentation.
type BlockText struct {
	Folded bool
	// Chomp is -, + or 0.
	Chomp byte
	Lines []string
}

// ParseDocument reads a file for rewriting. The document is nil where Parse finds
// errors: what is at fault is not rewritten. The findings are Parse's.
func ParseDocument(name string, data []byte) (*Document, diag.List) {
	return OmegaConf23.ParseDocument(name, data)
}

// ParseDocument is [ParseDocument] as a release of OmegaConf reads the file.
func (dialect Dialect) ParseDocument(name string, data []byte) (*Document, diag.List) {
	root, found := dialect.Parse(name, data)
	if root == nil || found.HasErrors() {
		return nil, found
	}
	t := newText(name, data)
	t.dialect, t.bangs = dialect, bareBang.Match(data)
	d := &docBuilder{t: t, b: builder{text: t}, doc: &Document{Name: name, Root: root, Dialect: dialect}}
	doc, err := t.document()
	if err != nil && t.mendSlashes() {
		doc, err = t.document()
	}
	if err != nil {
		return nil, append(found, t.syntaxFaults(err)...)
	}
	if doc != nil {
		d.text(doc)
	}
	d.findComments()
	if doc != nil && doc.Kind == yaml.MappingNode {
		d.doc.Linked, d.doc.Flow = doc.Anchor != "", doc.Style&yaml.FlowStyle != 0
		d.doc.Entries = d.entries(doc, len(t.data))
	}
	d.doc.Foot = append(d.doc.Foot, d.before(len(t.data)+1)...)
	d.detach()
	d.rows(d.doc.Entries, len(t.lines())+1)
	return d.doc, found
}

// docBuilder walks the YAML library's nodes and the comments side by side, in
// the order of the text.
type docBuilder struct {
	t   *text
	b   builder
	doc *Document
	// spans are the quoted and block scalars and the plain ones that hold a #, in order.
	spans    [][2]int
	comments []comment
	// flow counts the brackets that are open.
	flow int
	// asked counts the questions for brackets before a #.
	asked int
}

// comment is a comment in the text.
type comment struct {
	Comment
	at, column int
	// own reports whether nothing stands before it in its line.
	own bool
}

// before takes the comments up to an offset.
func (d *docBuilder) before(at int) (taken []Comment) {
	for len(d.comments) > 0 && d.comments[0].at < at {
		taken = append(taken, d.comments[0].Comment)
		d.comments = d.comments[1:]
	}
	return taken
}

// behind takes the comments up to an offset that stand behind something in its line:
// the first as the entry's own, others above it.
func (d *docBuilder) behind(e *Entry, limit int) {
	for len(d.comments) > 0 && d.comments[0].at < limit && !d.comments[0].own {
		if e.Line == "" {
			e.Line = d.comments[0].Text
		} else {
			e.Head = append(e.Head, d.comments[0].Comment)
		}
		d.comments = d.comments[1:]
	}
}

// foot takes the comments below an entry that are deeper than its column.
func (d *docBuilder) foot(e *Entry, column, limit int) {
	if d.flow > 0 || e.Value.Block != nil {
		return // as deep as its text a comment would be part of it
	}
	for len(d.comments) > 0 && d.comments[0].at < limit && d.comments[0].own && d.comments[0].column > column {
		e.Foot = append(e.Foot, d.comments[0].Comment)
		d.comments = d.comments[1:]
	}
}

// entries builds those of a map or list, which ends at limit.
func (d *docBuilder) entries(n *yaml.Node, limit int) []*Entry {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	starts := make([]int, 0, len(n.Content)/step+1)
	for i := 0; i+step <= len(n.Content); i += step {
		at := d.t.offset(n.Content[i].Line, n.Content[i].Column)
		if step == 1 && n.Style&yaml.FlowStyle == 0 {
			at = d.dash(at)
		}
		starts = append(starts, at)
	}
	starts = append(starts, limit)
	entries := make([]*Entry, 0, len(starts)-1)
	for i := range len(starts) - 1 {
		e := &Entry{Head: d.before(starts[i]), First: d.t.lineOf(starts[i])}
		e.Blank = d.blankAbove(starts[i])
		v := n.Content[i*step+step-1]
		d.b.flow = n.Style&yaml.FlowStyle != 0
		if step == 2 {
			d.key(e, n.Content[2*i])
		}
		d.b.flow = n.Style&yaml.FlowStyle != 0
		d.value(e, v, starts[i+1])
		d.foot(e, d.column(starts[i]), starts[i+1])
		entries = append(entries, e)
	}
	return entries
}

func (d *docBuilder) key(e *Entry, n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		e.KeyAlias, d.doc.Linked = n.Value, true
	case isMergeKey(n):
		e.Merge, d.doc.Linked = true, true
	default:
		e.Key, e.KeyAnchor = d.b.scalar(n, d.b.pos(n)), n.Anchor
		switch {
		case n.Value == "=" && n.Style == 0:
			e.Key.Kind, e.Key.Str = String, n.Value
		case d.b.flow && !e.Key.Quoted && strings.HasSuffix(n.Value, ":"):
			e.Key = Unquoted(strings.TrimSuffix(n.Value, ":")) // {a:}, as Parse reads it
		}
		d.doc.Linked = d.doc.Linked || n.Anchor != ""
	}
}

// value builds an entry's value, and takes the comments up to its end.
func (d *docBuilder) value(e *Entry, n *yaml.Node, limit int) {
	v := &Value{Anchor: n.Anchor}
	e.Value = v
	d.doc.Linked = d.doc.Linked || n.Anchor != "" || n.Kind == yaml.AliasNode
	at := d.t.offset(n.Line, n.Column)
	switch n.Kind {
	case yaml.AliasNode:
		v.Alias = n.Value
		d.leaf(e, at, limit)
	case yaml.ScalarNode:
		v.Scalar = d.b.scalar(n, d.b.pos(n))
		v.Kind = v.Scalar.Kind
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && strings.TrimSpace(n.Value) != "" {
			v.Block = d.block(n, at)
			v.Block.Folded = n.Style&yaml.FoldedStyle != 0
		}
		d.leaf(e, at, limit)
	default:
		v.Kind = List
		if n.Kind == yaml.MappingNode {
			v.Kind = Map
		}
		if v.Flow = n.Style&yaml.FlowStyle != 0; v.Flow {
			d.brackets(e, n, at, limit)
			return
		}
		first := limit
		if len(n.Content) > 0 {
			first = d.t.offset(n.Content[0].Line, n.Content[0].Column)
			if v.Kind == List {
				first = d.dash(first)
			}
		}
		d.behind(e, first)
		v.Entries = d.entries(n, limit)
	}
}

// leaf takes the comments around a scalar or alias.
func (d *docBuilder) leaf(e *Entry, at, limit int) {
	if e.Key != nil || e.KeyAlias != "" || e.Merge {
		d.behind(e, at)
	}
	e.Head = append(e.Head, d.before(at)...)
	d.behind(e, limit)
}

// brackets builds a map or list in brackets.
func (d *docBuilder) brackets(e *Entry, n *yaml.Node, at, limit int) {
	open := d.t.skipProperties(at)
	end := min(d.bracketEnd(open), limit)
	d.behind(e, open)
	e.Head = append(e.Head, d.before(open)...)
	d.flow++
	if len(n.Content) > 0 {
		d.behind(e, d.t.offset(n.Content[0].Line, n.Content[0].Column))
	}
	e.Value.Entries = d.entries(n, end)
	d.flow--
	e.Foot = d.before(end)
	if d.flow == 0 {
		d.behind(e, limit)
	}
}

// block reads the lines of a block scalar.
func (d *docBuilder) block(n *yaml.Node, at int) *BlockText {
	b := &BlockText{}
	at = d.t.skipProperties(at)
	header := d.t.line(d.t.lineOf(at))[at-d.t.start(d.t.lineOf(at)):]
	for _, c := range header[1:min(3, len(header))] {
		if c == '-' || c == '+' {
			b.Chomp = c
		} else if c < '1' || c > '9' {
			break
		}
	}
	from, to, indent := d.blockLines(at, n.Value)
	for line := from; line < to; line++ {
		s := d.t.line(line)
		if len(s) <= indent && d.t.start(line)+len(s) == len(d.t.data) {
			break // spaces behind the file's last line break
		}
		b.Lines = append(b.Lines, string(s[min(indent, len(s)):]))
	}
	if !strings.HasSuffix(n.Value, "\n") {
		b.Chomp = '-' // so too where the file ends without a line break
	}
	if b.Chomp != '+' {
		// A line of more spaces than the text is indented by is part of the text.
		for len(b.Lines) > 0 && b.Lines[len(b.Lines)-1] == "" {
			b.Lines = b.Lines[:len(b.Lines)-1]
		}
	}
	return b
}

// detach moves the comments that a blank line parts from the first entry into the
// head of the file.
func (d *docBuilder) detach() {
	if len(d.doc.Entries) == 0 {
		return
	}
	first := d.doc.Entries[0]
	for i := len(first.Head) - 1; i >= 0; i-- {
		if i+1 == len(first.Head) && first.Blank || i+1 < len(first.Head) && first.Head[i+1].Blank {
			d.doc.Head = slices.Clip(first.Head[:i+1])
			first.Head = first.Head[i+1:]
			return
		}
	}
}

// rows sets the last lines of entries, which end before the line until.
func (d *docBuilder) rows(entries []*Entry, until int) {
	for i, e := range entries {
		end := until
		if i+1 < len(entries) {
			end = entries[i+1].First
			if head := entries[i+1].Head; len(head) > 0 {
				end = min(end, head[0].Row)
			}
		}
		d.rows(e.Value.Entries, end)
		if len(e.Foot) > 0 {
			end = min(end, e.Foot[0].Row)
		}
		e.Last = max(end-1, e.First)
		for e.Last > e.First && e.Value.Block == nil && d.empty(e.Last) {
			e.Last--
		}
	}
}

// empty reports whether a line holds nothing, or a comment alone.
func (d *docBuilder) empty(line int) bool {
	s := bytes.TrimSpace(d.t.line(line))
	return len(s) == 0 || s[0] == '#' || string(s) == "..."
}
