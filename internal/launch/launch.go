// Package launch reads files that others keep (shell scripts, recipes, compose files, manifests
// of Kubernetes) into what they start: an engine, its release, its arguments and its variables,
// each with the place where it stands.
//
//	for _, l := range launch.Read(launch.NewFile("serve.sh", data)) {
//		line := l.Line(release) // the words as that release reads them
//		for _, a := range line.Arguments { use(a.Key.Name, a.Value, a.Pos) }
//	}
//
// What a file of one kind starts is said by an [Adapter]: one file of this package, and one line
// of the slice adapters. It finds its files by their content and makes of each a number of
// [Launch]es, whose arguments are words: "--max-model-len", "8192". It knows no flag. What a
// word means is for [Launch.Line] alone, which has all flags from the schema of a release, and
// what starts an engine, in what image, for package backend.
//
//	script   a word of the file is a command line: [File.Shell] finds the launches in it
//	command  a list of words is a command line: [File.Container], its entrypoint
//	keys     keys and values stand for flags: [Flag] makes the words of a pair
package launch

import (
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

// Launch is one start of an engine, as far as a file tells it.
type Launch struct {
	// Pos is the place of the word that starts the engine.
	Pos diag.Pos
	// Backend is the engine, Program the way in which it is started.
	Backend *backend.Backend
	Program *backend.Program
	// Release is what is known of the engine's release.
	Release Release
	// Role is the launch's part in a deployment of several.
	Role Role
	// Words are the arguments, without those that name the program.
	Words []Word
	// Config is the file of arguments that the server reads before them, nil where there is
	// none, or it is not known.
	Config *File
	// Variables are those that the engine's process gets by this file.
	Variables []Variable
	// Maybe are names of variables that another part of the file may set beside these.
	Maybe []string
	// Dropped are keys of the file of which the program that makes the words says nothing.
	Dropped []Dropped
	// Deployment is the same for launches that are parts of one deployment.
	Deployment string
	// Devices is how many devices the file gives to the launch; 0 where it does not tell.
	Devices int
	// GPU is the accelerator that a comment of the file names, empty for none.
	GPU string
}

// Dropped is a key whose value makes no words, though the engine has one for it.
type Dropped struct {
	// Flag is the flag that another value would be given by, where the key stands.
	Flag Word
	// Value is what stands there: false, null.
	Value string
	// By is the program that drops it.
	By string
}

// Role is a launch's part in a deployment.
type Role string

// The roles. A deployment that is not taken apart has Whole; Aggregated is said by recipes that
// can be taken apart and are not.
const (
	Whole      Role = ""
	Prefill    Role = "prefill"
	Decode     Role = "decode"
	Aggregated Role = "aggregated"
)

// Variable is an environment variable of a launch.
type Variable struct {
	Name string
	// Pos is where the name stands.
	Pos diag.Pos
	// Value is its text; see [Word.Known].
	Value Word
}

// Set adds variables over those of the launch.
func (l *Launch) Set(variables ...Variable) {
	for _, v := range variables {
		l.Variables = slices.DeleteFunc(l.Variables, func(o Variable) bool { return o.Name == v.Name })
		l.Variables = append(l.Variables, v)
	}
}

// Adapter reads one kind of file.
type Adapter struct {
	// Name is the kind, as messages say it.
	Name string
	// Claims reports whether the file is of this kind, by its content. Of several adapters
	// the first that claims a file reads it. It is asked of every file of a repository, so it
	// looks for a word first ([File.Has], [File.Names]) and parses later.
	Claims func(f *File) bool
	// Read returns what the file starts, in the order of the file. What it cannot read is
	// no launch; it reports nothing and never fails.
	Read func(f *File) []Launch
}

// adapters are all kinds of files, the most particular first.
var adapters = []*Adapter{
	&modelRecipe,
	&srtRecipe,
	&workload,
	&benchmarkScenario,
	&helmValues,
	&kubernetesManifest,
	&composeFile,
	&dockerfile,
	&shellScript,
	&markdownPage,
	&engineFile,
}

// Read returns what a file starts, in the order of its places; none where no adapter claims it.
func Read(f *File) []Launch {
	f.kinds = adapters
	defer f.forget()
	for _, a := range adapters {
		if !a.Claims(f) {
			continue
		}
		found := a.Read(f)
		said := f.directives()
		for i := range found {
			l := &found[i]
			l.Release, l.GPU = l.Release.under(said.releases[l.Backend.Engine]), said.gpu
			if l.Role == Whole {
				l.Role = ownRole(l.Words)
			}
		}
		slices.SortStableFunc(found, func(a, b Launch) int { return a.Pos.Compare(b.Pos) })
		return found
	}
	return nil
}

// Command makes a launch of the words of a command, where they start an engine. Words before the
// program that start it in their turn (env, nohup, srun, numactl) are passed over.
func Command(words []Word) (l Launch, ok bool) {
	words, variables := withoutWrappers(words)
	texts := make([]string, min(len(words), maxProgramWords))
	for i := range texts {
		texts[i] = words[i].Text
	}
	b, p, n := backend.Starts(texts)
	if b == nil {
		return l, false
	}
	l = Launch{Pos: words[0].Pos(), Backend: b, Program: p, Words: words[n:], Variables: variables}
	if slices.ContainsFunc(l.Words, func(w Word) bool { return p.IsAnother(w.Text) }) {
		return l, false
	}
	return l, true
}

// maxProgramWords bounds the words that may name a program.
const maxProgramWords = 12

// InImage makes a launch of the arguments that an image's own program gets.
func InImage(image Word, args []Word) (l Launch, ok bool) {
	b, i, _, _ := backend.ImageOf(image.Text)
	if b == nil || !i.Entry {
		return l, false
	}
	l = Launch{Pos: image.Pos(), Backend: b, Program: &b.Programs[0], Words: args}
	if len(args) > 0 {
		l.Pos = args[0].Pos()
	}
	l.Release = OfImage(b, image)
	return l, true
}

// Flag makes the words of a key and its values as a file has them: the key with two dashes before
// it and the hyphens of the engine's flags. No value is a switch.
func Flag(key Word, values ...Word) []Word {
	return append([]Word{Join(Word{Text: "--"}, key)}, values...)
}

// same reports whether two launches are the same words at the same places.
func same(a, b *Launch) bool {
	equal := func(a, b Word) bool { return a.Text == b.Text && a.Pos() == b.Pos() }
	return a.Pos == b.Pos && a.Backend == b.Backend && a.Role == b.Role && a.Release.Number == b.Release.Number &&
		slices.EqualFunc(a.Words, b.Words, equal) &&
		slices.EqualFunc(a.Variables, b.Variables, func(a, b Variable) bool { return a.Name == b.Name && equal(a.Value, b.Value) })
}
