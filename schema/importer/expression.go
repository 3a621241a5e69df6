package importer

import (
	"fmt"
	"regexp"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"mlcfg/schema"
)

// expression reads what a key's CUE expression takes. The forms of expression that the
// schemas are written in are few; what is none of them is refused, so that the index
// never says less than the CUE.
type expression struct {
	forms map[string]ast.Expr
	cue   *cue.Context
	depth int // forms inside one another
	// def is the value marked with *.
	def        any
	hasDefault bool
}

// alternatives flattens a | b | *c.
func (x *expression) alternatives(e ast.Expr, into []schema.Alternative) ([]schema.Alternative, error) {
	switch n := e.(type) {
	case *ast.ParenExpr:
		return x.alternatives(n.X, into)
	case *ast.BinaryExpr:
		if n.Op == token.OR {
			left, err := x.alternatives(n.X, into)
			if err != nil {
				return nil, err
			}
			return x.alternatives(n.Y, left)
		}
	case *ast.UnaryExpr:
		if n.Op == token.MUL {
			x.def, x.hasDefault = x.constant(n.X)
			return x.alternatives(n.X, into)
		}
	case *ast.Ident:
		if form, ok := x.forms[n.Name]; ok {
			if x.depth++; x.depth > len(x.forms) {
				return nil, fmt.Errorf("%s is defined by itself", n.Name)
			}
			defer func() { x.depth-- }()
			return x.alternatives(form, into)
		}
	}
	a, err := x.simple(e)
	return append(into, a), err
}

func (x *expression) simple(e ast.Expr) (schema.Alternative, error) {
	if v, ok := x.constant(e); ok {
		// An empty list or struct stands for a default, not for the only value:
		// the general form is beside it.
		return schema.Alternative{Kinds: kindOf(v), Literal: v, IsLiteral: true}, nil
	}
	switch n := e.(type) {
	case *ast.Ident:
		if kinds, ok := kindNames[n.Name]; ok {
			return schema.Alternative{Kinds: kinds}, nil
		}
	case *ast.ListLit:
		if len(n.Elts) == 1 {
			if el, ok := n.Elts[0].(*ast.Ellipsis); ok {
				elem, err := x.element(el.Type)
				return schema.Alternative{Kinds: schema.List, Elem: elem}, err
			}
		}
	case *ast.StructLit:
		if a, ok, err := x.structure(n); ok || err != nil {
			return a, err
		}
	case *ast.BinaryExpr:
		if a, ok := x.conjunction(n); ok && a.Kinds != 0 {
			return a, nil
		}
	case *ast.UnaryExpr:
		if v, ok := x.constant(n.X); ok && n.Op == token.MAT {
			if text, ok := v.(string); ok {
				_, err := regexp.Compile(text)
				return schema.Alternative{Kinds: schema.String, Pattern: text}, err
			}
		}
	}
	text, err := format.Node(e)
	if err != nil {
		return schema.Alternative{}, err
	}
	return schema.Alternative{}, fmt.Errorf("no form that the index has: %s", text)
}

var kindNames = map[string]schema.Kind{
	"bool": schema.Bool, "int": schema.Int, "number": schema.Int | schema.Float, "string": schema.String, "_": schema.AnyKind,
}

// element reads the type of a list's elements or of a map's values, nil for any.
func (x *expression) element(e ast.Expr) ([]schema.Alternative, error) {
	if e == nil {
		return nil, nil
	}
	inner := expression{forms: x.forms, cue: x.cue, depth: x.depth} // its default mark is none of x's
	return inner.alternatives(e, nil)
}

// structure reads {...} and {[string]: T}.
func (x *expression) structure(s *ast.StructLit) (schema.Alternative, bool, error) {
	if len(s.Elts) != 1 {
		return schema.Alternative{}, false, nil
	}
	switch n := s.Elts[0].(type) {
	case *ast.Ellipsis:
		return schema.Alternative{Kinds: schema.Map}, n.Type == nil, nil
	case *ast.Field:
		label, ok := n.Label.(*ast.ListLit)
		if !ok || len(label.Elts) != 1 {
			break
		}
		if id, ok := label.Elts[0].(*ast.Ident); ok && id.Name == "string" {
			elem, err := x.element(n.Value)
			return schema.Alternative{Kinds: schema.Map, Elem: elem}, true, err
		}
	}
	return schema.Alternative{}, false, nil
}

// conjunction reads int & >=1 & <=8 & !=4: a numeric type with bounds.
func (x *expression) conjunction(e ast.Expr) (schema.Alternative, bool) {
	switch n := e.(type) {
	case *ast.ParenExpr:
		return x.conjunction(n.X)
	case *ast.Ident:
		kinds, ok := kindNames[n.Name]
		return schema.Alternative{Kinds: kinds}, ok && kinds&^(schema.Int|schema.Float) == 0
	case *ast.UnaryExpr:
		v, _ := x.constant(n.X)
		bound, ok := schema.Number(v)
		switch n.Op {
		case token.GEQ, token.GTR:
			return schema.Alternative{Min: &schema.Bound{Value: bound, Exclusive: n.Op == token.GTR}}, ok
		case token.LEQ, token.LSS:
			return schema.Alternative{Max: &schema.Bound{Value: bound, Exclusive: n.Op == token.LSS}}, ok
		case token.NEQ:
			return schema.Alternative{Not: []float64{bound}}, ok
		}
	case *ast.BinaryExpr:
		if n.Op != token.AND {
			return schema.Alternative{}, false
		}
		a, okA := x.conjunction(n.X)
		b, okB := x.conjunction(n.Y)
		if !okA || !okB || a.Kinds != 0 && b.Kinds != 0 || a.Min != nil && b.Min != nil || a.Max != nil && b.Max != nil {
			return schema.Alternative{}, false
		}
		a.Kinds |= b.Kinds
		if b.Min != nil {
			a.Min = b.Min
		}
		if b.Max != nil {
			a.Max = b.Max
		}
		a.Not = append(a.Not, b.Not...)
		return a, true
	}
	return schema.Alternative{}, false
}

// constant returns the value of an expression that is one by its form.
func (x *expression) constant(e ast.Expr) (any, bool) {
	if !isConstant(e) {
		return nil, false
	}
	return plain(x.cue.BuildExpr(e))
}

func isConstant(e ast.Expr) bool {
	switch n := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.UnaryExpr:
		return n.Op == token.SUB && isConstant(n.X)
	case *ast.ListLit:
		for _, el := range n.Elts {
			if !isConstant(el) {
				return false
			}
		}
		return true
	case *ast.CallExpr: // close({a: 1})
		return len(n.Args) == 1 && isConstant(n.Args[0])
	case *ast.StructLit:
		for _, d := range n.Elts {
			if f, ok := d.(*ast.Field); !ok || f.Constraint != token.ILLEGAL || !isConstant(f.Value) {
				return false
			}
		}
		return true
	}
	return false
}

// plain is a concrete value as Go has it.
func plain(v cue.Value) (any, bool) {
	switch v.Kind() {
	case cue.NullKind:
		return nil, true
	case cue.BoolKind:
		b, err := v.Bool()
		return b, err == nil
	case cue.StringKind:
		s, err := v.String()
		return s, err == nil
	case cue.IntKind:
		n, err := v.Int(nil)
		if err == nil && n.IsInt64() {
			return n.Int64(), true
		}
		return n, err == nil
	case cue.FloatKind:
		f, err := v.Float64()
		return f, err == nil
	case cue.ListKind:
		list := []any{}
		items, err := v.List()
		for err == nil && items.Next() {
			el, ok := plain(items.Value())
			if !ok {
				return nil, false
			}
			list = append(list, el)
		}
		return list, err == nil
	case cue.StructKind:
		m := map[string]any{}
		fields, err := v.Fields()
		for err == nil && fields.Next() {
			el, ok := plain(fields.Value())
			if !ok {
				return nil, false
			}
			m[fields.Selector().Unquoted()] = el
		}
		return m, err == nil
	}
	return nil, false
}

func kindOf(v any) schema.Kind {
	switch v.(type) {
	case nil:
		return schema.Null
	case bool:
		return schema.Bool
	case string:
		return schema.String
	case float64:
		return schema.Float
	case []any:
		return schema.List
	case map[string]any:
		return schema.Map
	}
	return schema.Int
}
