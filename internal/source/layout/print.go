package layout

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/source"
)

const (
	// step is what a map or list is indented by against what holds it.
	step = 2
	// width is how many characters a line with brackets may have; longer ones
	// become a line for each entry.
	width = 100
	// gap stands before a comment at the end of a line; two spaces are what
	// yamllint asks for.
	gap = "  "
)

// Print writes a document in canonical form. The text is empty, not nil, for a
// document that holds nothing.
func Print(doc *source.Document) []byte {
	var p printer
	p.comments(doc.Head, 0, false)
	p.entries(doc.Entries, 0, true, len(doc.Head) > 0)
	p.comments(doc.Foot, 0, p.out.Len() > 0)
	return append([]byte{}, p.out.Bytes()...)
}

type printer struct {
	out bytes.Buffer
	// kept reports whether the last thing written was a block scalar that keeps
	// the blank lines at its end: one more would belong to it.
	kept bool
}

func (p *printer) line(indent int, text string) {
	p.out.WriteString(strings.Repeat(" ", indent))
	p.out.WriteString(text)
	p.out.WriteByte('\n')
	p.kept = false
}

func (p *printer) blank() {
	if !p.kept && p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
}

// comments writes comments on lines of their own; the blank line above the first
// only where something stands above.
func (p *printer) comments(comments []source.Comment, indent int, above bool) {
	for i, c := range comments {
		if c.Blank && (i > 0 || above) {
			p.blank()
		}
		p.line(indent, c.Text)
	}
}

// entries writes the entries of a map or list. At the top sections are parted
// by blank lines. above reports whether something stands above in the same block.
func (p *printer) entries(entries []*source.Entry, indent int, top, above bool) {
	for i, e := range entries {
		parted := above && i == 0 || top && i > 0 && (isSection(e) || isSection(entries[i-1]))
		head := e.Head
		switch {
		case len(head) > 0 && (parted || head[0].Blank && i > 0):
			p.blank()
		case len(head) == 0 && (parted || e.Blank && i > 0):
			p.blank()
		}
		p.comments(head, indent, false)
		if len(head) > 0 && e.Blank {
			p.blank()
		}
		p.entry(e, indent)
	}
}

// isSection tells a map that takes lines of its own.
func isSection(e *source.Entry) bool {
	v := e.Value
	return v.Kind == source.Map && len(v.Entries) > 0 && v.Alias == "" && (!v.Flow || !fits(e, 0))
}

// entry writes an entry, Head apart.
func (p *printer) entry(e *source.Entry, indent int) {
	v := e.Value
	label := label(e)
	above := label
	if v.Anchor != "" {
		above = strings.TrimSuffix(above+" &"+v.Anchor, " ")
	}
	switch {
	case v.Block != nil:
		p.block(e, above, indent)
	case (v.Kind != source.Map && v.Kind != source.List) || v.Alias != "" || len(v.Entries) == 0 || v.Flow && fits(e, indent):
		p.line(indent, behind(strings.TrimSuffix(label+" "+inline(v), " "), e.Line))
	case e.Key == nil && e.KeyAlias == "" && !e.Merge && v.Anchor == "":
		p.item(e, indent)
	default:
		p.line(indent, behind(above, e.Line))
		p.entries(v.Entries, indent+step, false, false)
	}
	p.comments(e.Foot, indent+step, true)
}

func behind(text, comment string) string {
	if comment == "" {
		return text
	}
	return text + gap + comment
}

// label is what stands before a value: the key with its colon, or a dash.
func label(e *source.Entry) string {
	switch {
	case e.Merge:
		return "<<:"
	case e.KeyAlias != "":
		return "*" + e.KeyAlias + " :"
	case e.Key == nil:
		return "-"
	case e.KeyAnchor != "":
		return "&" + e.KeyAnchor + " " + e.Key.SpellKey() + ":"
	}
	return e.Key.SpellKey() + ":"
}

// item writes an item that is a map or list, its first entry behind the dash
// where no comment stands between.
func (p *printer) item(e *source.Entry, indent int) {
	if e.Line != "" || len(e.Value.Entries[0].Head) > 0 {
		p.line(indent, behind("-", e.Line))
		p.entries(e.Value.Entries, indent+step, false, false)
		return
	}
	at := p.out.Len()
	p.entries(e.Value.Entries, indent+step, false, false)
	p.out.Bytes()[at+indent] = '-'
}

// block writes a block scalar.
func (p *printer) block(e *source.Entry, label string, indent int) {
	b := e.Value.Block
	header := "|"
	if b.Folded {
		header = ">"
	}
	for _, line := range b.Lines {
		if line != "" {
			if line[0] == ' ' {
				header += "2"
			}
			break
		}
	}
	if b.Chomp != 0 {
		header += string(b.Chomp)
	}
	p.line(indent, behind(label+" "+header, e.Line))
	for _, line := range b.Lines {
		if line == "" {
			p.line(0, "")
		} else {
			p.line(indent+step, line)
		}
	}
	p.kept = b.Chomp == '+'
}

// fits reports whether a value in brackets fits into its line, and holds nothing
// that needs a line of its own.
func fits(e *source.Entry, indent int) bool {
	if len(e.Foot) > 0 || commented(e.Value) {
		return false
	}
	return indent+utf8.RuneCountInString(label(e))+1+utf8.RuneCountInString(inline(e.Value)) <= width
}

func commented(v *source.Value) bool {
	for _, e := range v.Entries {
		if len(e.Head) > 0 || e.Line != "" || len(e.Foot) > 0 || commented(e.Value) {
			return true
		}
	}
	return false
}

// inline writes a value on one line.
func inline(v *source.Value) string {
	var b strings.Builder
	if v.Alias != "" {
		return "*" + v.Alias
	}
	if v.Anchor != "" {
		b.WriteString("&" + v.Anchor + " ")
	}
	switch {
	case v.Scalar != nil:
		b.WriteString(v.Scalar.Spell())
	case v.Kind == source.List:
		b.WriteByte('[')
	default:
		b.WriteByte('{')
	}
	for i, e := range v.Entries {
		if i > 0 {
			b.WriteString(", ")
		}
		if e.Key != nil || e.KeyAlias != "" || e.Merge {
			b.WriteString(label(e) + " ")
		}
		b.WriteString(inline(e.Value))
		if e.Value.Alias != "" {
			b.WriteByte(' ')
		}
	}
	switch {
	case v.Scalar != nil:
	case v.Kind == source.List:
		b.WriteByte(']')
	default:
		b.WriteByte('}')
	}
	return b.String()
}
