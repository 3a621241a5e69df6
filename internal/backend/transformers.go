package backend

import "mlcfg/internal/release"

// Requirement is which versions of a library satisfy what releases ask for.
type Requirement struct {
	From  string // the first release
	Major string // 4, 5, or "4 or 5"
}

// TransformersOf returns what a release asks of the transformers library; false where
// that is not known.
func (b *Backend) TransformersOf(version string) (Requirement, bool) {
	var found Requirement
	if !release.Is(version) {
		return found, false
	}
	for _, r := range b.Transformers {
		if release.Compare(version, r.From) >= 0 {
			found = r
		}
	}
	return found, found.From != ""
}
