package launch

import (
	"bytes"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"mlcfg/internal/backend"
)

// shellScript reads scripts of the POSIX shell and of bash.
var shellScript = Adapter{
	Name: "shell script",
	Claims: func(f *File) bool {
		if line, _, _ := bytes.Cut(f.Data, []byte{'\n'}); bytes.HasPrefix(line, []byte("#!")) {
			return shebang.Match(line)
		}
		return f.isScript()
	},
	Read: func(f *File) []Launch {
		return f.Shell(NewWord(string(f.Data), f.place(0)))
	},
}

var (
	shebang = regexp.MustCompile(`^#!.*\b(?:ba|da|z|k)?sh\b`)
	// scriptLine is what scripts have and other texts seldom.
	scriptLine = regexp.MustCompile(`(?m)^\s*(?:export \w+=|#SBATCH |set -[a-z]+|\w+=\(|[^#\n]*\bserve\b|[^#\n]*\b(?:docker|podman) run |[^#\n]* -m \w)`)
)

// isScript reports whether a file without a first line that says so is a script.
func (f *File) isScript() bool {
	if !scriptLine.Match(f.Data) || f.Has("```") || len(f.Documents()) > 0 {
		return false
	}
	_, err := newParser().Parse(bytes.NewReader(f.Data), "")
	return err == nil
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
	tree, err := newParser(syntax.RecoverErrors(maxRecovered)).Parse(strings.NewReader(script.Text), "")
	if err != nil && (tree == nil || len(tree.Stmts) == 0) {
		return nil
	}
	x := &explorer{file: f, script: script, tree: tree, depth: depth, outer: variables, args: args, covered: map[branch]bool{}, queued: map[branch]bool{}}
	return x.explore()
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
	maxRecovered = 8
	// maxRuns bounds how often a script is gone through, each time by other branches, and
	// maxSteps the commands of each time.
	maxRuns  = 64
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
	found           []Launch
}

// branch is one way on from a place where a script has several: a condition by its text, so that
// the same condition is answered alike, and the number of the way.
type branch struct {
	condition string
	way       int
}

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
			b := branch{c.condition, way}
			if x.covered[b] || x.queued[b] {
				continue
			}
			x.queued[b] = true
			forced := map[string]int{c.condition: way}
			for _, before := range r.order[:i] {
				forced[before.condition] = r.taken[before.condition]
			}
			x.queue = append(x.queue, forced)
		}
	}
}

// choice is a place where a script has several ways on.
type choice struct {
	condition string
	ways      int
}

// choose is the way that a run takes: the one that it has to, the one it took before, else one
// that no run took and that does not end the script. ends are those that do.
func (r *run) choose(condition string, ends []bool) int {
	if way, ok := r.taken[condition]; ok && way < len(ends) {
		return way
	}
	way, ok := r.forced[condition]
	if !ok || way >= len(ends) {
		way = -1
		for i, end := range ends {
			if end {
				continue
			}
			if way < 0 {
				way = i
			}
			if !r.covered[branch{condition, i}] {
				way = i
				break
			}
		}
		way = max(way, 0)
	}
	r.taken[condition] = way
	r.covered[branch{condition, way}] = true
	r.order = append(r.order, choice{condition, len(ends)})
	return way
}
