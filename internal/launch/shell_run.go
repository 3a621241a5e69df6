package launch

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"mlcfg/internal/backend"
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

// call is a simple command.
func (r *run) call(c *syntax.CallExpr, s *syntax.Stmt) {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			r.assign(a)
		}
		return
	}
	words := r.fields(c.Args)
	if len(words) == 0 {
		return
	}
	switch words[0].Text {
	case "exit":
		r.ended = true
		return
	case "return":
		r.left = true
		return
	case "shift":
		n := 1
		if len(words) > 1 {
			n, _ = strconv.Atoi(words[1].Text)
		}
		if len(r.args) >= n && n > 0 && !slices.ContainsFunc(r.args[:n], func(w Word) bool { return w.Many }) {
			r.args = r.args[n:]
		}
		return
	case "eval":
		r.eval(words[1:])
		return
	case "unset":
		for _, w := range words[1:] {
			delete(r.variables, w.Text)
		}
		return
	case "read", "mapfile", "readarray", "printf":
		r.forget(words)
	}
	if f := r.functions[words[0].Text]; f != nil {
		r.function(f, words[1:])
		return
	}
	r.installs(words)
	var own []Variable
	for _, a := range c.Assigns {
		if a.Name != nil && a.Value != nil {
			own = append(own, Variable{Name: a.Name.Value, Pos: r.script.At(int(a.Pos().Offset())), Value: r.joined(a.Value)})
		}
	}
	r.start(words, own)
}

// forget drops what a command may set.
func (r *run) forget(words []Word) {
	for i, w := range words[1:] {
		if words[0].Text == "printf" && (i == 0 || words[i].Text != "-v") {
			continue
		}
		delete(r.variables, w.Text)
	}
}

// start keeps the launches of a command.
func (r *run) start(words []Word, own []Variable) {
	if rest, _ := withoutWrappers(words); !beginsProgram(rest) && rest[0].Text != "eval" && !slices.Contains(remotes, path.Base(words[0].Text)) {
		return
	}
	var env []Variable
	for _, v := range r.variables {
		if v.exported && len(v.words) == 1 {
			one := v.name
			one.Value = v.words[0]
			env = append(env, one)
		}
	}
	slices.SortFunc(env, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	for _, l := range r.file.command(words, append(env, own...), r.depth) {
		all := Launch{}
		all.Set(append(env, own...)...)
		all.Set(l.Variables...)
		l.Variables = all.Variables
		l.Release = l.Release.under(r.releases[l.Backend.Engine])
		for i, w := range l.Words {
			if text, ok := r.files[w.Text]; ok && i > 0 && l.Words[i-1].Text == configFlag {
				l.Config = written(text)
			}
		}
		r.found = append(r.found, l)
	}
}

// eval reads words as a script in their turn.
func (r *run) eval(words []Word) {
	if len(words) == 0 {
		return
	}
	script := words[0]
	for _, w := range words[1:] {
		script = Join(script, NewWord(" ", w.Pos()), w)
	}
	r.start([]Word{NewWord("eval", script.Pos()), script}, nil)
}

// maxCalls bounds functions within functions, and their number.
const maxCalls = 200

// function runs a function with its arguments.
func (r *run) function(f *syntax.FuncDecl, args []Word) {
	if r.calls++; r.calls > maxCalls || f.Body == nil {
		return
	}
	r.called[f.Name.Value] = true
	before := r.args
	if r.args = args; r.args == nil {
		r.args = []Word{}
	}
	delete(r.functions, f.Name.Value) // what calls itself is not gone through again
	r.stmt(f.Body)
	r.functions[f.Name.Value] = f
	r.args, r.left = before, false
}

// uncalled runs the functions that the script itself never calls, as others may that read it in.
func (r *run) uncalled() {
	var names []string
	for name, f := range r.functions {
		if !r.called[name] && f.Body != nil && r.way([]*syntax.Stmt{f.Body}).starts {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		r.ended, r.left, r.steps = false, false, 0
		if f := r.functions[name]; f != nil && !r.called[name] {
			r.function(f, []Word{Unknown(r.script.At(int(f.Pos().Offset())), true)})
		}
	}
}

// installs notes the release of an engine that pip or uv installs.
func (r *run) installs(words []Word) {
	if !slices.ContainsFunc(words, func(w Word) bool { return w.Text == "install" }) {
		return
	}
	for _, w := range words {
		name, number, ok := strings.Cut(w.Text, "==")
		name, _, _ = strings.Cut(name, "[")
		b, known := backend.Of(strings.ToLower(strings.TrimSpace(name)))
		if !ok || !known || !w.Known() {
			continue
		}
		release := OfNumber(b, number)
		release.From, release.Pos = "what is installed", w.Pos()
		if r.releases == nil {
			r.releases = map[string]Release{}
		}
		r.releases[b.Engine] = release
	}
}
