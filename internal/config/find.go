package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/plainfile"
)

// ErrNoBase says that there is no base above an overlay.
var ErrNoBase = errors.New("no base")

// baseNames are where a base lies in a configuration root.
var baseNames = []string{"config.yaml", filepath.Join("common", "config.yaml")}

// FindBase walks up from an overlay to the nearest config.yaml or
// common/config.yaml. The path given back is relative where overlay's is. The
// error is an ErrNoBase where there is none.
func FindBase(overlay string) (string, error) {
	abs := absolute(overlay)
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		for _, name := range baseNames {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() && path != abs { // what is no plain file is refused when it is read
				return like(overlay, path), nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%w for %s: no config.yaml or common/config.yaml in its folder or above", ErrNoBase, overlay)
		}
	}
}

// like writes an absolute path as relative where the example is.
func like(example, path string) string {
	if filepath.IsAbs(example) {
		return path
	}
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil {
		return path
	}
	return rel
}

// baseRoot is the folder of a configuration whose base this is, above common/.
func baseRoot(base string) string {
	dir := filepath.Dir(absolute(base))
	if filepath.Base(dir) == "common" && filepath.Base(base) == "config.yaml" {
		return filepath.Dir(dir)
	}
	return dir
}

// rootOf is the folder that holds both a base and an overlay: the base's own
// (above common/), or the nearest that they share. It is relative where the
// overlay's path is.
func rootOf(base, overlay string) string {
	for dir := baseRoot(base); ; dir = filepath.Dir(dir) {
		if rel, err := filepath.Rel(dir, absolute(overlay)); err == nil && filepath.IsLocal(rel) || dir == filepath.Dir(dir) {
			return like(overlay, dir)
		}
	}
}

// maxSearched bounds the files looked at for a section, maxWalked what is passed
// on the way to them.
const (
	maxSearched = 2000
	maxWalked   = 5000
)

// WithSection returns the YAML files under the configuration root, relative to
// it and sorted, that have a section of the name at their top; bases are not
// among them. It reads no more than the lines' beginnings. Where base and overlay
// have no folder of their own in common, the overlay's alone is looked at.
func (c *Config) WithSection(section string) []string {
	var found []string
	searched, walked := 0, 0
	top := c.searchable()
	_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if walked++; walked > maxWalked {
			return filepath.SkipAll
		}
		switch {
		case err != nil:
			return nil //nolint:nilerr // an unreadable folder has nothing to offer
		case d.IsDir() && path != top && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.Type().IsRegular() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)):
			return nil
		}
		if searched++; searched > maxSearched {
			return filepath.SkipAll
		}
		if d.Name() != "config.yaml" && absolute(path) != absolute(c.Base.Path) && hasSection(path, section) {
			found = append(found, c.Relative(path))
		}
		return nil
	})
	slices.Sort(found)
	return found
}

// searchable is the folder below which the configuration lies: its root where
// that is the base's own, and else the overlay's, since what two paths share may
// be the root of the disk.
func (c *Config) searchable() string {
	if c.Base != nil && absolute(c.Root) == absolute(baseRoot(c.Base.Path)) {
		return c.Root
	}
	return filepath.Dir(c.Overlay.Path)
}

// maxOverlay bounds a file that may be an overlay, in bytes.
const maxOverlay = 32 << 20

// Siblings are the overlays among which an overlay lies, or will lie: those of its
// folder, and of the folders beside it where these are below the configuration's
// own, sorted. What is no plain file, or larger than any overlay, is not among them.
func Siblings(overlay string) []string {
	dir := filepath.Dir(overlay)
	patterns := []string{"*.yaml"}
	top := ""
	if base, err := FindBase(overlay); err == nil {
		top = baseRoot(base)
	} else if settings := FindSettings(dir); settings != "" {
		top = filepath.Dir(absolute(settings))
	}
	if rel, err := filepath.Rel(top, filepath.Dir(absolute(dir))); top != "" && err == nil && (rel == "." || filepath.IsLocal(rel)) {
		patterns = append(patterns, "../*/*.yaml")
	}
	var found []string
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(filepath.Join(escapeGlob(dir), pattern)) // the pattern is well-formed
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() <= maxOverlay {
				found = append(found, path)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// escapeGlob has a folder's name mean itself in a pattern.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

func hasSection(path, section string) bool {
	f, err := plainfile.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxOverlay {
		return false
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := bytes.CutPrefix(lines.Bytes(), []byte(section)); ok && bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte(":")) {
			return true
		}
	}
	return false
}
