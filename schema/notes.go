package schema

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
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

//go:embed notes.cue
var notesText string

// Notes are read when the first unknown key is met.
var notes = sync.OnceValues(func() (map[string]map[string]map[string]Note, error) {
	value := cuecontext.New().CompileString(notesText, cue.Filename("schema/notes.cue")).LookupPath(cue.ParsePath("notes"))
	var all map[string]map[string]map[string]Note
	if err := value.Validate(cue.Concrete(true)); err != nil {
		return nil, fmt.Errorf("reading the notes: %w", err)
	}
	if err := value.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading the notes: %w", err)
	}
	return all, nil
})

// Gone tells why a key is not in a release: by the hand-written notes, or by
// the last deprecation text that the engine gave, before that release, to the
// key or to the flag of the same name. It does not ask whether the key is there.
func Gone(engine, release, section, key string) (Note, bool) {
	all, err := notes()
	if err == nil {
		if note, ok := all[engine][section][key]; ok {
			return note, true
		}
	}
	st := storeOf(engine)
	if st == nil {
		return Note{}, false
	}
	at, known := st.position[release]
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
	return Note{Text: strings.TrimSuffix(last.Deprecated, "."), Source: source}, true
}
