package schema

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/diag"
)

// Engines are the engines with embedded schemas.
func Engines() []string { return []string{"sglang", "vllm"} }

// Releases are the releases of an engine with an embedded schema, oldest first;
// nil for an unknown engine.
func Releases(engine string) []string {
	st := storeOf(engine)
	if st == nil {
		return nil
	}
	return slices.Clone(st.releases)
}

// entry is one definition of one key: a run of lines of a CUE file.
type entry struct {
	section, name string
	text          string // help text as comment lines, then the field on one line
	field         string // the field's line
	release       int    // byte offset of the release attribute in field
	first, last   int    // indexes into store.releases, inclusive
	file          string
	line          int // of the field
}

func (e *entry) in(release int) bool { return e.first <= release && release <= e.last }

// facts is the definition without help text and releases.
func (e *entry) facts() string { return strings.TrimSpace(e.field[:e.release]) }

// store is the scanned CUE source of one engine.
type store struct {
	engine   string
	releases []string
	position map[string]int
	entries  []entry            // in the order of the files
	sections map[string][]entry // runs of entries, sorted by name; filled by scan
	// forms are the definitions at the head of a file (#Int: ...), by name.
	forms map[string]string
}

// The embedded files never change, so each engine's are scanned once.
var (
	vllmStore   = sync.OnceValue(func() *store { return mustScan("vllm") })
	sglangStore = sync.OnceValue(func() *store { return mustScan("sglang") })
)

func storeOf(engine string) *store {
	switch engine {
	case "vllm":
		return vllmStore()
	case "sglang":
		return sglangStore()
	}
	return nil
}

// mustScan reads embedded files, which the tests have read before: a fault in
// them is a fault of the build.
func mustScan(engine string) *store {
	st, err := scan(engine, embedded(engine))
	if err != nil {
		panic(err)
	}
	return st
}

// sourceFile is a CUE file; name is its path in this package's folder.
type sourceFile struct{ name, text string }

// scan splits the files of an engine into entries.
func scan(engine string, files []sourceFile) (*store, error) {
	st := &store{engine: engine, position: map[string]int{}, forms: map[string]string{}}
	for _, f := range files {
		if path.Base(f.name) == "releases.cue" {
			st.scanReleases(f.text)
		}
	}
	if len(st.releases) == 0 {
		return st, nil
	}
	for _, f := range files {
		if path.Base(f.name) == "releases.cue" {
			continue
		}
		if err := st.scanFile("schema/"+f.name, f.text); err != nil {
			return nil, err
		}
	}
	st.sections = map[string][]entry{}
	for from, to := 0, 0; from < len(st.entries); from = to {
		for to < len(st.entries) && st.entries[to].section == st.entries[from].section {
			to++
		}
		st.sections[st.entries[from].section] = st.entries[from:to]
	}
	return st, nil
}

// scanReleases reads the list of releases, one quoted number a line.
func (st *store) scanReleases(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if r, ok := strings.CutPrefix(line, "\t\""); ok && strings.HasSuffix(r, `",`) {
			r = strings.TrimSuffix(r, `",`)
			st.position[r] = len(st.releases)
			st.releases = append(st.releases, r)
		}
	}
}

// Parse reads the schema of one release from the text of a file that
// "mlcfg schema import" wrote: of a fork, or of a release that is not embedded.
func Parse(file, text string) (*Schema, error) {
	st := &store{position: map[string]int{}, forms: map[string]string{}}
	for line := range strings.SplitSeq(text, "\n") {
		if name, ok := strings.CutPrefix(line, "package "); ok {
			st.engine = name
			break
		}
	}
	if !slices.Contains(Engines(), st.engine) {
		return nil, fmt.Errorf("%s: the package clause names no engine; known are %s", file, joinOr(Engines()))
	}
	if st.scanReleases(text); len(st.releases) != 1 {
		return nil, fmt.Errorf("%s: want one release, found %d", file, len(st.releases))
	}
	if err := st.scanFile(file, text); err != nil {
		return nil, err
	}
	for i := range st.entries {
		e := &st.entries[i]
		if k := st.key(e); k.broken {
			return nil, fmt.Errorf("%s: key %s is not valid CUE", k.Pos, k.Name)
		}
	}
	return st.schema(0), nil
}

// scanFile splits a file into entries. It relies on the form the importer
// writes: one section a top-level struct, one field a line, indented by one
// tab, its help text in the comment lines above.
func (st *store) scanFile(file, text string) error {
	st.entries = slices.Grow(st.entries, strings.Count(text, "\n\n"))
	section, start, number := "", -1, 0
	for at := 0; at < len(text); {
		number++
		end := strings.IndexByte(text[at:], '\n') + at
		if end < at {
			end = len(text)
		}
		line := text[at:end]
		switch {
		case strings.HasPrefix(line, "\t//"):
			if start < 0 {
				start = at
			}
		case strings.HasPrefix(line, "\t\"") && strings.HasSuffix(line, `",`):
			// an entry of the list of releases
		case strings.HasPrefix(line, "\t"):
			if start < 0 {
				start = at
			}
			e, err := st.entry(line)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", file, number, err)
			}
			e.section, e.file, e.line, e.text = section, file, number, text[start:end]
			st.entries = append(st.entries, e)
			start = -1
		case strings.HasPrefix(line, "#"):
			name, form, _ := strings.Cut(line, ":")
			st.forms[name] = strings.TrimSpace(form)
		case strings.HasSuffix(line, ": {"):
			section = strings.TrimSuffix(line, ": {")
		}
		at = end + 1
	}
	return nil
}

const releaseMark = "@release("

func (st *store) entry(line string) (entry, error) {
	e := entry{field: line}
	label, _, ok := strings.Cut(line[1:], "?:")
	if e.name = strings.Trim(label, `"`); ok && st.engine == "" {
		e.release = len(line) // no engine, no releases
		return e, nil
	}
	// The mark stands last; the line may be long.
	tail := max(0, len(line)-64)
	e.release = strings.Index(line[tail:], releaseMark) + tail
	if !ok || e.release < tail {
		return e, fmt.Errorf("want a field that ends in %s...): %s", releaseMark, line)
	}
	_, rest, _ := strings.Cut(line[e.release:], `"`)
	first, rest, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(rest, `"`)
	last, _, _ := strings.Cut(rest, `"`)
	if last == "" {
		last = st.releases[len(st.releases)-1]
	}
	var okFirst, okLast bool
	e.first, okFirst = st.position[first]
	e.last, okLast = st.position[last]
	if !okFirst || !okLast || e.last < e.first {
		return e, fmt.Errorf("unknown releases %q to %q: %s", first, last, line)
	}
	return e, nil
}

func (st *store) key(e *entry) *Key {
	k := &Key{
		Name: e.name, Section: e.section, First: st.releases[e.first],
		Pos:    diag.Pos{File: e.file, Line: e.line, Column: 2},
		Doc:    docOf(e.text[:len(e.text)-len(e.field)]),
		source: strings.TrimSpace(e.field),
	}
	if e.last < len(st.releases)-1 {
		k.Last = st.releases[e.last]
	}
	k.Inert = st.inert(e)
	k.forms = st.forms
	parseField(k)
	return k
}

const unreadMark = " @unread()"

// inert tells of a variable that no source of the release reads while that of
// an earlier one did. What none ever read may be read by native code.
func (st *store) inert(e *entry) bool {
	return strings.Contains(e.field, unreadMark) && slices.ContainsFunc(st.named(e.section, e.name), func(o *entry) bool {
		return o.last < e.first && !strings.Contains(o.field, unreadMark)
	})
}

func docOf(comments string) string {
	var lines []string
	for line := range strings.SplitSeq(comments, "\n") {
		if text, ok := strings.CutPrefix(line, "\t//"); ok {
			lines = append(lines, strings.TrimPrefix(text, " "))
		}
	}
	return strings.Join(lines, "\n")
}

// Entry is one definition of one key as it stands in the CUE files.
type Entry struct {
	Section, Name string
	// First and Last are indexes into the engine's releases, both included.
	First, Last int
	// Field is the definition without its releases, Doc the comment lines above it.
	Field, Doc string
}

// Scan reads the CUE files of an engine in fsys/ENGINE without interpreting the
// definitions. The importer rewrites the files by it.
func Scan(fsys fs.FS, engine string) (releases []string, entries []Entry, err error) {
	names, err := fs.Glob(fsys, engine+"/*.cue")
	if err != nil {
		return nil, nil, err
	}
	var files []sourceFile
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", name, err)
		}
		files = append(files, sourceFile{name, string(text)})
	}
	st, err := scan(engine, files)
	if err != nil {
		return nil, nil, err
	}
	for i := range st.entries {
		e := &st.entries[i]
		doc := strings.TrimSuffix(e.text, e.field)
		entries = append(entries, Entry{e.section, e.name, e.first, e.last, e.facts(), doc})
	}
	return st.releases, entries, nil
}
