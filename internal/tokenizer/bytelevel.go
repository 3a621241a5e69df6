package tokenizer

import (
	"strings"
)

// byteLevel writes every byte as a printable character, after splitting words.
type byteLevel struct {
	prefix bool
	words  *splitter
}

func (b byteLevel) split(in []piece) ([]piece, error) {
	pieces := make([]piece, len(in))
	for i, p := range in {
		if b.prefix && !strings.HasPrefix(p.text, " ") {
			p.text = " " + p.text
		}
		pieces[i] = p
	}
	if b.words != nil {
		var err error
		if pieces, err = b.words.split(pieces); err != nil {
			return nil, err
		}
	}
	for i, p := range pieces {
		pieces[i].text = byteText(p.text)
	}
	return pieces, nil
}

// byteText writes every byte of a text as a printable character.
func byteText(text string) string {
	var s strings.Builder
	s.Grow(len(text) + len(text)/4)
	for j := range len(text) {
		s.WriteRune(byteChar(text[j]))
	}
	return s.String()
}

// byteChar is the character that GPT-2's encoder writes for a byte: printable
// ones of Latin-1 stand for themselves, the others follow from U+0100 on.
func byteChar(b byte) rune {
	switch {
	case b >= '!' && b <= '~', b >= 0xa1 && b <= 0xac, b >= 0xae:
		return rune(b)
	case b <= ' ':
		return 0x100 + rune(b)
	case b <= 0xa0:
		return 0x100 + 33 + rune(b-0x7f)
	}
	return 0x100 + 67 // 0xad
}
