package launch

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
)

// dockerfile reads the files that images are built by: what the image of each stage starts.
var dockerfile = Adapter{
	Name: "Dockerfile",
	Claims: func(f *File) bool {
		return f.Names() && f.Has("FROM ", "from ") && firstInstruction.Match(f.Data) && startsProgram.Match(f.Data)
	},
	Read: func(f *File) []Launch {
		s := &imageBuild{file: f, args: map[string]Word{}, stages: map[string]*imageStage{}}
		for _, i := range instructions(f) {
			s.instruction(i)
		}
		s.end()
		return s.found
	},
}

var (
	// firstInstruction is what a Dockerfile begins with, behind comments.
	firstInstruction = lazyregexp.New(`(?i)^(?:\s*(?:#.*)?\r?\n)*(?:ARG .*\r?\n(?:\s*(?:#.*)?\r?\n)*)*FROM\s+\S`)
	startsProgram    = lazyregexp.New(`(?im)^\s*(?:ENTRYPOINT|CMD)\s`)
	// documentOf is the word that ends a document in an instruction.
	documentOf = lazyregexp.New(`<<-?["']?([A-Za-z_][A-Za-z0-9_]*)["']?`)
)

// instruction is one of a Dockerfile, its name in capitals.
type instruction struct {
	name string
	text Word
}

// instructions cuts a Dockerfile apart. Comments between continued lines are blanked, as Docker
// leaves them out, and documents are passed over.
func instructions(f *File) (all []instruction) {
	lines := strings.SplitAfter(string(f.Data), "\n")
	for at := 0; at < len(lines); at++ {
		trimmed := strings.TrimSpace(lines[at])
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		first := at
		text := lines[at]
		for strings.HasSuffix(strings.TrimRight(lines[at], " \t\r\n"), `\`) && at+1 < len(lines) {
			at++
			line := lines[at]
			for strings.HasPrefix(strings.TrimSpace(line), "#") && at+1 < len(lines) {
				text += strings.Repeat(" ", len(line)-1) + "\n"
				at++
				line = lines[at]
			}
			text += line
		}
		if m := documentOf.FindStringSubmatch(text); m != nil {
			for at+1 < len(lines) && strings.TrimSpace(lines[at]) != m[1] {
				at++
			}
		}
		indent := len(text) - len(strings.TrimLeft(text, " \t"))
		name, _, _ := strings.Cut(strings.ReplaceAll(text[indent:], "\t", " "), " ")
		w := NewWord(text, diag.Pos{File: f.Path, Line: first + 1, Column: 1})
		rest := w.From(min(indent+len(name), len(text)))
		space := len(rest.Text) - len(strings.TrimLeft(rest.Text, " \t\\\r\n"))
		all = append(all, instruction{strings.ToUpper(strings.TrimSpace(name)), rest.Slice(space, max(space, len(strings.TrimRight(rest.Text, " \t\r\n"))))})
	}
	return all
}

// imageStage is what a stage of a build has so far.
type imageStage struct {
	image            Word
	entrypoint, args []Word
	variables        []Variable
	ownArgs          bool // by the stage itself
	releases         map[string]Release
}

// imageBuild goes through the instructions of a Dockerfile.
type imageBuild struct {
	file *File
	// args have defaults, in whose place a build may put others.
	args   map[string]Word
	stages map[string]*imageStage
	name   string
	stage  *imageStage
	found  []Launch
}

func (s *imageBuild) instruction(i instruction) {
	switch i.name {
	case "FROM":
		s.from(i.text)
	case "ARG":
		name, _, ok := strings.Cut(i.text.Text, "=")
		if ok {
			s.args[name] = s.value(i.text.From(len(name) + 1)).presume()
		}
	}
	if s.stage == nil {
		return
	}
	switch i.name {
	case "ENV":
		s.env(i.text)
	case "RUN":
		s.run(i.text)
	case "ENTRYPOINT":
		s.stage.entrypoint = command(i.text)
		if !s.stage.ownArgs { // those of an image below go
			s.stage.args = nil
		}
	case "CMD":
		s.stage.args, s.stage.ownArgs = command(i.text), true
	}
}

// from begins a stage, of an image or of a stage before.
func (s *imageBuild) from(text Word) {
	s.end()
	words := slices.DeleteFunc(unquotedWords(text), func(w Word) bool { return strings.HasPrefix(w.Text, "--") })
	if len(words) == 0 {
		return
	}
	s.stage = &imageStage{image: s.value(words[0]), releases: map[string]Release{}}
	if before := s.stages[words[0].Text]; before != nil {
		*s.stage = *before
		s.stage.variables, s.stage.ownArgs = slices.Clone(before.variables), false
	}
	if s.name = ""; len(words) == 3 && strings.EqualFold(words[1].Text, "as") {
		s.name = words[2].Text
	}
}

// end keeps what the stage at hand starts. One that a later stage is made of has said it already.
func (s *imageBuild) end() {
	if s.stage == nil {
		return
	}
	if s.name != "" {
		s.stages[s.name] = s.stage
	}
	if len(s.stage.entrypoint)+len(s.stage.args) == 0 {
		return
	}
	c := Container{Image: s.stage.image, Entrypoint: s.stage.entrypoint, Args: s.stage.args, Variables: s.stage.variables}
next:
	for _, l := range s.file.Container(c) {
		l.Release = l.Release.under(s.stage.releases[l.Backend.Engine])
		for i := range s.found {
			if same(&s.found[i], &l) {
				continue next
			}
		}
		s.found = append(s.found, l)
	}
}

// value is a text with the variables of the build put in.
func (s *imageBuild) value(w Word) Word {
	known := s.args
	if s.stage != nil {
		known = make(map[string]Word, len(s.args)+len(s.stage.variables))
		for name, value := range s.args {
			known[name] = value
		}
		for _, v := range s.stage.variables {
			known[v.Name] = v.Value
		}
	}
	return s.file.interpolated(w, known)
}

// env reads both forms: NAME=VALUE NAME=VALUE, and NAME VALUE.
func (s *imageBuild) env(text Word) {
	add := func(name, value Word) {
		l := Launch{Variables: s.stage.variables}
		l.Set(Variable{Name: name.Text, Pos: name.Pos(), Value: value})
		s.stage.variables = l.Variables
	}
	first, _, _ := strings.Cut(text.Text, " ")
	if !strings.Contains(first, "=") {
		if len(first) < len(text.Text) {
			add(text.Slice(0, len(first)), s.value(text.From(len(first)+1)))
		}
		return
	}
	for _, w := range s.file.split(Join(Word{Text: ": "}, s.value(text))) {
		if name, _, ok := strings.Cut(w.Text, "="); ok && assignment.MatchString(w.Text) {
			add(w.Slice(0, len(name)), w.From(len(name)+1))
		}
	}
}

// run notes the engines that a command of the build installs.
func (s *imageBuild) run(text Word) {
	if !strings.Contains(text.Text, "==") {
		return
	}
	text = s.value(text)
	tree := parse(&text)
	if tree == nil {
		return
	}
	r := &run{explorer: &explorer{file: s.file, script: text}, variables: map[string]*variable{}}
	syntax.Walk(tree, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok {
			r.installs(r.fields(c.Args))
		}
		return true
	})
	if len(r.releases) > 0 {
		s.stage.releases = r.releases
	}
}

// command is that of ENTRYPOINT or CMD: a list of words in JSON, or a text that a shell runs.
func command(text Word) []Word {
	if strings.HasPrefix(text.Text, "[") {
		list, err := readJSON(withoutContinuations(text))
		if err == nil && list.Kind == source.List {
			words := []Word{}
			for _, item := range list.Items {
				w := NewWord(item.Str, item.Pos)
				if w.spans[0].pos.Column++; item.Kind != source.String { // behind the quote
					return []Word{}
				}
				words = append(words, w)
			}
			return words
		}
	}
	return []Word{NewWord("/bin/sh", text.Pos()), NewWord("-c", text.Pos()), text}
}

// withoutContinuations blanks the ends of continued lines.
func withoutContinuations(w Word) Word {
	w.Text = strings.ReplaceAll(w.Text, "\\\n", " \n")
	return w
}
