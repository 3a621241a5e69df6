package tokenizer

import (
	"unicode/utf8"

	"mlcfg/internal/tokenizer/runeset"
)

// scripts splits where the script changes; characters of no script go with what stands
// before them. What stands before the first character of a script is dropped, as the
// library drops it.
type scripts struct{ sets []runeset.Set }

func (s scripts) split(in []piece) ([]piece, error) {
	var out []piece
	for _, p := range in {
		start, last := -1, -1
		for i, r := range p.text {
			script := s.of(r)
			if script < 0 || script == last {
				continue
			}
			if start >= 0 {
				out = append(out, piece{p.text[start:i], p.first && start == 0})
			}
			start, last = i, script
		}
		if start >= 0 {
			out = append(out, piece{p.text[start:], p.first && start == 0})
		}
	}
	return out, nil
}

// of returns the number of a character's script, -1 for none.
func (s scripts) of(r rune) int {
	if r == utf8.RuneError {
		return -1
	}
	for i := range s.sets {
		if s.sets[i].Contains(r) {
			return i
		}
	}
	return -1
}
