package importer

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"mlcfg/internal/atomicfile"
	"mlcfg/schema"
)

// IndexFile is the name of the index in the folder of the schemas.
const IndexFile = "schema.idx"

// handWritten are the schemas that no release changes, and their files; the releases of
// the harness are rounds.
var handWritten = map[string][]string{
	schema.Harness: {"shared.cue", "harness.cue"},
	"sense":        {"sense.cue"},
	"takes":        {"takes.cue"},
	"project":      {"project.cue"},
}

// handPackage is the package of files that are written by hand.
const handPackage = "schema"

// Index makes the index out of the CUE files of the schemas in fsys: each folder with a
// releases.cue is an engine.
func Index(fsys fs.FS) ([]byte, error) {
	var groups []schema.Group
	for name := range handWritten {
		g, err := groupOf(fsys, name)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	forks, err := fs.Glob(fsys, "forks/*.cue")
	if err != nil {
		return nil, err
	}
	for _, file := range forks {
		g, err := groupOf(fsys, strings.TrimSuffix(file, ".cue"))
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	notes, err := readNotes(fsys)
	if err != nil {
		return nil, err
	}
	lists, err := fs.Glob(fsys, "*/releases.cue")
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		engine := path.Dir(list)
		g, err := groupOf(fsys, engine)
		if err != nil {
			return nil, err
		}
		for section, keys := range notes[engine] {
			for key, note := range keys {
				g.Notes = append(g.Notes, schema.GroupNote{Section: section, Key: key, Note: note})
			}
		}
		delete(notes, engine)
		groups = append(groups, g)
	}
	for engine := range notes {
		return nil, fmt.Errorf("notes.cue has notes on %q, which is no engine", engine)
	}
	return schema.Encode(groups)
}

// ReadFork reads a fork that a site has written, a file of the form of those in forks/;
// its name is the file's.
func ReadFork(file string) (*schema.Fork, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a fork: %w", err)
	}
	s, err := read([]sourceFile{{file, string(text)}})
	if err != nil {
		return nil, fmt.Errorf("reading the fork %s: %w", file, err)
	}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	g, err := s.group(name)
	if err != nil {
		return nil, fmt.Errorf("reading the fork %s: %w", file, err)
	}
	for _, d := range g.Definitions {
		engine, section, _ := strings.Cut(d.Section, "_")
		if !slices.Contains(schema.Engines(), engine) || section == "" {
			return nil, fmt.Errorf("%s:%d: %s is no section of an engine, as vllm_env_config is", file, d.Line, d.Section)
		}
	}
	encoded, err := schema.Encode([]schema.Group{g})
	if err != nil {
		return nil, fmt.Errorf("reading the fork %s: %w", file, err)
	}
	own, err := schema.Read(encoded, name, "")
	if err != nil {
		return nil, fmt.Errorf("reading the fork %s: %w", file, err)
	}
	return schema.NewFork(name, own), nil
}

// WriteIndex makes the index of the schemas in dir and writes it there.
func WriteIndex(dir string) error {
	data, err := Index(os.DirFS(dir))
	if err != nil {
		return fmt.Errorf("making the index of %s: %w", dir, err)
	}
	return atomicfile.Write(filepath.Join(dir, IndexFile), data, 0o644)
}

// filesOf reads the files of a hand-written schema or of an engine.
func filesOf(fsys fs.FS, group string) ([]sourceFile, error) {
	names, ok := handWritten[group]
	switch {
	case ok:
	case path.Dir(group) == "forks":
		names = []string{group + ".cue"}
	default:
		var err error
		if names, err = fs.Glob(fsys, group+"/*.cue"); err != nil {
			return nil, err
		}
	}
	var files []sourceFile
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		files = append(files, sourceFile{"schema/" + name, string(text)})
	}
	return files, nil
}

func groupOf(fsys fs.FS, name string) (schema.Group, error) {
	files, err := filesOf(fsys, name)
	if err != nil {
		return schema.Group{}, err
	}
	s, err := read(files)
	if err != nil {
		return schema.Group{}, err
	}
	return s.group(name)
}

// group is the source as the index has it.
func (s *source) group(name string) (schema.Group, error) {
	g := schema.Group{Name: name, Releases: s.releases}
	if len(g.Releases) == 0 {
		g.Releases = []string{""}
	}
	for i := range g.Releases {
		g.Digests = append(g.Digests, s.digest(i))
	}
	for i := range s.fields {
		d, err := s.definition(&s.fields[i])
		if err != nil {
			return g, err
		}
		g.Definitions = append(g.Definitions, d)
	}
	return g, nil
}

// digest is the sha256 of a release's definitions without their help texts, in the
// files' order.
func (s *source) digest(release int) (sum [32]byte) {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s.texts)) {
		fmt.Fprintf(hash, "%s: %s\n", name, s.texts[name])
	}
	for i := range s.fields {
		if e := &s.fields[i]; e.first <= release && release <= e.last {
			fmt.Fprintf(hash, "%s.%s\n", e.section, e.text)
		}
	}
	hash.Sum(sum[:0])
	return sum
}

// readNotes are the notes on keys that went: by engine, section and key.
func readNotes(fsys fs.FS) (map[string]map[string]map[string]schema.Note, error) {
	const file = "notes.cue"
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	value := cuecontext.New().CompileBytes(text, cue.Filename("schema/"+file)).LookupPath(cue.ParsePath("notes"))
	var all map[string]map[string]map[string]schema.Note
	if err := value.Validate(cue.Concrete(true)); err != nil {
		return nil, fmt.Errorf("reading the notes: %w", err)
	}
	if err := value.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading the notes: %w", err)
	}
	return all, nil
}

// Sources returns the CUE of the definitions that a release of an engine has, by section
// and name: label, value and attributes. The hand-written schemas have the release "".
func Sources(fsys fs.FS, group, release string) (map[string]map[string]string, error) {
	files, err := filesOf(fsys, group)
	if err != nil {
		return nil, err
	}
	s, err := read(files)
	if err != nil {
		return nil, err
	}
	at := 0
	if release != "" {
		at = slices.Index(s.releases, release)
	}
	all := map[string]map[string]string{}
	for i := range s.fields {
		if e := &s.fields[i]; e.first <= at && at <= e.last {
			if all[e.section] == nil {
				all[e.section] = map[string]string{}
			}
			all[e.section][e.name] = e.text
		}
	}
	return all, nil
}
