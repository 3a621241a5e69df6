package diff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/explain"
	"mlcfg/internal/explain/gitrev"
	"mlcfg/internal/launch"
	"mlcfg/internal/manifest"
	"mlcfg/internal/plainfile"
)

// Input is one of the things that are compared: an overlay, a manifest, or a
// folder of them, today's or a revision's.
type Input struct {
	// Name is how messages name it.
	Name string
	// IsDir reports whether it is a folder.
	IsDir bool

	path     string
	tree     *gitrev.Tree       // nil for today's files
	manifest *manifest.Manifest // nil for overlays and folders
	text     []byte             // of an overlay
	launch   *launch.Launch     // nil for files that start nothing
}

// Open finds out what an argument of the command line names: a file or folder
// that is there, "-" for a manifest on standard input, or REV:PATH.
func (r *Reader) Open(ctx context.Context, arg string) (*Input, error) {
	in := &Input{Name: arg, path: arg}
	if arg == "-" {
		m, err := manifest.ReadFile("-", r.Stdin)
		in.Name, in.manifest = "standard input", m
		return in, err
	}
	info, err := os.Stat(arg)
	if _, launches, which := launch.Open(arg); err != nil && len(launches) > 0 { // FILE:WHICH
		in.launch, err = explain.Select(launches, which)
		return in, err
	}
	if err != nil {
		rev, path, ok := gitrev.Split(arg)
		if !ok || !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading %s: %w", arg, reason(err))
		}
		if in.tree, err = gitrev.Open(ctx, ".", rev, path); err != nil {
			return nil, fmt.Errorf("reading %s: %w", arg, err)
		}
		r.keep(in.tree)
		in.path = in.tree.Path
		if info, err = os.Stat(in.path); err != nil {
			return nil, fmt.Errorf("reading %s: %w", arg, reason(err))
		}
	}
	in.IsDir = info.IsDir()
	if in.IsDir {
		return in, nil
	}
	return in, in.readManifest()
}

// readManifest reads the file where it is a manifest. kind stands behind the
// sections in a manifest's sorted keys, so the whole file is looked at where it
// is no larger than a manifest may be.
func (in *Input) readManifest() error {
	data, err := plainfile.Read(context.Background(), in.path, manifest.MaxSize)
	if err != nil {
		return fmt.Errorf("reading %s: %w", in.Name, reason(err))
	}
	if !bytes.Contains(data, []byte(manifest.Kind)) || !isManifest(data) {
		in.text = data
		if launches := launch.ReadOther(launch.NewFile(in.path, data)); len(launches) > 0 {
			in.launch, err = explain.Select(launches, "")
		}
		return err
	}
	in.manifest, err = manifest.Decode(in.Name, data)
	return err
}

// isManifest tells a manifest from a configuration that mentions one.
func isManifest(data []byte) bool {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return true
	}
	return bytes.Contains(data, []byte("\nkind: "+manifest.Kind+"\n"))
}

// files are the configuration files below a folder, relative to it, sorted; the
// bases are not among them.
func (in *Input) files() ([]string, error) {
	var found []string
	err := filepath.WalkDir(in.path, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != in.path && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.Type().IsRegular() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) || d.Name() == "config.yaml":
			return nil
		}
		rel, err := filepath.Rel(in.path, path)
		found = append(found, rel)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", in.Name, reason(err))
	}
	return found, nil
}

// file is a file below a folder.
func (in *Input) file(rel string) (*Input, error) {
	f := &Input{Name: strings.TrimSuffix(in.Name, "/") + "/" + filepath.ToSlash(rel), path: filepath.Join(in.path, rel), tree: in.tree}
	return f, f.readManifest()
}

// Match is the files that belong together, one a folder, relative to it.
type Match []string

// Pairs goes through folders by their files' names: what all of them have is to
// be compared, the rest is in only some. A manifest, OVERLAY.BACKEND.yaml, is
// compared with its overlay where a folder does not have it.
func Pairs(folders []*Input) (common []Match, only []Only, err error) {
	has := make([]map[string]bool, len(folders))
	names := map[string]bool{}
	for i, folder := range folders {
		files, err := folder.files()
		if err != nil {
			return nil, nil, err
		}
		has[i] = map[string]bool{}
		for _, f := range files {
			has[i][f], names[f] = true, true
		}
	}
	matched := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if m := matchOf(name, has); m != nil {
			common = append(common, m)
			for _, file := range m {
				matched[file] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if matched[name] {
			continue
		}
		in := Only{Name: filepath.ToSlash(name)}
		for i, folder := range folders {
			if has[i][name] {
				in.In = append(in.In, folder.Name)
			}
		}
		only = append(only, in)
	}
	return common, only, nil
}

// matchOf is the file of a name, or its overlay, in every folder; nil where one
// has neither.
func matchOf(name string, has []map[string]bool) Match {
	m := make(Match, len(has))
	for i := range has {
		switch overlay := overlayOf(name); {
		case has[i][name]:
			m[i] = name
		case overlay != "" && has[i][overlay]:
			m[i] = overlay
		default:
			return nil
		}
	}
	return m
}

// overlayOf is the overlay that a manifest of this name is made of, empty where
// the name is no manifest's.
func overlayOf(name string) string {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	name = strings.TrimPrefix(filepath.Ext(stem), ".")
	if _, ok := backend.Of(name); !ok {
		return ""
	}
	return strings.TrimSuffix(stem, "."+name) + ".yaml"
}

// ComparePair compares files of folders that belong together.
func (r *Reader) ComparePair(folders []*Input, m Match, o Options) (*Report, error) {
	inputs := make([]*Input, len(folders))
	for i, folder := range folders {
		var err error
		if inputs[i], err = folder.file(m[i]); err != nil {
			return nil, err
		}
	}
	return r.Compare(inputs, o)
}

// reason takes the path out of an error that names it already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
