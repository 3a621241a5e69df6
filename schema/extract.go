package schema

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// alternative is one disjunct of a key's CUE expression in a form that is
// checked without the CUE evaluator.
type alternative struct {
	// kinds is one kind, Int|Float for number, or AnyKind.
	kinds Kind
	// literal is the one value of a constant disjunct.
	literal   any
	isLiteral bool
	// pattern is what text must match, nil for any text.
	pattern  *regexp.Regexp
	min, max *Bound
	// elem are the alternatives of a list's elements or of a map's values;
	// nil takes anything.
	elem []alternative
	// expr is set where the expression is none of the above forms: CUE itself
	// then decides.
	expr ast.Expr
}

// parseField fills in what a key's own line says. The tests parse every line
// that is embedded, so a fault here can only come from a broken build; such a
// key takes anything.
func parseField(k *Key) {
	file, err := parser.ParseFile(k.Pos.File, k.source)
	if err != nil || len(file.Decls) != 1 {
		k.broken, k.Kinds, k.alts = true, AnyKind, []alternative{{kinds: AnyKind}}
		return
	}
	field, ok := file.Decls[0].(*ast.Field)
	if !ok {
		k.broken, k.Kinds, k.alts = true, AnyKind, []alternative{{kinds: AnyKind}}
		return
	}
	k.alts = k.disjuncts(field.Value, nil)
	k.summarize()
	for _, a := range field.Attrs {
		k.attribute(a)
	}
}

// disjuncts flattens a | b | *c and notes the default.
func (k *Key) disjuncts(e ast.Expr, into []alternative) []alternative {
	switch x := e.(type) {
	case *ast.ParenExpr:
		return k.disjuncts(x.X, into)
	case *ast.BinaryExpr:
		if x.Op == token.OR {
			return k.disjuncts(x.Y, k.disjuncts(x.X, into))
		}
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			k.Default, k.HasDefault = constant(x.X)
			return k.disjuncts(x.X, into)
		}
	case *ast.Ident:
		// A form may name another, never itself.
		if form, ok := k.forms[x.Name]; ok && k.inForms < len(k.forms) {
			if e, err := parser.ParseExpr(k.Pos.File, form); err == nil {
				k.inForms++
				defer func() { k.inForms-- }()
				return k.disjuncts(e, into)
			}
		}
	}
	return append(into, k.simple(e))
}

func (k *Key) simple(e ast.Expr) alternative {
	if v, ok := constant(e); ok {
		// An empty list or struct stands for a default, not for the only value:
		// the general form is beside it.
		return alternative{kinds: kindOf(v), literal: v, isLiteral: true}
	}
	switch x := e.(type) {
	case *ast.Ident:
		if kinds, ok := kindNames[x.Name]; ok {
			return alternative{kinds: kinds}
		}
	case *ast.ListLit:
		if len(x.Elts) == 1 {
			if el, ok := x.Elts[0].(*ast.Ellipsis); ok {
				return alternative{kinds: List, elem: k.element(el.Type)}
			}
		}
	case *ast.StructLit:
		if a, ok := k.structure(x); ok {
			return a
		}
	case *ast.BinaryExpr:
		if a, ok := conjunction(x); ok {
			return a
		}
		return alternative{kinds: kindsOf(x), expr: e}
	case *ast.UnaryExpr:
		if v, ok := constant(x.X); ok && x.Op == token.MAT {
			text, _ := v.(string)
			if re, err := regexp.Compile(text); err == nil {
				return alternative{kinds: String, pattern: re}
			}
		}
	}
	return alternative{kinds: AnyKind, expr: e}
}

var kindNames = map[string]Kind{
	"bool": Bool, "int": Int, "number": Int | Float, "string": String, "_": AnyKind,
}

// kindsOf is the kind that the first type in a conjunction names.
func kindsOf(e ast.Expr) Kind {
	switch x := e.(type) {
	case *ast.Ident:
		if kinds, ok := kindNames[x.Name]; ok {
			return kinds
		}
	case *ast.BinaryExpr:
		return kindsOf(x.X)
	}
	return AnyKind
}

func (k *Key) element(e ast.Expr) []alternative {
	if e == nil {
		return nil
	}
	var inner Key // its default mark is no default of k
	return inner.disjuncts(e, nil)
}

// structure reads {...} and {[string]: T}.
func (k *Key) structure(s *ast.StructLit) (alternative, bool) {
	if len(s.Elts) != 1 {
		return alternative{}, false
	}
	switch x := s.Elts[0].(type) {
	case *ast.Ellipsis:
		return alternative{kinds: Map}, true
	case *ast.Field:
		label, ok := x.Label.(*ast.ListLit)
		if !ok || len(label.Elts) != 1 {
			return alternative{}, false
		}
		if id, ok := label.Elts[0].(*ast.Ident); ok && id.Name == "string" {
			return alternative{kinds: Map, elem: k.element(x.Value)}, true
		}
	}
	return alternative{}, false
}

// conjunction reads int & >=1 & <=8: a numeric type with bounds.
func conjunction(e ast.Expr) (alternative, bool) {
	switch x := e.(type) {
	case *ast.ParenExpr:
		return conjunction(x.X)
	case *ast.Ident:
		kinds, ok := kindNames[x.Name]
		return alternative{kinds: kinds}, ok && kinds&^(Int|Float) == 0
	case *ast.UnaryExpr:
		v, ok := constant(x.X)
		n, isNumber := number(v)
		if !ok || !isNumber {
			return alternative{}, false
		}
		switch x.Op {
		case token.GEQ, token.GTR:
			return alternative{min: &Bound{n, x.Op == token.GTR}}, true
		case token.LEQ, token.LSS:
			return alternative{max: &Bound{n, x.Op == token.LSS}}, true
		}
	case *ast.BinaryExpr:
		if x.Op != token.AND {
			return alternative{}, false
		}
		a, okA := conjunction(x.X)
		b, okB := conjunction(x.Y)
		if !okA || !okB || a.kinds != 0 && b.kinds != 0 || a.min != nil && b.min != nil || a.max != nil && b.max != nil {
			return alternative{}, false
		}
		a.kinds |= b.kinds
		if b.min != nil {
			a.min = b.min
		}
		if b.max != nil {
			a.max = b.max
		}
		return a, true
	}
	return alternative{}, false
}

// constant returns the Go value of a literal expression.
func constant(e ast.Expr) (any, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		return basic(x)
	case *ast.UnaryExpr:
		v, ok := constant(x.X)
		if !ok || x.Op != token.SUB {
			return nil, false
		}
		switch n := v.(type) {
		case int64:
			return -n, true
		case float64:
			return -n, true
		case *big.Int:
			return new(big.Int).Neg(n), true
		}
	case *ast.ListLit:
		list := []any{}
		for _, el := range x.Elts {
			v, ok := constant(el)
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		return list, true
	case *ast.CallExpr: // close({a: 1})
		if len(x.Args) == 1 {
			return constant(x.Args[0])
		}
	case *ast.StructLit:
		m := map[string]any{}
		for _, d := range x.Elts {
			f, ok := d.(*ast.Field)
			if !ok {
				return nil, false
			}
			name, _, err := ast.LabelName(f.Label)
			v, ok := constant(f.Value)
			if err != nil || !ok {
				return nil, false
			}
			m[name] = v
		}
		return m, true
	}
	return nil, false
}

func basic(x *ast.BasicLit) (any, bool) {
	switch x.Kind {
	case token.NULL:
		return nil, true
	case token.TRUE, token.FALSE:
		return x.Kind == token.TRUE, true
	case token.STRING:
		s, err := literal.Unquote(x.Value)
		return s, err == nil
	case token.INT:
		if n, err := strconv.ParseInt(x.Value, 0, 64); err == nil {
			return n, true
		}
		n, ok := new(big.Int).SetString(x.Value, 0)
		return n, ok
	case token.FLOAT:
		f, err := strconv.ParseFloat(x.Value, 64)
		return f, err == nil
	}
	return nil, false
}

// summarize derives Kinds, Min, Max and Enum from the alternatives.
func (k *Key) summarize() {
	open := Kind(0) // kinds with a disjunct that is no literal
	for _, a := range k.alts {
		k.Kinds |= a.kinds
		if !a.isLiteral {
			open |= a.kinds
		}
	}
	for _, a := range k.alts {
		if a.isLiteral && a.kinds&open == 0 && a.kinds&(Null|List|Map) == 0 {
			k.Enum = append(k.Enum, a.literal)
		}
		if a.min != nil {
			k.Min = a.min
		}
		if a.max != nil {
			k.Max = a.max
		}
	}
}

// attribute reads what the attributes of a field say; splitting the field has read @release.
func (k *Key) attribute(a *ast.Attribute) {
	name, body := a.Split()
	args, named := splitAttribute(body)
	first := ""
	if len(args) > 0 {
		first = args[0]
	}
	switch name {
	case "flag":
		k.Flag = &Flag{Names: args, Negative: named["negative"], Action: named["action"], Nargs: named["nargs"]}
		if k.Flag.Action == "" {
			k.Flag.Action = "store"
		}
	case "deprecated":
		k.Deprecated = first
	case "default":
		k.DefaultNote = first
	case "limit":
		k.Limit = first
	case "config":
		k.Config = first
	case "required":
		k.Required = true
	}
}

// splitAttribute splits an attribute's body at its commas: "a","b",name="c".
func splitAttribute(body string) (args []string, named map[string]string) {
	named = map[string]string{}
	for body != "" {
		name := ""
		if i := strings.IndexAny(body, `="`); i >= 0 && body[i] == '=' {
			name, body = strings.TrimSpace(body[:i]), body[i+1:]
		}
		quoted, err := strconv.QuotedPrefix(strings.TrimLeft(body, " "))
		if err != nil {
			return args, named
		}
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return args, named
		}
		body = strings.TrimLeft(strings.TrimLeft(body, " ")[len(quoted):], ", ")
		if name == "" {
			args = append(args, text)
		} else {
			named[name] = text
		}
	}
	return args, named
}
