package launch

import (
	"strings"

	"mlcfg/internal/source"
	"mlcfg/schema"
)

// takesPairs reports whether a flag takes a map as KEY=VALUE pairs between commas.
func (r *lineReader) takesPairs(key *schema.Key) bool {
	s := r.backend.Spelling
	return key.Flag.Action == schema.Pairs ||
		s.PairsFrom != "" && schema.CompareReleases(r.schema.Release, s.PairsFrom) >= 0 && schema.CompareReleases(r.schema.Release, s.PairsUntil) < 0
}

// pairs reads KEY=VALUE pairs as vLLM's nullable_kvs does: keys in lower case, values whole
// numbers. It returns nil for any other text.
func (r *lineReader) pairs(w Word) *source.Node {
	m := &source.Node{Kind: source.Map, Pos: w.Pos()}
	at := 0
	for item := range strings.SplitSeq(w.Text, ",") {
		key, value, ok := strings.Cut(item, "=")
		if !ok {
			return nil
		}
		from := at + len(key) + 1
		n := r.number(w.Slice(from, from+len(value)))
		if n == nil || n.Kind != source.Int {
			return nil
		}
		m.Fields = append(m.Fields, source.Field{Key: strings.ToLower(strings.TrimSpace(key)), KeyPos: w.At(at), Value: n})
		at += len(item) + 1
	}
	return m
}
