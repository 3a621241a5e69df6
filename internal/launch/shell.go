package launch

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
)

const shellName = "shell script"

// shellScript reads scripts of the POSIX shell and of bash.
var shellScript = Adapter{
	Name: shellName,
	Claims: func(f *File) bool {
		if !f.Names() {
			return false
		}
		if line, _, _ := bytes.Cut(f.Data, []byte{'\n'}); bytes.HasPrefix(line, []byte("#!")) {
			return shebang.Match(line)
		}
		return f.isScript()
	},
	Read: func(f *File) []Launch {
		return f.Shell(NewWord(string(f.Data), f.Place(0)))
	},
}

var shebang = lazyregexp.New(`^#!.*\b(?:ba|da|z|k)?sh\b`)

// isScript reports whether a file without a first line that says so is a script.
func (f *File) isScript() bool {
	if f.Has("```") || !mentioned(string(f.Data)) {
		return false
	}
	_, err := newParser().Parse(bytes.NewReader(f.Data), "")
	return err == nil && len(f.Documents()) == 0
}

func newParser(options ...syntax.ParserOption) *syntax.Parser {
	return syntax.NewParser(append(options, syntax.Variant(syntax.LangBash))...)
}

// maxScript bounds the size of a script, in bytes.
const maxScript = 1 << 20

// Shell returns what a script starts: each command that starts an engine under every branch that
// leads to it. Variables that the script sets have their values, others are unknown.
func (f *File) Shell(script Word, variables ...Variable) []Launch {
	return f.shell(script, variables, 0)
}

func (f *File) shell(script Word, variables []Variable, depth int, args ...Word) []Launch {
	if len(script.Text) > maxScript || depth > maxShells || !mentioned(script.Text) {
		return nil
	}
	script = holes(script, templatePlace)
	tree := parse(&script)
	if tree == nil {
		return nil
	}
	x := &explorer{file: f, script: script, tree: tree, depth: depth, outer: variables, args: args, covered: map[branch]bool{}, queued: map[branch]bool{}, documents: map[string]bool{}}
	return x.explore()
}

// templatePlace is what Helm, GitHub's workflows and others of their kind fill in before there is
// a script.
var templatePlace = lazyregexp.New(`\$?\{\{-?[ \t][^{}\n]*\}\}|\{\{[.$][^{}\n]*\}\}`)

// parse reads a script. Lines that the parser refuses are blanked, in the script too.
func parse(script *Word) *syntax.File {
	for range maxRecovered {
		tree, err := newParser().Parse(strings.NewReader(script.Text), "")
		if err == nil {
			return tree
		}
		var at syntax.ParseError
		if !errors.As(err, &at) {
			return nil
		}
		offset := min(int(at.Pos.Offset()), len(script.Text))
		from := strings.LastIndexByte(script.Text[:offset], '\n') + 1
		to := from + len(script.Text[from:])
		if i := strings.IndexByte(script.Text[from:], '\n'); i >= 0 {
			to = from + i
		}
		if strings.TrimSpace(script.Text[from:to]) == "" {
			return nil
		}
		script.Text = script.Text[:from] + strings.Repeat(" ", to-from) + script.Text[to:]
	}
	return nil
}

// mentioned reports whether a script has any word that starts an engine, or holds one.
func mentioned(text string) bool {
	for _, b := range backend.Engines() {
		for _, p := range b.Programs {
			if strings.Contains(text, p.Module) && p.Module != "" || len(p.Words) > 1 && strings.Contains(text, p.Words[0]) && strings.Contains(text, p.Words[1]) {
				return true
			}
		}
		for _, i := range b.Images {
			if i.Entry && strings.Contains(text, i.Repository) {
				return true
			}
		}
	}
	return false
}

const (
	// maxShells bounds scripts within scripts (bash -c, eval).
	maxShells = 6
	// maxRecovered bounds the faults of syntax that are passed over in one script.
	maxRecovered = 40
	// maxRuns bounds how often a script is gone through, each time by other branches, and
	// maxSteps the commands of each time.
	maxRuns  = 96
	maxSteps = 5000
)

// explorer goes through a script until each branch was taken once.
type explorer struct {
	file   *File
	script Word
	tree   *syntax.File
	depth  int
	outer  []Variable
	args   []Word

	covered, queued map[branch]bool
	queue           []map[string]int
	// documents are the texts of documents that were looked at.
	documents map[string]bool
	found     []Launch
}

// branch is one way on from a place where a script has several: the place's offset, and the
// number of the way.
type branch struct{ at, way int }

func (x *explorer) explore() []Launch {
	x.queue = []map[string]int{nil}
	for runs := 0; len(x.queue) > 0 && runs < maxRuns; runs++ {
		forced := x.queue[0]
		x.queue = x.queue[1:]
		r := &run{explorer: x, forced: forced, taken: map[string]int{}, variables: map[string]*variable{}, functions: map[string]*syntax.FuncDecl{}, called: map[string]bool{}, files: map[string]Word{}, args: x.args}
		for _, v := range x.outer {
			r.variables[v.Name] = &variable{words: []Word{v.Value}, exported: true, name: v}
		}
		r.stmts(x.tree.Stmts)
		r.uncalled()
		x.keep(r.found)
		x.later(r)
	}
	return x.found
}

// keep adds launches that are not there yet.
func (x *explorer) keep(found []Launch) {
next:
	for i := range found {
		for j := range x.found {
			if same(&x.found[j], &found[i]) {
				continue next
			}
		}
		x.found = append(x.found, found[i])
	}
}

// later queues what a run passed by: each way not taken yet, with the ways to it.
func (x *explorer) later(r *run) {
	for i, c := range r.order {
		for way := range c.ways {
			b := branch{c.at, way}
			if x.covered[b] || x.queued[b] {
				continue
			}
			x.queued[b] = true
			forced := map[string]int{c.condition: way}
			for _, before := range r.order[:i] {
				forced[before.condition] = r.taken[before.condition]
			}
			if c.ways[way].starts {
				x.queue = slices.Insert(x.queue, 0, forced)
			} else {
				x.queue = append(x.queue, forced)
			}
		}
	}
}

// choice is a place where a script has several ways on. The same condition is answered alike at
// each of its places.
type choice struct {
	at        int
	condition string
	ways      []way
}

// way is one of several ways on.
type way struct {
	// ends reports whether it ends the script, starts whether it names what starts an engine.
	ends, starts bool
}

// way looks at the commands of one.
func (r *run) way(stmts []*syntax.Stmt) way {
	w := way{ends: ends(stmts)}
	if n := len(stmts); n > 0 {
		from, to := int(stmts[0].Pos().Offset()), int(stmts[n-1].End().Offset())
		w.starts = from <= to && to <= len(r.script.Text) && mentioned(r.script.Text[from:to])
	}
	return w
}

// choose is the way that a run takes: the one that it has to, the one it took before, else one
// that no run took, which does not end the script.
func (r *run) choose(n syntax.Node, condition string, ways []way) int {
	at := int(n.Pos().Offset())
	if chosen, ok := r.taken[condition]; ok && chosen < len(ways) {
		r.covered[branch{at, chosen}] = true
		return chosen
	}
	chosen, ok := r.forced[condition]
	if !ok || chosen >= len(ways) {
		best := -1
		for i, w := range ways {
			value := 0
			if !w.ends {
				value += 2
			}
			if !r.covered[branch{at, i}] && !w.ends {
				value += 4
				if w.starts {
					value += 8
				}
			}
			if value > best {
				best, chosen = value, i
			}
		}
	}
	r.taken[condition] = chosen
	r.covered[branch{at, chosen}] = true
	r.order = append(r.order, choice{at, condition, ways})
	return chosen
}
