package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// faults explains why a value fits no alternative.
func (k *Key) faults(alts []Alternative, value any, path []string) []Fault {
	kind := kindOf(value)
	want := describe(alts)
	f := Fault{Path: path, Want: want}
	miss := checkAlternatives(alts, value)
	if miss == nil {
		return nil
	}
	if miss.kind == 0 {
		f.Code = WrongType
		f.Message = fmt.Sprintf("%s where %s is wanted", found(value), want)
		f.Suggestion = suggestType(alts, value)
		return []Fault{f}
	}
	var literals []any
	patterned := false
	for i := range alts {
		a := &alts[i]
		if a.Kinds&kind == 0 {
			continue
		}
		switch {
		case a.IsLiteral:
			literals = append(literals, a.Literal)
		case a.Pattern != "":
			patterned = true
		case a.Elem != nil:
			return k.elementFaults(a, value, path)
		default:
			f.Code = OutOfRange
		}
	}
	switch {
	case f.Code == "" && patterned && len(literals) == 0:
		f.Code = WrongType
		f.Suggestion = suggestType(alts, value)
	case f.Code == "":
		f.Code = NotInEnum
		f.Suggestion = cmp.Or(nearestLiteral(literals, value), suggestType(alts, value))
	}
	f.Message = fmt.Sprintf("%s where %s is wanted", Format(value), want)
	return []Fault{f}
}

func (k *Key) elementFaults(a *Alternative, value any, path []string) []Fault {
	var all []Fault
	at := func(step string) []string { return append(slices.Clone(path), step) }
	switch v := value.(type) {
	case []any:
		for i, x := range v {
			all = append(all, k.faults(a.Elem, x, at(strconv.Itoa(i)))...)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			all = append(all, k.faults(a.Elem, v[name], at(name))...)
		}
	}
	return all
}

// found names a value with its type, for a message about a wrong type.
func found(value any) string {
	kind := kindOf(value)
	switch kind {
	case Null:
		return "null"
	case List, Map:
		return kind.String()
	case Float:
		return "the fraction " + Format(value)
	}
	return "the " + strings.TrimPrefix(strings.TrimPrefix(kind.String(), "a "), "an ") + " " + Format(value)
}

// describe says in words what the alternatives take.
func describe(alts []Alternative) string {
	var words []string
	var literals []string
	null := false
	for i := range alts {
		a := &alts[i]
		if a.Pattern != "" && len(alts) > 1 {
			continue // the text of what another alternative takes
		}
		if a.IsLiteral {
			if a.Kinds == Null {
				null = true
			} else if text := Format(a.Literal); !covered(alts, a) && !slices.Contains(literals, text) {
				literals = append(literals, text)
			}
			continue
		}
		word := a.describe()
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	switch {
	case len(literals) == 1:
		words = append(words, literals[0])
	case len(literals) > 1:
		words = append(words, "one of "+strings.Join(literals, ", "))
	}
	if null {
		words = append(words, "null")
	}
	return joinOr(words)
}

// covered reports whether a general alternative takes the literal too. A pattern is not told,
// so that what it spells in either case is.
func covered(alts []Alternative, literal *Alternative) bool {
	return slices.ContainsFunc(alts, func(b Alternative) bool {
		return !b.IsLiteral && b.Pattern == "" && b.Kinds&literal.Kinds != 0 && b.accepts(literal.Literal, literal.Kinds)
	})
}

func (a *Alternative) describe() string {
	word := a.Kinds.String()
	switch {
	case a.Pattern != "":
		return "text that matches " + a.Pattern
	case a.Kinds == List && a.Elem != nil:
		return "a list of (" + describe(a.Elem) + ")"
	case a.Kinds == Map && a.Elem != nil:
		return "a map to (" + describe(a.Elem) + ")"
	case a.Min != nil && a.Max != nil:
		word = fmt.Sprintf("%s %s and %s", word, a.Min.lower(), a.Max.upper())
	case a.Min != nil:
		word += " " + a.Min.lower()
	case a.Max != nil:
		word += " " + a.Max.upper()
	}
	return word + a.except()
}

// except names the numbers of a range that are refused.
func (a *Alternative) except() string {
	var numbers []string
	for _, n := range a.Not {
		numbers = append(numbers, (&Bound{Value: n}).text())
	}
	if numbers == nil {
		return ""
	}
	return " other than " + joinOr(numbers)
}

func (b *Bound) lower() string {
	if b.Exclusive {
		return "above " + b.text()
	}
	return "of at least " + b.text()
}

func (b *Bound) upper() string {
	if b.Exclusive {
		return "below " + b.text()
	}
	return "of at most " + b.text()
}

func (b *Bound) text() string { return strconv.FormatFloat(b.Value, 'g', -1, 64) }
