package edit

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/config"
	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
)

// Name is what an overlay's file name says: VARIANT_MACHINE.yaml.
type Name struct{ Folder, Variant, Machine string }

// NameOf splits an overlay's path. ok is false where its name has no such form.
func NameOf(path string) (n Name, ok bool) {
	n.Folder = filepath.Base(filepath.Dir(absolute(path)))
	n.Variant, n.Machine = config.UseCase(path)
	return n, n.Variant != ""
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Nearest returns the overlay that is most like the one to be made: of the same
// variant, of the same folder, of the machine whose name begins the same the
// longest; empty where none is of the variant.
func Nearest(path string, overlays []string) string {
	want, _ := NameOf(path)
	best, bestRank := "", [2]int{-1, -1}
	for _, o := range slices.Sorted(slices.Values(overlays)) {
		have, ok := NameOf(o)
		if !ok || have.Variant != want.Variant || absolute(o) == absolute(path) {
			continue
		}
		rank := [2]int{0, alike(have.Machine, want.Machine)}
		if have.Folder == want.Folder {
			rank[0] = 1
		}
		if slices.Compare(rank[:], bestRank[:]) > 0 {
			best, bestRank = o, rank
		}
	}
	return best
}

// alike counts the letters at the head that two names share.
func alike(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// Spot is a place in the new overlay.
type Spot struct {
	Line int    `json:"line"`
	Key  string `json:"key,omitempty"`
	// Text is the value, or the comment.
	Text string `json:"text"`
	// Why says why it is worth a look, or what it was.
	Why string `json:"why"`
}

// Made is a new overlay.
type Made struct {
	Text []byte
	// Changed are the values with the machine's name, Look what to look at.
	Changed, Look []Spot

	read source.Dialect
}

// Make makes the text of an overlay of another, which is read as a release of OmegaConf does. Lines keep their numbers.
func Make(path, from string, data []byte, read source.Dialect) (*Made, error) {
	to, ok := NameOf(path)
	old, okOld := NameOf(from)
	if !ok {
		return nil, fmt.Errorf("%s does not name a machine: an overlay is VARIANT_MACHINE.yaml", path)
	}
	doc, found := read.ParseDocument(from, data)
	if doc == nil {
		return nil, fmt.Errorf("%s has faults: %s", from, found[0].Message)
	}
	m := &Made{read: read}
	if !okOld {
		m.Text = data
		return m, nil
	}
	lines := strings.SplitAfter(string(data), "\n")
	swap := func(s string) string { return replaceWord(s, old.Machine, to.Machine) }
	names := func(s string) bool { return old.Machine != to.Machine && replaceWord(s, old.Machine, "") != s }
	eachScalar(doc.Root, "", func(key string, n *source.Node) {
		row := n.Pos.Line - 1
		if n.Kind != source.String || !names(n.Str) || row >= len(lines) {
			return
		}
		code, comment := lines[row], ""
		if i := strings.Index(code, " #"); i >= 0 && !strings.Contains(n.Str, "#") {
			code, comment = code[:i], code[i:]
		}
		if swap(code) == code {
			m.Look = append(m.Look, Spot{n.Pos.Line, key, n.Str, "has the name " + old.Machine})
			return
		}
		lines[row] = swap(code) + comment
		m.Changed = append(m.Changed, Spot{n.Pos.Line, key, swap(n.Str), "was " + n.Str})
	})
	m.scenario(doc.Root, lines, old.Variant, to.Variant)
	m.Text = []byte(strings.Join(lines, ""))
	again, found := read.Parse(path, m.Text)
	if again == nil || found.HasErrors() {
		return nil, fmt.Errorf("the name %s does not go into the text of %s", to.Machine, from)
	}
	for i, line := range lines {
		if _, c, ok := strings.Cut(line, "#"); ok && names(c) {
			m.Look = append(m.Look, Spot{Line: i + 1, Text: "#" + strings.TrimRight(c, "\r\n "), Why: "a comment on " + old.Machine})
		}
	}
	return m, nil
}

// scenario makes the overlay's scenario the one that its name says. An interactive
// variant has the scenario server and a benchmark of its own.
func (m *Made) scenario(root *source.Node, lines []string, from, to string) {
	n, want := root.Lookup("scenario"), config.ScenarioOf(to)
	if from == to || n == nil || n.Kind != source.String || n.Pos.Line > len(lines) {
		return
	}
	row := n.Pos.Line - 1
	code, rest, _ := strings.Cut(lines[row], ":")
	if at := strings.Index(rest, n.Str); want != "" && want != n.Str && at >= 0 {
		lines[row] = code + ":" + rest[:at] + want + rest[at+len(n.Str):]
		m.Changed = append(m.Changed, Spot{n.Pos.Line, "scenario", want, "was " + n.Str})
	}
	for i, line := range lines {
		if _, c, ok := strings.Cut(line, "#"); ok && replaceWord(c, from, "") != c {
			m.Look = append(m.Look, Spot{Line: i + 1, Text: "#" + strings.TrimRight(c, "\r\n "), Why: "a comment on " + from})
		}
	}
	if n := root.Lookup("benchmark_name"); n != nil && (from == config.Interactive) != (to == config.Interactive) {
		m.Look = append(m.Look, Spot{n.Pos.Line, "benchmark_name", n.PyStr(), "interactive variants have a name of their own"})
	}
}

// replaceWord replaces a name where neither a letter nor a digit stands beside it.
func replaceWord(s, name, by string) string {
	var b strings.Builder
	for from := 0; ; {
		i := strings.Index(s[from:], name)
		if i < 0 {
			b.WriteString(s[from:])
			return b.String()
		}
		start, end := from+i, from+i+len(name)
		b.WriteString(s[from:start])
		if start > 0 && isWord(s[start-1]) || end < len(s) && isWord(s[end]) {
			b.WriteString(name)
		} else {
			b.WriteString(by)
		}
		from = end
	}
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Differing adds to what is to be looked at the values in which the overlays of the
// same kind differ from one another: most likely they were tuned for each machine.
func (m *Made) Differing(path string, others map[string]*source.Node) {
	root, _ := m.read.Parse(path, m.Text)
	changed := map[string]bool{}
	for _, c := range m.Changed {
		changed[c.Key] = true
	}
	names := make([]string, 0, len(others))
	for name := range others {
		names = append(names, name)
	}
	slices.Sort(names)
	eachScalar(root, "", func(key string, n *source.Node) {
		var have []string
		differs := false
		for _, name := range names {
			v := others[name].Lookup(strings.Split(key, ".")...)
			if v == nil {
				continue
			}
			differs = differs || !layout.Same(v, n)
			other, _ := NameOf(name)
			have = append(have, other.Machine+" has "+v.PyStr())
		}
		if differs && !changed[key] {
			m.Look = append(m.Look, Spot{n.Pos.Line, key, n.PyStr(), strings.Join(have, ", ")})
		}
	})
	slices.SortStableFunc(m.Look, func(a, b Spot) int { return cmp.Compare(a.Line, b.Line) })
}

// eachScalar calls f for every value that is no map, in order; a list is one value.
func eachScalar(n *source.Node, key string, f func(string, *source.Node)) {
	for _, field := range n.Fields {
		at := field.Key
		if key != "" {
			at = key + "." + field.Key
		}
		if field.Value.Kind == source.Map {
			eachScalar(field.Value, at, f)
		} else {
			f(at, field.Value)
		}
	}
}
