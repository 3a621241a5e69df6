package config

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/diag"

	"mlcfg/schema"
)

// FileName is the name of the project file.
const FileName = "mlcfg.cue"

// Settings are what a project file says; see schema/project.cue for what each
// means. The zero value is a project without a file. Paths are relative to the
// working folder where the project file's own is.
type Settings struct {
	// Path is the project file's, empty where there is none; Root is its folder.
	Path, Root string
	Base       string
	// Overlays are patterns below Root, with slashes.
	Overlays []string
	// Engines are exact releases by the engine's name.
	Engines map[string]string
	Round   string
	// OmegaConf is the release as which configuration is read; empty for the default.
	OmegaConf string
	Machines  []string
	// GPUs are the accelerators of machines, as [fit.FindGPU] takes them.
	GPUs map[string]string
	Maps pathmap.Map
	// Manifests is the form of manifests' paths below Root.
	Manifests string
	Ignore    []string
	// Silenced are the codes of findings that lint does not report, with the reasons.
	Silenced map[string]string
	Env      []string
	// Forks are the site's own forks of engines.
	Forks []*schema.Fork
	// Site are the files that the patterns of the site's schemas match.
	Site []string

	places map[string]diag.Pos
}

// DefaultManifests is where manifests lie that no project file says more about.
const DefaultManifests = "manifests/{folder}/{overlay}.{backend}.yaml"

// FindSettings walks up from a folder to the nearest project file; it is empty
// where there is none.
func FindSettings(dir string) string {
	for at := absolute(dir); ; at = filepath.Dir(at) {
		file := filepath.Join(at, FileName)
		if info, err := os.Stat(file); err == nil && !info.IsDir() { // what is no plain file is refused when it is read
			return like(dir, file)
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// ReadSettings reads a project file. The error says that it could not be read;
// what is wrong in it is a finding, and what has a fault is left out.
func ReadSettings(file string) (*Settings, diag.List, error) {
	s := &Settings{Path: file, Root: filepath.Dir(file)}
	values, places, found, err := readSettings(file)
	if err != nil {
		return nil, nil, err
	}
	if s.places = places; found.HasErrors() {
		return s, found, nil
	}
	check := &settingsReader{values: values, places: places, file: file}
	section := schema.Project().Section("project")
	for name := range values {
		check.key(section, name)
	}
	text := func(name string) string { t, _ := values[name].(string); return t }
	list := func(name string) (all []string) {
		items, _ := values[name].([]any)
		for _, item := range items {
			if t, ok := item.(string); ok {
				all = append(all, t)
			}
		}
		return all
	}
	if base := text("base"); base != "" {
		s.Base = s.below(base)
	}
	s.Round, s.Machines, s.Ignore, s.Env = text("round"), list("machines"), list("ignore"), list("env")
	s.OmegaConf = text("omegaconf")
	s.Overlays = check.patterns("overlays", list("overlays"))
	s.Manifests = check.manifests(text("manifests"))
	s.Forks = check.forks(check.files(s, "forks", list("forks")))
	s.Engines = check.engines(s.Forks)
	paths, _ := values["paths"].(map[string]any)
	for from, to := range paths {
		if t, ok := to.(string); ok {
			s.Maps = append(s.Maps, pathmap.Mapping{From: strings.TrimRight(from, "/"), To: s.below(t)})
		}
	}
	s.Silenced, s.GPUs = check.silenced(), check.gpus()
	slices.SortFunc(s.Maps, func(a, b pathmap.Mapping) int { return strings.Compare(a.From, b.From) })
	s.Site = check.files(s, "site", list("site"))
	check.found.Sort()
	return s, check.found, nil
}

// Place is where the project file says something, by the dotted path of its
// key; the file as a whole where it does not.
func (s *Settings) Place(key string) diag.Pos {
	if p, ok := s.places[key]; ok {
		return p
	}
	return diag.Pos{File: s.Path}
}

// below returns a path of the project file's as seen from the working folder.
func (s *Settings) below(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(s.Root, filepath.FromSlash(p))
}

// OverlayFiles are the files that the patterns of overlays match, sorted, the
// base and hidden files left out.
func (s *Settings) OverlayFiles() ([]string, error) {
	var files []string
	for _, pattern := range s.Overlays {
		matches, err := s.glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: looking for overlays: %w", s.Path, err)
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	base := ""
	if s.Base != "" {
		base = absolute(s.Base)
	}
	return slices.DeleteFunc(slices.Compact(files), func(f string) bool { return absolute(f) == base }), nil
}

// PassedOver are the files that a pattern of overlays would match if they ended in
// .yaml instead of .yml, and that none of them matches.
func (s *Settings) PassedOver(overlays []string) (files []string) {
	for _, pattern := range s.Overlays {
		stem, ok := strings.CutSuffix(pattern, ".yaml")
		if !ok {
			continue
		}
		matches, err := s.glob(stem + ".yml")
		if err != nil {
			continue // OverlayFiles has said so
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(f string) bool { return slices.Contains(overlays, f) })
}

func (s *Settings) glob(pattern string) ([]string, error) {
	root := s.Root
	if root == "" {
		root = "."
	}
	matches, err := doublestar.Glob(os.DirFS(root), path.Clean(pattern), doublestar.WithFilesOnly(), doublestar.WithNoHidden())
	if err != nil {
		return nil, err
	}
	for i, m := range matches {
		matches[i] = filepath.Join(s.Root, filepath.FromSlash(m))
	}
	return matches, nil
}

// ManifestPath is where the manifest of an overlay for a backend lies, seen from
// the working folder.
func (s *Settings) ManifestPath(overlay, backend string) string {
	form := s.Manifests
	if form == "" {
		form = DefaultManifests
	}
	abs := absolute(overlay)
	name := strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs))
	folder := filepath.Base(filepath.Dir(abs))
	return s.below(strings.NewReplacer("{folder}", folder, "{overlay}", name, "{backend}", backend).Replace(form))
}
