package schema

import (
	"cmp"
	"slices"
)

// Declared are the names of all keys in the order of the CUE files, which is the
// order in which a file is laid out.
func (s *Section) Declared() []string {
	keys := slices.Clone(s.Keys())
	slices.SortStableFunc(keys, func(a, b *Key) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return names
}
