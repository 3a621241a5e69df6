package upgrade

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// LaunchLayer is the layer of changes for what the file of a launch sets.
const LaunchLayer = "file"

// Launch returns what changes for a launch between two releases of its engine, by kind and place.
// Rename is a flag, or a variable; Drop is never said of what is no flag.
func Launch(lc *check.LaunchChecker, l *launch.Launch, from, to *schema.Schema) []Change {
	before, after := lc.ResolveAs(l, from), lc.ResolveAs(l, to)
	var changes []Change
	gone := map[diag.Pos]bool{}
	for _, c := range Compare(before.Tree, l.Backend, from, to) {
		if c.Kind == Refused {
			continue // what is found says more
		}
		if c.Layer != "" {
			c.Layer = LaunchLayer
			gone[c.Pos] = true
		}
		if flag, ok := to.Flag(c.Rename); ok {
			c.Rename = flag.Names[0]
		}
		changes = append(changes, c)
		for _, a := range before.Line.Arguments { // said again
			section, name := check.NameOf(l, a)
			if again := c; c.Layer != "" && section+"."+name == c.Key && a.Pos != c.Pos {
				again.Pos, again.File, again.Line = a.Pos, a.Pos.File, a.Pos.Line
				gone[a.Pos] = true
				changes = append(changes, again)
			}
		}
	}
	for _, d := range after.Found {
		known := slices.ContainsFunc(before.Found, func(b diag.Diagnostic) bool { return b.Pos == d.Pos && b.Code == d.Code })
		if d.Severity != diag.Error || known || gone[d.Pos] {
			continue
		}
		c := Change{Kind: Refused, Key: d.Key, Backend: d.Backend, Pos: d.Pos, Layer: LaunchLayer, File: d.Pos.File, Line: d.Pos.Line, Message: d.Message}
		if d.Hint != "" {
			c.Message += "; " + d.Hint
		}
		if strings.HasPrefix(d.Suggestion, "--") {
			c.Rename = d.Suggestion
		}
		if c.Key == "" {
			c.Key = wordAt(l, d.Pos)
		}
		changes = append(changes, c)
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(order(a.Kind), order(b.Kind)), a.Pos.Compare(b.Pos), cmp.Compare(a.Key, b.Key))
	})
	return changes
}

// wordAt is the flag that stands at a place.
func wordAt(l *launch.Launch, at diag.Pos) string {
	for _, w := range l.Words {
		if w.Pos() == at {
			flag, _, _ := strings.Cut(w.Text, "=")
			return flag
		}
	}
	return l.Backend.EngineSection()
}

// Inferred is the release that a launch is taken to be of where its file does not tell: the newest
// before another that has the most of its flags.
func Inferred(l *launch.Launch, before string) (*schema.Schema, error) {
	engine := l.Backend.Engine
	keys := map[string][]string{}
	for _, w := range l.Words {
		flag, _, _ := strings.Cut(w.Text, "=")
		flag, _, _ = strings.Cut(flag, ".")
		for _, use := range schema.FlagHistory(engine, strings.ReplaceAll(flag, "_", "-")) {
			keys[use.Section] = append(keys[use.Section], use.Key)
		}
	}
	candidates := slices.DeleteFunc(schema.Releases(engine), func(r string) bool { return schema.CompareReleases(r, before) > 0 })
	release, _ := schema.Infer(engine, keys, candidates...)
	return schema.Load(engine, release)
}

// EditLaunches makes the safe edits of changes where the file has the words as they are: it writes
// the new release where the old one is named, gives flags and variables their new names, and takes out flags that have nothing to do any more. What
// is left of the line stays. It returns nil where there is nothing to do.
func EditLaunches(f *launch.File, launches []launch.Launch, changes []Change) (text []byte, done []Change) {
	type cut struct {
		from, to int
		by       string
	}
	var cuts []cut
	for _, c := range changes {
		at, ok := f.Offset(c.Pos)
		if !ok || c.Layer != LaunchLayer || slices.ContainsFunc(cuts, func(k cut) bool { return k.from <= at && at < k.to }) {
			continue
		}
		k := cut{from: at}
		switch {
		case c.Kind == Named:
			k.to, k.by = at+len(c.Key), c.Rename
		case c.Rename != "":
			old, by, ok := spelled(f.Data[at:], c)
			if !ok {
				continue
			}
			k.to, k.by = at+old, by
		case c.Drop:
			from, to, ok := extent(f, launches, c)
			if !ok {
				continue
			}
			k.from, k.to = from, to
		default:
			continue
		}
		cuts, done = append(cuts, k), append(done, c)
	}
	if len(cuts) == 0 {
		return nil, nil
	}
	slices.SortFunc(cuts, func(a, b cut) int { return b.from - a.from })
	text = slices.Clone(f.Data)
	for _, k := range cuts {
		text = slices.Concat(text[:k.from], []byte(k.by), text[k.to:])
	}
	return text, done
}

// spelled is the length of the name that stands at a place, and its new name in the same spelling:
// a key of a recipe has no dashes before it, and may have underscores inside.
func spelled(text []byte, c Change) (length int, by string, ok bool) {
	end := 0
	for end < len(text) && (text[end] == '-' || text[end] == '_' || text[end] >= '0' && text[end] <= '9' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
		end++
	}
	old := string(text[:end])
	name := c.Key[strings.LastIndexByte(c.Key, '.')+1:]
	switch same := strings.ReplaceAll(strings.TrimLeft(old, "-"), "-", "_"); {
	case old == name && !strings.HasPrefix(c.Rename, "--"): // a variable
		return end, c.Rename, true
	case strings.HasPrefix(old, "-no-") || !strings.HasPrefix(c.Rename, "--") || same == "":
		return 0, "", false
	case strings.HasPrefix(old, "--"):
		return end, c.Rename, true
	case strings.HasPrefix(old, "-"):
		return 0, "", false
	case strings.Contains(old, "_"):
		return end, strings.ReplaceAll(c.Rename[2:], "-", "_"), true
	}
	return end, c.Rename[2:], true
}

// extent is where a flag and its values stand in a file, with the spaces before them, and the whole
// line where nothing else is on it. ok is false where they are not words of a command line that
// stand there as they are, one behind the other.
func extent(f *launch.File, launches []launch.Launch, c Change) (from, to int, ok bool) {
	words := wordsOf(launches, c)
	if len(words) == 0 {
		return 0, 0, false
	}
	for i, w := range words {
		at, there := f.Offset(w.Pos())
		if !there || !bytes.HasPrefix(f.Data[at:], []byte(w.Text)) || at > 0 && strings.IndexByte(" \t\n(", f.Data[at-1]) < 0 {
			return 0, 0, false
		}
		if i == 0 {
			from = at
		} else if strings.TrimSpace(string(f.Data[to:at])) != "" {
			return 0, 0, false
		}
		to = at + len(w.Text)
	}
	if to < len(f.Data) && strings.IndexByte(" \t\n\r)", f.Data[to]) < 0 {
		return 0, 0, false
	}
	line := bytes.LastIndexByte(f.Data[:from], '\n') + 1
	end := len(f.Data)
	if i := bytes.IndexByte(f.Data[to:], '\n'); i >= 0 {
		end = to + i + 1
	}
	before, behind := strings.TrimSpace(string(f.Data[line:from])), strings.TrimSpace(string(f.Data[to:end]))
	if before == "" && behind == `\` {
		return line, end, true
	}
	for from > 0 && (f.Data[from-1] == ' ' || f.Data[from-1] == '\t') {
		from--
	}
	return from, to, true
}

// wordsOf are the words of the argument that a change is about: the flag, and what is behind it up
// to the next one.
func wordsOf(launches []launch.Launch, c Change) []launch.Word {
	for i := range launches {
		words := launches[i].Words
		at := slices.IndexFunc(words, func(w launch.Word) bool { return w.Pos() == c.Pos })
		if at < 0 || !strings.HasPrefix(words[at].Text, "-") {
			continue
		}
		end := at + 1
		for end < len(words) && !strings.HasPrefix(words[end].Text, "-") && !words[end].Many {
			end++
		}
		if strings.Contains(words[at].Text, "=") {
			end = at + 1
		}
		return words[at:end]
	}
	return nil
}
