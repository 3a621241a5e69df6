package launch

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// run goes through a script once.
type run struct {
	*explorer
	forced, taken map[string]int
	order         []choice

	variables map[string]*variable
	functions map[string]*syntax.FuncDecl
	called    map[string]bool
	calls     int
	// files are texts that the script writes, by their names.
	files map[string]Word
	// releases are those of engines that the script installs.
	releases map[string]Release
	// args are the arguments of the function that runs, nil outside of one.
	args  []Word
	found []Launch
	steps int
	loops int  // that are open
	ended bool // by exit
	left  bool // by return
}

// variable is a variable of the script.
type variable struct {
	words    []Word // one of a scalar, elements of an array
	array    bool
	exported bool
	name     Variable // its name and place
}

func (r *run) stopped() bool { return r.ended || r.left || r.steps > maxSteps }

func (r *run) stmts(stmts []*syntax.Stmt) {
	for _, s := range stmts {
		if r.stopped() {
			return
		}
		r.stmt(s)
	}
}

func (r *run) stmt(s *syntax.Stmt) {
	r.steps++
	r.written(s)
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		r.call(c, s)
	case *syntax.DeclClause:
		r.declare(c)
	case *syntax.Block:
		r.stmts(c.Stmts)
	case *syntax.Subshell:
		r.subshell(func() { r.stmts(c.Stmts) })
	case *syntax.BinaryCmd:
		r.binary(c)
	case *syntax.IfClause:
		r.branches(c)
	case *syntax.CaseClause:
		r.cases(c)
	case *syntax.ForClause:
		r.loop(c)
	case *syntax.WhileClause:
		r.repeated(c.Do)
	case *syntax.FuncDecl:
		if c.Name != nil {
			r.functions[c.Name.Value] = c
		}
	case *syntax.TimeClause:
		if c.Stmt != nil {
			r.stmt(c.Stmt)
		}
	case *syntax.CoprocClause:
		r.stmt(c.Stmt)
	}
}

// subshell does something whose variables are lost.
func (r *run) subshell(do func()) {
	kept := make(map[string]*variable, len(r.variables))
	for name, v := range r.variables {
		copied := *v
		kept[name] = &copied
	}
	ended := r.ended
	do()
	r.variables, r.ended = kept, ended
}

// binary are commands with && or || or a pipe between them. What follows a test is one way of two.
func (r *run) binary(c *syntax.BinaryCmd) {
	switch c.Op {
	case syntax.Pipe, syntax.PipeAll:
		r.subshell(func() { r.stmt(c.X) })
		r.subshell(func() { r.stmt(c.Y) })
		return
	}
	r.stmt(c.X)
	if r.stopped() {
		return
	}
	if !isTest(c.X) {
		if c.Op == syntax.OrStmt && ends([]*syntax.Stmt{c.Y}) {
			return
		}
		r.stmt(c.Y)
		return
	}
	if result, known := r.holds(c.X); known {
		if result == (c.Op == syntax.AndStmt) {
			r.stmt(c.Y)
		}
		return
	}
	if r.choose(c, r.text(c.X), []way{r.way([]*syntax.Stmt{c.Y}), {}}) == 0 {
		r.stmt(c.Y)
	}
}

// isTest reports whether a command is a condition alone.
func isTest(s *syntax.Stmt) bool {
	switch c := s.Cmd.(type) {
	case *syntax.TestClause, *syntax.ArithmCmd:
		return true
	case *syntax.CallExpr:
		return len(c.Args) > 0 && slices.Contains([]string{"[", "test", "command", "which", "grep"}, c.Args[0].Lit())
	case *syntax.BinaryCmd:
		return isTest(c.Y)
	}
	return false
}

// ends reports whether commands end the script, or the function they stand in.
func ends(stmts []*syntax.Stmt) bool {
	for _, s := range stmts {
		switch c := s.Cmd.(type) {
		case *syntax.CallExpr:
			if len(c.Args) > 0 && slices.Contains([]string{"exit", "return", "die"}, c.Args[0].Lit()) {
				return true
			}
		case *syntax.Block:
			if ends(c.Stmts) {
				return true
			}
		}
	}
	return false
}

// text is the script's own text of a node.
func (r *run) text(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if from > to || to > len(r.script.Text) {
		return ""
	}
	return r.script.Text[from:to]
}

// branches is if, with elif and else. Conditions of which the script tells all are evaluated.
func (r *run) branches(c *syntax.IfClause) {
	var bodies [][]*syntax.Stmt
	var condition strings.Builder
	for i := c; ; i = i.Else {
		if i == nil {
			bodies = append(bodies, nil)
			break
		}
		if len(i.Cond) == 0 { // else
			bodies = append(bodies, i.Then)
			break
		}
		for _, s := range i.Cond {
			r.stmt(s)
		}
		result, known := r.holds(i.Cond[len(i.Cond)-1])
		if known && !result {
			continue
		}
		bodies = append(bodies, i.Then)
		if known {
			break
		}
		for _, s := range i.Cond {
			condition.WriteString(r.text(s) + "\n")
		}
	}
	if r.stopped() {
		return
	}
	if len(bodies) == 1 {
		r.stmts(bodies[0])
		return
	}
	ways := make([]way, len(bodies))
	for i, body := range bodies {
		ways[i] = r.way(body)
	}
	r.stmts(bodies[r.choose(c, condition.String(), ways)])
}

func (r *run) cases(c *syntax.CaseClause) {
	ways := make([]way, 0, len(c.Items)+1)
	var condition strings.Builder
	condition.WriteString(r.text(c.Word))
	all := false
	for _, item := range c.Items {
		ways = append(ways, r.way(item.Stmts))
		for _, p := range item.Patterns {
			condition.WriteString(" " + r.text(p))
			all = all || p.Lit() == "*"
		}
	}
	if !all {
		ways = append(ways, way{})
	}
	if chosen := r.choose(c, condition.String(), ways); chosen < len(c.Items) {
		r.stmts(c.Items[chosen].Stmts)
	}
}

// loop goes through a loop once, with one of the values after the other from run to run.
func (r *run) loop(c *syntax.ForClause) {
	if each, ok := c.Loop.(*syntax.WordIter); ok && each.Name != nil {
		words := r.fields(each.Items)
		at := r.script.At(int(each.Name.Pos().Offset()))
		v := &variable{words: []Word{Unknown(at, false)}, name: Variable{Name: each.Name.Value, Pos: at}}
		if n := min(len(words), maxEach); n > 0 && !slices.ContainsFunc(words, func(w Word) bool { return w.Many || !w.Known() }) {
			v.words = words[r.choose(each, r.text(each), make([]way, n)):][:1]
		}
		r.variables[each.Name.Value] = v
	}
	r.repeated(c.Do)
}

// repeated are the commands of a loop.
func (r *run) repeated(stmts []*syntax.Stmt) {
	r.loops++
	r.stmts(stmts)
	r.loops--
}

// maxEach bounds the values of a loop that are looked at.
const maxEach = 8

// declare is export, local, declare, readonly, with and without values.
func (r *run) declare(c *syntax.DeclClause) {
	exports := c.Variant != nil && c.Variant.Value == "export"
	for _, a := range c.Args {
		if a.Naked && a.Name == nil {
			exports = exports || a.Value != nil && a.Value.Lit() == "-x"
			continue
		}
		if a.Name == nil {
			continue
		}
		if !a.Naked || r.variables[a.Name.Value] == nil {
			r.assign(a)
		}
		if v := r.variables[a.Name.Value]; v != nil && exports {
			v.exported = true
		}
	}
}

// assign sets a variable, or adds to it.
func (r *run) assign(a *syntax.Assign) {
	if a.Name == nil {
		return
	}
	name := a.Name.Value
	at := r.script.At(int(a.Pos().Offset()))
	v := &variable{name: Variable{Name: name, Pos: at}}
	old := r.variables[name]
	if old != nil {
		v.exported = old.exported
	}
	switch {
	case a.Array != nil:
		v.array = true
		for _, e := range a.Array.Elems {
			if e.Index != nil {
				v.words = []Word{Unknown(at, true)} // of names and values
				break
			}
			if e.Value != nil {
				v.words = append(v.words, r.expand(e.Value)...)
			}
		}
	case a.Index != nil:
		v.array, v.words = true, []Word{Unknown(at, true)}
	case a.Value != nil:
		v.words = []Word{r.joined(a.Value)}
	default:
		v.words = []Word{NewWord("", at)}
	}
	if a.Append && old != nil {
		switch {
		case a.Array != nil || old.array:
			v.array, v.words = true, append(slices.Clone(old.words), v.words...)
		case r.loops > 0 && !strings.Contains(v.words[0].Text, "-"): // a text that a loop makes
			v.words = []Word{Unknown(at, false)}
		default:
			v.words = []Word{Join(append(slices.Clone(old.words), v.words...)...)}
		}
	} else if a.Append && a.Array != nil {
		v.words = append([]Word{Unknown(at, true)}, v.words...)
	}
	r.variables[name] = v
}
