package launch

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
)

// kubernetesManifest reads manifests of Kubernetes: each container, wherever one stands, so that
// those of custom resources are found too.
var kubernetesManifest = Adapter{
	Name:   "manifest of Kubernetes",
	Claims: func(f *File) bool { return f.Has("apiVersion:") && f.Names() && hasTop(f, "apiVersion", "kind") },
	Read: func(f *File) []Launch {
		var found []Launch
		for _, root := range f.Documents() {
			w := containerWalker{file: f, role: roleOf(root.Lookup("metadata", "name"))}
			w.walk(root, w.role)
			found = append(found, w.found...)
		}
		return found
	},
}

// composeFile reads files of Docker Compose.
var composeFile = Adapter{
	Name:   "file of Docker Compose",
	Claims: func(f *File) bool { return f.Has("services:") && f.Names() && hasTop(f, "services") },
	Read: func(f *File) []Launch {
		var found []Launch
		for _, root := range f.Documents() {
			services := root.Lookup("services")
			if services == nil {
				continue
			}
			for _, s := range services.Fields {
				for _, l := range f.Container(f.service(s.Value)) {
					l.Role = roleOfName(s.Key)
					found = append(found, l)
				}
			}
		}
		return found
	},
}

// hasTop reports whether a document of the file has these keys at its top.
func hasTop(f *File, keys ...string) bool {
next:
	for _, root := range f.Documents() {
		for _, key := range keys {
			if root.Field(key) == nil {
				continue next
			}
		}
		return true
	}
	return false
}

// containerWalker finds containers: maps with an image, and a command or arguments.
type containerWalker struct {
	file  *File
	role  Role
	found []Launch
}

func (w *containerWalker) walk(n *source.Node, role Role) {
	if n.Kind == source.Map && (n.Lookup("command") != nil || n.Lookup("args") != nil) {
		for _, l := range w.file.Container(w.container(n)) {
			l.Role = role
			w.found = append(w.found, l)
		}
	}
	for _, f := range n.Fields {
		below := role
		if named := roleOfName(f.Key); named != Whole {
			below = named
		}
		w.walk(f.Value, below)
	}
	for _, item := range n.Items {
		w.walk(item, role)
	}
}

// roleOf is the role that a name tells, Whole where it tells none.
func roleOf(n *source.Node) Role {
	if n == nil || n.Kind != source.String {
		return Whole
	}
	return roleOfName(n.Str)
}

func roleOfName(name string) Role {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "prefill") && strings.Contains(name, "decode"):
		return Whole
	case strings.Contains(name, "prefill"):
		return Prefill
	case strings.Contains(name, "decode"):
		return Decode
	}
	return Whole
}

// container reads a container of Kubernetes: command takes the place of the image's program, args
// that of its arguments.
func (w *containerWalker) container(n *source.Node) Container {
	f := w.file
	c := Container{}
	if image := n.Lookup("image"); image != nil {
		c.Image = f.open(image, kubernetesPlace)
	}
	if n.Lookup("command") != nil {
		c.Entrypoint = append([]Word{}, f.list(n.Lookup("command"), kubernetesPlace)...)
	}
	c.Args = f.list(n.Lookup("args"), kubernetesPlace)
	c.Variables = f.envList(n.Lookup("env"))
	return c
}

// envList are the variables of a list of names and values, as Kubernetes has them.
func (f *File) envList(n *source.Node) (all []Variable) {
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		name, value := item.Lookup("name"), item.Lookup("value")
		if name == nil || name.Kind != source.String {
			continue
		}
		v := Variable{Name: name.Str, Pos: name.Pos, Value: Unknown(name.Pos, false)}
		if value != nil {
			v.Value = f.open(value, kubernetesPlace)
		}
		all = append(all, v)
	}
	return all
}

// service reads a service of Compose: a command that is a text is split as a shell does, without
// being one.
func (f *File) service(n *source.Node) Container {
	c := Container{}
	if image := n.Lookup("image"); image != nil {
		c.Image = f.interpolated(f.Word(image), nil)
	}
	if n.Lookup("entrypoint") != nil {
		c.Entrypoint = append([]Word{}, f.composeWords(n.Lookup("entrypoint"))...)
	}
	c.Args = f.composeWords(n.Lookup("command"))
	env := n.Lookup("environment")
	if env == nil {
		return c
	}
	for _, field := range env.Fields {
		v := Variable{Name: field.Key, Pos: field.KeyPos, Value: f.interpolated(f.Word(field.Value), nil)}
		if field.Value.Kind == source.Null {
			v.Value = Unknown(field.KeyPos, false) // of the host
		}
		c.Variables = append(c.Variables, v)
	}
	for _, item := range env.Items {
		w := f.Word(item)
		name, _, ok := strings.Cut(w.Text, "=")
		v := Variable{Name: name, Pos: w.Pos(), Value: Unknown(w.Pos(), false)}
		if ok {
			v.Value = f.interpolated(w.From(len(name)+1), nil)
		}
		c.Variables = append(c.Variables, v)
	}
	return c
}

func (f *File) composeWords(n *source.Node) []Word {
	switch {
	case n == nil:
		return nil
	case n.Kind == source.List:
		words := make([]Word, 0, len(n.Items))
		for _, item := range n.Items {
			words = append(words, f.interpolated(f.Word(item), nil))
		}
		return words
	}
	return f.split(f.interpolated(f.Word(n), nil))
}

// list are the words of a list of scalars.
func (f *File) list(n *source.Node, place *lazyregexp.Regexp) []Word {
	if n == nil {
		return nil
	}
	if n.Kind == source.String {
		return []Word{f.open(n, place)}
	}
	words := make([]Word, 0, len(n.Items))
	for _, item := range n.Items {
		words = append(words, f.open(item, place))
	}
	return words
}

// kubernetesPlace is what is filled in later: a variable of Kubernetes, and what Helm or an
// operator writes; and two dollars, which are one there.
var kubernetesPlace = lazyregexp.New(`\$\$|\$\([A-Za-z_][A-Za-z0-9_.-]*\)|\{\{.*?\}\}`)

// open is the word of a scalar with a [Hole] for each place that is filled in later.
func (f *File) open(n *source.Node, place *lazyregexp.Regexp) Word { return holes(f.Word(n), place) }

// holes puts a [Hole] in the place of what an expression finds.
func holes(w Word, place *lazyregexp.Regexp) Word {
	found := place.FindAllStringIndex(w.Text, -1)
	if found == nil {
		return w
	}
	var parts []Word
	end := 0
	for _, at := range found {
		filled := Unknown(w.At(at[0]), false)
		if w.Text[at[0]:at[1]] == "$$" {
			filled = w.Slice(at[0], at[0]+1)
		}
		parts = append(parts, w.Slice(end, at[0]), filled)
		end = at[1]
	}
	return Join(append(parts, w.From(end))...)
}

// interpolated is a word as Compose and Docker make it: a variable has its value where that is
// known, $$ is a dollar, ${NAME:-default} the default, and any other variable is not known.
func (f *File) interpolated(w Word, known map[string]Word) Word {
	var parts []Word
	end := 0
	text := w.Text
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			continue
		}
		parts = append(parts, w.Slice(end, i))
		switch next := text[i+1]; {
		case next == '$':
			parts = append(parts, w.Slice(i, i+1))
			i++
		case next == '{':
			to := closing(text, i+2)
			inner := text[i+2 : to]
			name := strings.TrimLeft(inner, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
			value := Unknown(w.At(i), false)
			if rest := strings.TrimPrefix(strings.TrimPrefix(name, ":"), "-"); rest != name && strings.HasPrefix(strings.TrimPrefix(name, ":"), "-") && rest != "" {
				value = f.interpolated(w.Slice(to-len(rest), to), known)
				value = value.presume()
			}
			if own, ok := known[inner[:len(inner)-len(name)]]; ok {
				value = own
			}
			parts = append(parts, value)
			i = min(to, len(text)-1)
		default:
			to := i + 1
			for to < len(text) && (text[to] == '_' || text[to] >= '0' && text[to] <= '9' || text[to]|0x20 >= 'a' && text[to]|0x20 <= 'z') {
				to++
			}
			value, ok := known[text[i+1:to]]
			if !ok {
				value = Unknown(w.At(i), false)
			}
			parts = append(parts, value)
			i = to - 1
		}
		end = i + 1
	}
	if parts == nil {
		return w
	}
	return Join(append(parts, w.From(min(end, len(text))))...)
}

// closing is the offset of the brace that ends what is open at an offset.
func closing(text string, from int) int {
	depth := 1
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// split are the words of a text as a shell splits it.
func (f *File) split(w Word) []Word {
	tree := parse(&w)
	if tree == nil || len(tree.Stmts) == 0 {
		return nil
	}
	call, ok := tree.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok {
		return nil
	}
	r := &run{explorer: &explorer{file: f, script: w}, variables: map[string]*variable{}}
	return r.fields(call.Args)
}
