package launch

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// text is a word as a text.
func text(w Word) *source.Node {
	if !w.Known() {
		return nil
	}
	n := source.Of(w.Text)
	n.Pos, n.Literal = w.Pos(), true
	return n
}

// toFillIn is a value that a reader or a tool is to fill in: <name>, REPLACE_ME.
var toFillIn = lazyregexp.New(`^<[A-Za-z][^<>]*>$|\bREPLACE_[A-Z]`)

// value is what the words behind a flag say, nil where that is not known or no value of its kind.
func (r *lineReader) value(a *Argument, words []Word) *source.Node {
	key := a.Key
	if slices.ContainsFunc(words, func(w Word) bool { return w.Many || toFillIn.MatchString(w.Text) }) {
		return nil
	}
	switch {
	case a.Inside != "":
		return r.inside(a, words[0])
	case key.Flag.Nargs == "?" && len(words) == 0:
		n := source.Of(true)
		n.Pos = a.Pos
		return n
	case key.Flag.Nargs == "+" || key.Flag.Nargs == "*" || key.Flag.Action == "append":
		return r.list(a, words)
	case !slices.Contains([]string{"", "store", "StoreBoolean", schema.Pairs}, key.Flag.Action):
		return nil // a class of the engine's own reads it
	}
	return r.scalar(a, words[0])
}

// list are the words of a flag that takes several.
func (r *lineReader) list(a *Argument, words []Word) *source.Node {
	list := &source.Node{Kind: source.List, Pos: a.Pos}
	if len(words) > 0 {
		list.Pos = words[0].Pos()
	}
	for _, w := range words {
		if !w.Known() {
			return nil
		}
		item := text(w)
		if a.Key.Kinds&schema.List != 0 && !a.Key.Takes([]any{w.Text}) {
			item = r.number(w)
		}
		if item == nil {
			item = text(w)
		}
		if strings.HasPrefix(w.Text, "{") && !a.Key.Takes([]any{w.Text}) {
			return nil
		}
		list.Items = append(list.Items, item)
	}
	if a.Key.Kinds&schema.List == 0 {
		return nil // a map, or what the engine makes of the words
	}
	return list
}

// scalar is the one word behind a flag.
func (r *lineReader) scalar(a *Argument, w Word) *source.Node {
	key, kinds := a.Key, a.Key.Kinds
	structured := kinds&(schema.Map|schema.List) != 0
	if kinds&schema.Map != 0 && w.Known() && r.takesPairs(key) {
		if n := r.pairs(w); n != nil {
			return n
		}
		if key.Flag.Action == schema.Pairs {
			r.fault(diag.Diagnostic{
				Pos: w.Pos(), Key: key.Name, Code: schema.WrongType,
				Message: fmt.Sprintf("%s takes KEY=VALUE pairs after %s, such as image=4,video=2, and not %s", r.release(), a.Flag, quoted(w.Text)),
			}, a.Words...)
			return nil
		}
	}
	if structured && strings.HasPrefix(strings.TrimSpace(w.Text), "{") || structured && kinds&schema.List != 0 && strings.HasPrefix(strings.TrimSpace(w.Text), "[") {
		n, err := readJSON(w)
		if err != nil && mayBeJSON(w) {
			return nil
		}
		if err != nil && kinds&schema.String == 0 {
			r.fault(diag.Diagnostic{
				Pos: err.pos, Key: key.Name, Code: schema.WrongType,
				Message: fmt.Sprintf("the value of %s is no JSON: %s", a.Flag, err.text), Hint: jsonHint(w.Text),
			}, a.Words...)
			return nil
		}
		if err == nil {
			r.coerce(key, n)
		}
		return n
	}
	if !w.Known() {
		return nil
	}
	nullable := len(r.backend.NullTextKeys) == 0 || slices.Contains(r.backend.NullTextKeys, key.Name)
	if kinds&schema.Null != 0 && nullable && slices.Contains(r.backend.NullTexts, w.Text) && !slices.Contains(key.Enum, any(w.Text)) {
		n := source.Of(nil)
		n.Pos = w.Pos()
		return n
	}
	for _, read := range []func(Word) *source.Node{r.word(key), r.number, r.sized(key), boolean} {
		if n := read(w); n != nil && kinds&kindOf(n) != 0 && key.Takes(n.Interface()) {
			return n
		}
	}
	n := text(w)
	switch {
	case kinds&schema.String != 0:
		return n
	case structured && kinds&schema.List != 0:
		return nil // split at commas, or read by the engine's own function
	case kinds&(schema.Int|schema.Float) != 0:
		if number := r.number(w); number != nil && (kinds&schema.Float != 0 || number.Kind == source.Int) {
			return number // out of its range
		}
	}
	return n
}

// word reads a word that stands for a number of a key.
func (r *lineReader) word(key *schema.Key) func(Word) *source.Node {
	return func(w Word) *source.Node {
		value, ok := r.backend.Words[key.Name][w.Text]
		if !ok {
			return nil
		}
		n := source.Of(value)
		n.Pos = w.Pos()
		return n
	}
}

// number reads a word as Python's int and float do.
func (r *lineReader) number(w Word) *source.Node {
	trimmed := strings.TrimSpace(w.Text)
	digits := strings.TrimPrefix(strings.ReplaceAll(trimmed, "_", ""), "+")
	var n *source.Node
	if i, ok := new(big.Int).SetString(digits, 10); ok {
		n = source.Of(i)
	} else if f, err := strconv.ParseFloat(digits, 64); err == nil && !strings.ContainsAny(digits, "xXpP") && !math.IsInf(f, 0) && !math.IsNaN(f) {
		n = source.Of(f)
	} else {
		return nil
	}
	n.Pos, n.Text = w.Pos(), trimmed
	return n
}

// sized reads a whole number with a unit behind it.
func (r *lineReader) sized(key *schema.Key) func(Word) *source.Node {
	return func(w Word) *source.Node {
		keys := r.backend.Spelling.UnitKeys
		if keys != nil && !slices.Contains(keys, key.Name) {
			return nil
		}
		return r.unit(w)
	}
}

func (r *lineReader) unit(w Word) *source.Node {
	at := strings.LastIndexAny(w.Text, "0123456789") + 1
	number, err := strconv.ParseFloat(w.Text[:at], 64)
	unit, known := r.backend.Units[w.Text[at:]]
	binary := math.Mod(unit, 1000) != 0
	if err != nil || !known || math.Abs(number*unit) > 1<<53 || binary && number != math.Trunc(number) {
		return nil
	}
	n := source.Of(int64(number * unit))
	n.Pos, n.Text = w.Pos(), w.Text
	return n
}

func boolean(w Word) *source.Node {
	var n *source.Node
	switch strings.ToLower(w.Text) {
	case "true":
		n = source.Of(true)
	case "false":
		n = source.Of(false)
	default:
		return nil
	}
	n.Pos = w.Pos()
	return n
}

func kindOf(n *source.Node) schema.Kind {
	switch n.Kind {
	case source.Null:
		return schema.Null
	case source.Bool:
		return schema.Bool
	case source.Int:
		return schema.Int | schema.Float
	case source.Float:
		return schema.Float
	case source.List:
		return schema.List
	case source.Map:
		return schema.Map
	}
	return schema.String
}

// inside is the map that a flag with dots says a part of.
func (r *lineReader) inside(a *Argument, w Word) *source.Node {
	path := strings.TrimSuffix(a.Inside, "+")
	if strings.Contains(path, Hole) || path == "" {
		return nil
	}
	var value *source.Node
	if n, err := readJSON(w); err == nil {
		value = n
	} else if value = r.unit(w); value == nil {
		value = text(w)
	}
	if value == nil || strings.HasSuffix(a.Inside, "+") {
		return nil
	}
	keyPos := a.Pos
	keyPos.Column += len(a.Flag) - len(a.Inside)
	steps := strings.Split(path, ".")
	for i := len(steps) - 1; i >= 0; i-- {
		value = &source.Node{Kind: source.Map, Pos: a.Pos, Fields: []source.Field{{Key: steps[i], KeyPos: keyPos, Value: value}}}
	}
	r.coerce(a.Key, value)
	return value
}

// coerce reads texts inside a map as the settings classes of the engine do, which take "True" for
// a boolean and "3" for a number.
func (r *lineReader) coerce(key *schema.Key, n *source.Node) {
	m, ok := n.Interface().(map[string]any)
	if !ok {
		return
	}
	section := key.Nested(m)
	for i, f := range n.Fields {
		inner, known := section.Key(f.Key)
		switch {
		case !known:
		case f.Value.Kind == source.Map:
			r.coerce(inner, f.Value)
		case f.Value.Kind == source.String && !inner.Takes(f.Value.Str):
			for _, read := range []func(Word) *source.Node{boolean, r.number} {
				if v := read(NewWord(f.Value.Str, f.Value.Pos)); v != nil && inner.Takes(v.Interface()) {
					n.Fields[i].Value = v
				}
			}
		}
	}
}
