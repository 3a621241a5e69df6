package schema

import (
	"fmt"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Note tells why a key went and what took its place.
type Note struct {
	// Text is one sentence without a full stop.
	Text string `json:"text"`
	// Replaced is the key that takes the same value, as a key of the same
	// section ("cudagraph_capture_sizes") or a path into a nested one
	// ("structured_outputs_config.backend"); empty where there is none.
	Replaced string `json:"replaced"`
	// Drop reports whether the key can be taken out: what it steered is no longer there.
	Drop bool `json:"drop"`
	// Source says where that is written: an address, or a release and a file.
	Source string `json:"source"`
}

// noteOf finds the note on a key.
func (st *store) noteOf(section, key string) (Note, bool) {
	for i := st.index.search(st.notes, noteSize, 0, st.notes.count, section); i < st.notes.count; i++ {
		at := st.notes.at + i*noteSize
		text := func(field int) string { return st.index.text(at + field*stringSize) }
		if text(0) != section {
			break
		}
		if text(1) == key {
			return Note{Text: text(2), Replaced: text(3), Source: text(4), Drop: st.index.uint32(at+5*stringSize) != 0}, true
		}
	}
	return Note{}, false
}

// alias is how an engine's help text names the one argument, or variable, that took over
// another's value; with a value behind it, or braces, it is none.
var alias = lazyregexp.New(`^(?:\[Deprecated\] )?(?:Deprecated alias for|[Uu]se) (?:--([a-z0-9-]+)|([A-Z][A-Z0-9_]+))(?: instead)?\.?$`)

// Gone tells why a key is not in a release: by the hand-written notes, or by
// the last deprecation text that the engine gave, before that release, to the
// key or to the flag of the same name. It does not ask whether the key is there.
func Gone(engine, release, section, key string) (Note, bool) {
	st := storeOf(engine)
	if st == nil {
		return Note{}, false
	}
	if note, ok := st.noteOf(section, key); ok {
		return note, true
	}
	at, known := st.position(release)
	if !known {
		at = len(st.releases)
	}
	var last *Key
	lastAt := -1
	for _, in := range []string{section, CLIOnly} {
		for _, e := range st.named(in, key) {
			if e.first > at || e.last <= lastAt {
				continue
			}
			if k := st.key(e); k.Deprecated != "" {
				last, lastAt = k, e.last
			}
		}
	}
	if last == nil {
		return Note{}, false
	}
	source := fmt.Sprintf("%s %s, its own text", engine, st.releases[lastAt])
	note := Note{Text: strings.TrimSuffix(last.Deprecated, "."), Source: source}
	if m := alias.FindStringSubmatch(last.Deprecated); m != nil {
		if name := strings.ReplaceAll(m[1]+m[2], "-", "_"); len(st.named(section, name)) > 0 {
			note.Text, note.Replaced = "renamed", name
		}
	}
	return note, true
}
