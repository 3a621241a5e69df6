package launch

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// fields are the words that a command's words come to: variables put in, and split where they
// stand without quotes.
func (r *run) fields(words []*syntax.Word) []Word {
	var all []Word
	for _, w := range words {
		all = append(all, r.expand(w)...)
	}
	return all
}

// expand are the words that one word comes to.
func (r *run) expand(w *syntax.Word) []Word {
	b := fieldBuilder{}
	r.parts(&b, w.Parts, false)
	b.end()
	return b.out
}

// joined is a word that is not split, as behind an equals sign.
func (r *run) joined(w *syntax.Word) Word {
	b := fieldBuilder{whole: true, open: true}
	r.parts(&b, w.Parts, true)
	b.end()
	if len(b.out) == 0 {
		return NewWord("", r.script.At(int(w.Pos().Offset())))
	}
	joined := Join(b.out...)
	if len(joined.spans) == 0 {
		joined.spans = []span{{pos: r.script.At(int(w.Pos().Offset()))}}
	}
	return joined
}

// fieldBuilder puts words together of parts.
type fieldBuilder struct {
	out []Word
	// here are the parts of the word at hand.
	here []Word
	// open reports whether a word has begun, though it may be empty.
	open bool
	// loose reports whether the word is nothing but parts without quotes that are not known.
	loose, tight bool
	// whole keeps everything in one word.
	whole bool
}

func (b *fieldBuilder) end() {
	if b.open {
		w := Word{}
		switch len(b.here) {
		case 0:
		case 1:
			w = b.here[0]
		default:
			w = Join(b.here...)
		}
		w.Many = b.loose && !b.tight && !b.whole
		w.scalar = b.loose
		b.out = append(b.out, w)
	}
	b.here, b.open, b.loose, b.tight = nil, false, false, false
}

// add puts a part behind the word at hand.
func (b *fieldBuilder) add(w Word, quoted bool) {
	b.open = true
	if !quoted && w.Text == Hole {
		b.loose = true
	} else {
		b.tight = true
	}
	b.here = append(b.here, w)
}

// nothing reports whether the word at hand has no text.
func (b *fieldBuilder) nothing() bool {
	return !slices.ContainsFunc(b.here, func(w Word) bool { return w.Text != "" })
}

// split puts a part behind, which ends words at its spaces.
func (b *fieldBuilder) split(w Word) {
	from := -1
	for i, c := range w.Text {
		space := c == ' ' || c == '\t' || c == '\n'
		switch {
		case space && from >= 0:
			b.add(w.Slice(from, i), false)
			b.end()
			from = -1
		case space:
			b.end()
		case from < 0:
			from = i
		}
	}
	if from >= 0 {
		b.add(w.From(from), false)
	}
}

func (r *run) parts(b *fieldBuilder, parts []syntax.WordPart, quoted bool) {
	for _, p := range parts {
		at := int(p.Pos().Offset())
		switch p := p.(type) {
		case *syntax.Lit:
			escaped := ""
			if quoted && !b.whole {
				escaped = inQuotes
			}
			b.add(r.literal(p, escaped), quoted && !b.whole)
		case *syntax.SglQuoted:
			from, to := at+1, int(p.End().Offset())-1
			if p.Dollar {
				from++
			}
			if from <= to && to <= len(r.script.Text) {
				b.add(r.script.Slice(from, to), true)
			}
		case *syntax.DblQuoted:
			b.open, b.tight = true, true
			if len(b.here) == 0 {
				b.here = []Word{{spans: []span{{pos: r.script.At(at + 1)}}}}
			}
			inner := b.whole
			b.whole = false
			r.quotedParts(b, p.Parts, inQuotes)
			b.whole = inner
		case *syntax.ParamExp:
			r.param(b, p, quoted)
		case *syntax.CmdSubst:
			if w, ok := r.output(p); ok {
				b.add(w, true)
			} else {
				b.add(Unknown(r.script.At(at), false), quoted)
			}
		default: // arithmetic, process substitution, patterns
			b.add(Unknown(r.script.At(at), false), true)
		}
	}
}

// quotedParts are the parts in double quotes.
func (r *run) quotedParts(b *fieldBuilder, parts []syntax.WordPart, escaped string) {
	for _, p := range parts {
		at := int(p.Pos().Offset())
		switch p := p.(type) {
		case *syntax.Lit:
			b.add(r.literal(p, escaped), true)
		case *syntax.ParamExp:
			r.param(b, p, true)
		case *syntax.CmdSubst:
			if w, ok := r.output(p); ok {
				b.add(w, true)
			} else {
				b.add(Unknown(r.script.At(at), false), true)
			}
		default:
			b.add(Unknown(r.script.At(at), false), true)
		}
	}
}

// What a backslash takes the meaning of, in quotes and in a document; a document whose end is
// quoted keeps all of them.
const (
	inQuotes   = "$`\"\\\n"
	inDocument = "$`\\\n"
	asItStands = "\x00"
)

// literal is a text of the script without the backslashes before what is escaped, which is any
// character where none is named.
func (r *run) literal(p *syntax.Lit, escaped string) Word {
	from, to := int(p.Pos().Offset()), int(p.End().Offset())
	if from > to || to > len(r.script.Text) {
		return Word{}
	}
	if end := from + len(p.Value); end < to && r.script.Text[from:end] == p.Value {
		to = end // a document, whose end has the word that ends it
	}
	raw := r.script.Text[from:to]
	if !strings.Contains(raw, `\`) {
		return r.script.Slice(from, to)
	}
	var parts []Word
	begin := 0
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' || escaped != "" && strings.IndexByte(escaped, raw[i+1]) < 0 {
			continue
		}
		parts = append(parts, r.script.Slice(from+begin, from+i))
		begin = i + 1
		if raw[i+1] == '\n' {
			begin++
		}
		i++
	}
	return Join(append(parts, r.script.Slice(from+begin, to))...)
}

// param puts the value of a variable in.
func (r *run) param(b *fieldBuilder, p *syntax.ParamExp, quoted bool) {
	at := r.script.At(int(p.Pos().Offset()))
	words, list, ok := r.valueOf(p)
	if list && b.nothing() { // a list of none leaves no word, its quotes neither
		b.here, b.open, b.tight = nil, false, false
	}
	switch {
	case !ok && list:
		b.end()
		b.out = append(b.out, Unknown(at, true))
	case !ok:
		b.add(Unknown(at, false), quoted)
	case list:
		for i, w := range words {
			if i > 0 {
				b.end()
			}
			if w.Many {
				b.end()
				b.out = append(b.out, w)
				continue
			}
			if quoted {
				b.add(w, true)
			} else {
				b.split(w)
			}
		}
	case len(words) == 0:
	case words[0].Text == Hole: // known nowhere, so it stands where it is used
		b.add(Unknown(at, false), quoted)
	case quoted:
		b.add(words[0], true)
	default:
		b.split(words[0])
	}
}

// valueOf is the value of an expansion: one word, or a list of them; ok is false where the
// script does not tell it.
func (r *run) valueOf(p *syntax.ParamExp) (words []Word, list, ok bool) {
	if p.Param == nil {
		return nil, false, false
	}
	name := p.Param.Value
	index := ""
	if w, isWord := p.Index.(*syntax.Word); isWord {
		index = w.Lit()
	}
	list = name == "@" || name == "*" || index == "@" || index == "*"
	if p.Excl || p.Length || p.Width || p.Slice != nil || p.Repl != nil || p.Names != 0 || p.Index != nil && !list {
		return nil, list && !p.Length && p.Excl, false
	}
	words, set := r.variable(name)
	if p.Exp == nil {
		return words, list, set
	}
	return r.expansion(p.Exp, words, list, set)
}

// variable is the value of a variable or of an argument; set is false where the script does not
// set it.
func (r *run) variable(name string) (words []Word, set bool) {
	switch {
	case name == "@" || name == "*":
		return r.args, r.args != nil
	case len(name) == 1 && name[0] >= '1' && name[0] <= '9':
		if i := int(name[0] - '1'); i < len(r.args) && !slices.ContainsFunc(r.args[:i+1], func(w Word) bool { return w.Many }) {
			return r.args[i : i+1], true
		}
		return nil, false
	}
	v := r.variables[name]
	if v == nil {
		return nil, false
	}
	return v.words, true
}

// expansion is ${name OP word}.
func (r *run) expansion(e *syntax.Expansion, words []Word, list, set bool) ([]Word, bool, bool) {
	empty := set && (len(words) == 0 || len(words) == 1 && words[0].Text == "")
	switch e.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if set && !(empty && (e.Op == syntax.DefaultUnsetOrNull || e.Op == syntax.AssignUnsetOrNull)) {
			return words, list, true
		}
		if e.Word == nil || list {
			return nil, list, false
		}
		w := r.joined(e.Word).presume()
		return []Word{w}, false, w.Text != "" // nothing is no default that a script counts on
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return words, list, set
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		switch {
		case empty && e.Op == syntax.AlternateUnsetOrNull:
			return nil, list, true
		case set && e.Word != nil:
			return r.expand(e.Word), true, true
		}
		return nil, true, false
	}
	return nil, list, false
}

// output is what a command in the place of a word writes, where it is a text of the script.
func (r *run) output(c *syntax.CmdSubst) (Word, bool) {
	if len(c.Stmts) != 1 {
		return Word{}, false
	}
	s := c.Stmts[0]
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return Word{}, false
	}
	switch call.Args[0].Lit() {
	case "cat":
		for _, redirect := range s.Redirs {
			if redirect.Hdoc != nil && len(call.Args) == 1 {
				w := r.joinedDocument(redirect)
				return w.Slice(0, len(strings.TrimRight(w.Text, "\n"))), true
			}
		}
	case "echo":
		words := r.fields(call.Args[1:])
		if len(words) == 1 && len(s.Redirs) == 0 && !strings.HasPrefix(words[0].Text, "-") {
			return words[0], true
		}
	}
	return Word{}, false
}
