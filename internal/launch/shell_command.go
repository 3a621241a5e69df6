package launch

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"mlcfg/internal/backend"
)

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
