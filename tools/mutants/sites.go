package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// site is one place at which a package can be changed.
type site struct {
	file string // base name
	line int
	fn   string // the function that it is in
	what string // the change, for a person
	rank uint64 // among all places of the package, as the seed has it
	// The change as text put before offset from, and behind offset to. %d stands for
	// the number of the mutant. An operator between them is replaced where opEnd is set.
	from, to      int
	before, after string
	op, opEnd     int
	opText        string
}

// source is one file of a package.
type source struct {
	path string
	text []byte
}

// find lists what can be changed in the files of a folder, tests left out.
func find(dir string) ([]source, []site, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	var sources []source
	var sites []site
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_other.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a file to change: %w", err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a file to change: %w", err)
		}
		sources = append(sources, source{name, text})
		f := finder{files: files, text: text, name: filepath.Base(name)}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Body != nil {
				f.fn = d.Name.Name
				f.results = append(f.results[:0], d.Type.Results)
				f.node(d.Body)
			}
		}
		sites = append(sites, f.sites...)
	}
	return sources, sites, nil
}

// finder looks through one file.
type finder struct {
	files   *token.FileSet
	text    []byte
	name    string
	fn      string
	results []*ast.FieldList // of the functions around, the innermost last
	sites   []site
}

func (f *finder) at(p token.Pos) int { return f.files.Position(p).Offset }

func (f *finder) raw(n ast.Node) string { return string(f.text[f.at(n.Pos()):f.at(n.End())]) }

// add notes a change of what n is. Text that goes over lines is shown by its first.
func (f *finder) add(n ast.Node, what, before, after string) *site {
	shown, _, more := strings.Cut(f.raw(n), "\n")
	if len(shown) > 60 {
		shown, more = shown[:60], true
	}
	if more {
		shown += " …"
	}
	f.sites = append(f.sites, site{
		file: f.name, line: f.files.Position(n.Pos()).Line, fn: f.fn, what: what + ": " + shown,
		from: f.at(n.Pos()), to: f.at(n.End()), before: before, after: after, op: -1,
	})
	return &f.sites[len(f.sites)-1]
}

func (f *finder) node(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR // constants cannot be changed while a program runs
		case *ast.FuncLit:
			f.results = append(f.results, n.Type.Results)
			f.node(n.Body)
			f.results = f.results[:len(f.results)-1]
			return false
		case *ast.IfStmt:
			f.add(n.Cond, "negated", "(mutantOn(%d) != (", "))")
		case *ast.BinaryExpr:
			f.binary(n)
		case *ast.BasicLit:
			if n.Kind == token.INT && n.Value != "0" && !strings.HasPrefix(n.Value, "0o") {
				f.add(n, "one more", "mutantMore(%d, ", ")")
			}
		case *ast.CallExpr:
			return !f.same(n)
		case *ast.BlockStmt:
			f.statements(n.List)
		case *ast.CaseClause:
			f.statements(n.Body)
		case *ast.CommClause:
			f.statements(n.Body)
		}
		return true
	})
}

// same reports whether a call is left alone, and looks into those that are not: a
// change within the call makes no difference that a test could see.
func (f *finder) same(n *ast.CallExpr) bool {
	name := f.raw(n.Fun)
	switch {
	case name == "make":
		return true // how much room is made first
	case len(n.Args) > 0 && (name == "strconv.ParseFloat" || strings.Contains(name, ".FindAll")):
		// Any size of a float but 32 is 64, any number below 0 of matches is all.
		f.node(n.Fun)
		for _, a := range n.Args[:len(n.Args)-1] {
			f.node(a)
		}
		return true
	}
	return false
}

// edges are comparisons by what a boundary that is off by one makes of them.
var edges = map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}

// swaps are operators, the function that puts another in their place, and that one.
var swaps = map[token.Token][2]string{
	token.ADD: {"mutantAdd", "-"}, token.SUB: {"mutantSub", "+"}, token.MUL: {"mutantMul", "/"}, token.QUO: {"mutantQuo", "*"},
}

func (f *finder) binary(n *ast.BinaryExpr) {
	raw := f.raw(n)
	if strings.Contains(raw, "\n") {
		return // lines stay where they are, so that messages of the compiler name them
	}
	switch n.Op {
	case token.LAND, token.LOR:
		neutral := map[token.Token]string{token.LAND: "mutantOn(%d) || ", token.LOR: "!mutantOn(%d) && "}[n.Op]
		f.add(n.Y, "right of "+n.Op.String()+" left out", "("+neutral+"(", "))")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		f.add(n, "boundary "+edges[n.Op], "((", fmt.Sprintf(") != (mutantOn(%%d) && (%s == %s)))", f.raw(n.X), f.raw(n.Y)))
	case token.ADD, token.SUB, token.MUL, token.QUO:
		s := f.add(n, n.Op.String()+" becomes "+swaps[n.Op][1], swaps[n.Op][0]+"(%d, ", ")")
		s.op, s.opEnd, s.opText = f.at(n.OpPos), f.at(n.OpPos)+len(n.Op.String()), ","
	}
}

// statements finds those that can be left out, and returns of nothing.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if _, call := s.X.(*ast.CallExpr); call {
				f.add(s, "left out", "if !mutantOn(%d) { ", " }")
			}
		case *ast.IncDecStmt:
			f.add(s, "left out", "if !mutantOn(%d) { ", " }")
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				f.add(s, "left out", "if !mutantOn(%d) { ", " }")
			}
		case *ast.ReturnStmt:
			f.zero(s)
		}
	}
}

// zero makes a return of zero values, where it returns anything else.
func (f *finder) zero(s *ast.ReturnStmt) {
	results := f.results[len(f.results)-1]
	if results == nil || len(s.Results) == 0 {
		return
	}
	var zeros []string
	for _, field := range results.List {
		for range max(len(field.Names), 1) {
			zeros = append(zeros, "*new("+f.raw(field.Type)+")")
		}
	}
	already := !slices.ContainsFunc(s.Results, func(e ast.Expr) bool {
		text := f.raw(e)
		return text != "nil" && text != "0" && text != "false" && text != `""` && !strings.HasSuffix(text, "{}")
	})
	if text := strings.Join(zeros, ", "); !already && !strings.Contains(text, "\n") {
		f.add(s, "zero", "if mutantOn(%d) { return "+text+" }; ", "")
	}
}

// change returns a file with the sites that are in it, each under its number.
func change(src source, sites map[int]site) []byte {
	type edit struct {
		at, order, span, number int
		cut                     int
		text                    string
	}
	var edits []edit
	for n, s := range sites {
		if s.file != filepath.Base(src.path) {
			continue
		}
		name := strconv.Itoa(n)
		span := s.to - s.from
		// What surrounds more stands further out: first in front of it, last behind it.
		edits = append(edits,
			edit{at: s.from, order: 1, span: -span, number: n, text: strings.ReplaceAll(s.before, "%d", name)},
			edit{at: s.to, order: -1, span: span, number: -n, text: strings.ReplaceAll(s.after, "%d", name)})
		if s.op >= 0 {
			edits = append(edits, edit{at: s.op, order: 2, cut: s.opEnd - s.op, text: s.opText})
		}
	}
	slices.SortFunc(edits, func(a, b edit) int {
		return cmp.Or(a.at-b.at, a.order-b.order, a.span-b.span, a.number-b.number)
	})
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(src.text[at:e.at])
		out.WriteString(e.text)
		at = e.at + e.cut
	}
	out.Write(src.text[at:])
	return out.Bytes()
}

// support is the file that is added to a package that has so many mutants.
func support(name string, mutants int) []byte {
	return fmt.Appendf(nil, `package %s

import (
	mutantOS "os"
	mutantStrconv "strconv"
	mutantStrings "strings"
	mutantAtomic "sync/atomic"
)

var (
	mutantChosen, _ = mutantStrconv.Atoi(mutantTold("MUTANT"))
	mutantReached   = mutantTold("MUTANTS_REACHED")
	mutantSeen      [%d]mutantAtomic.Bool
)

// A process may be started with another environment: the first process of all has what was told.
func mutantTold(name string) string {
	if v := mutantOS.Getenv(name); v != "" {
		return v
	}
	first, _ := mutantOS.ReadFile("/proc/1/environ")
	for _, v := range mutantStrings.Split(string(first), "\x00") {
		if value, ok := mutantStrings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

func mutantOn(n int) bool {
	if mutantReached != "" && !mutantSeen[n].Swap(true) {
		if f, err := mutantOS.OpenFile(mutantReached, mutantOS.O_CREATE|mutantOS.O_APPEND|mutantOS.O_WRONLY, 0o600); err == nil {
			_, _ = f.WriteString(mutantStrconv.Itoa(n) + "\n")
			_ = f.Close()
		}
	}
	return n == mutantChosen
}

type mutantInteger interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type mutantNumber interface{ mutantInteger | ~float32 | ~float64 }

func mutantMore[T mutantInteger](n int, v T) T {
	if mutantOn(n) {
		return v + 1
	}
	return v
}

func mutantAdd[T mutantNumber](n int, a, b T) T {
	if mutantOn(n) {
		return a - b
	}
	return a + b
}

func mutantSub[T mutantNumber](n int, a, b T) T {
	if mutantOn(n) {
		return a + b
	}
	return a - b
}

func mutantMul[T mutantNumber](n int, a, b T) T {
	if mutantOn(n) && b != 0 {
		return a / b
	}
	return a * b
}

func mutantQuo[T mutantNumber](n int, a, b T) T {
	if mutantOn(n) {
		return a * b
	}
	return a / b
}
`, name, mutants+1)
}
