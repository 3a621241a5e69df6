// Package pathmap translates paths inside a container, as configuration names them, to
// paths here.
package pathmap

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Map translates paths inside a container to paths here, for reading only:
// the longest FROM that holds the path counts.
type Map []Mapping

// Mapping is one FROM=TO.
type Mapping struct{ From, To string }

// Parse reads FROM=TO texts.
func Parse(texts []string) (Map, error) {
	var m Map
	for _, text := range texts {
		from, to, ok := strings.Cut(text, "=")
		if !ok || from == "" || to == "" {
			return nil, fmt.Errorf("%q is not of the form FROM=TO", text)
		}
		m = append(m, Mapping{strings.TrimRight(from, "/"), to})
	}
	return m, nil
}

// Translate returns the path here of a path in a configuration. root is what a
// relative path without mapping is relative to.
func (m Map) Translate(path, root string) string {
	best, length := "", -1
	for _, p := range m {
		rest, ok := strings.CutPrefix(path, p.From)
		if ok && (rest == "" || rest[0] == '/') && len(p.From) > length {
			best, length = filepath.Join(p.To, rest), len(p.From)
		}
	}
	switch {
	case length >= 0:
		return best
	case filepath.IsAbs(path):
		return path
	}
	return filepath.Join(root, path)
}
