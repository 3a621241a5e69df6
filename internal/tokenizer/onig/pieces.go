package onig

// Pieces calls f for the stretches of text in order: matches, and what lies between
// them. A match of nothing is a stretch too, unless it stands at the end of the match
// before it, as the tokenizers library goes through a text.
func (e *Expression) Pieces(text string, f func(piece string, match bool)) error {
	m := e.matcher(text)
	done, last := 0, -1
	for at := 0; at <= len(text); {
		from, to, err := e.find(m, at)
		if err != nil {
			return err
		}
		if from < 0 {
			break
		}
		if from == to && to == last {
			_, n := decode(text, at)
			at += max(n, 1)
			continue
		}
		if from > done {
			f(text[done:from], false)
		}
		f(text[from:to], true)
		done, at, last = to, to, to
	}
	if done < len(text) {
		f(text[done:], false)
	}
	return nil
}
