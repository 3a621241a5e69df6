package suite

import (
	"fmt"
	"path/filepath"

	"mlcfg/internal/manifest"
)

// OfSweep are the entries of a sweep, in its order and under its names.
func OfSweep(s *manifest.Sweep, dir string) ([]Entry, error) {
	var entries []Entry
	for _, p := range s.Points {
		file := filepath.Join(dir, p.File)
		m, err := manifest.ReadFile(file, nil)
		if err != nil {
			return nil, err
		}
		if m.Digest != p.Digest {
			return nil, fmt.Errorf("%s is not the manifest of point %s: its digest is %s, that in the index %s", file, p.Name, m.Digest, p.Digest)
		}
		entries = append(entries, Entry{Name: p.Name, File: file, Manifest: m})
	}
	return entries, nil
}
