package tokenizer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"mlcfg/internal/tokenizer/runeset"
)

// charsmap is SentencePiece's table of what characters become: a double array of keys
// in UTF-8 (Darts), whose values are places in a list of texts, each ended by a NUL.
type charsmap struct {
	units []uint32
	texts string

	extends, prepends, controls, pictures runeset.Set
}

// maxExpansion is how much longer an entry may be than the shortest text it stands
// for; the longest published one makes 33 bytes of 3.
const maxExpansion = 16

var errCharsmap = errors.New("precompiled_charsmap is damaged")

// newCharsmap reads the bytes of a precompiled_charsmap: the size of the array in
// bytes, the array, and the texts.
func newCharsmap(raw []byte) (*charsmap, error) {
	if len(raw) < 4 {
		return nil, errCharsmap
	}
	size := binary.LittleEndian.Uint32(raw)
	raw = raw[4:]
	if size < 4 || uint64(size) > uint64(len(raw)) || !utf8.Valid(raw[size/4*4:]) {
		return nil, errCharsmap
	}
	m := &charsmap{
		units: make([]uint32, size/4), texts: string(raw[size/4*4:]),
		extends: runeset.MustNamed(runeset.GraphemeExtend), prepends: runeset.MustNamed(runeset.GraphemePrepend),
		controls: runeset.MustNamed(runeset.GraphemeControl), pictures: runeset.MustNamed("extendedpictographic"),
	}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	return m, nil
}

// offset is the distance from a unit to those of the bytes that follow.
func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// find returns what the shortest key that begins text becomes, whatever follows it in
// text, as the library does; false where no key begins it.
func (m *charsmap) find(text string) (string, bool, error) {
	at := offset(m.units[0])
	for i := range len(text) {
		if text[i] == 0 {
			break
		}
		if at ^= uint32(text[i]); int(at) >= len(m.units) {
			return "", false, errCharsmap
		}
		unit := m.units[at]
		if unit&(1<<31|0xff) != uint32(text[i]) {
			break
		}
		at ^= offset(unit)
		if unit&(1<<8) == 0 {
			continue
		}
		if int(at) >= len(m.units) {
			return "", false, errCharsmap
		}
		from := m.units[at] &^ (1 << 31)
		if uint64(from) > uint64(len(m.texts)) {
			return "", false, errCharsmap
		}
		to, _, _ := strings.Cut(m.texts[from:], "\x00")
		if len(to) > maxExpansion*(i+1) {
			return "", false, fmt.Errorf("%w: %d bytes become %d", errCharsmap, i+1, len(to))
		}
		return to, true, nil
	}
	return "", false, nil
}

// normalize replaces short clusters of characters, and otherwise single characters.
func (m *charsmap) normalize(text string) (string, error) {
	var out strings.Builder
	for text != "" {
		cluster := text[:m.cluster(text)]
		text = text[len(cluster):]
		if len(cluster) < 6 {
			to, ok, err := m.find(cluster)
			if err != nil {
				return "", err
			}
			if ok {
				out.WriteString(to)
				continue
			}
		}
		for len(cluster) > 0 {
			_, n := utf8.DecodeRuneInString(cluster)
			to, ok, err := m.find(cluster[:n])
			if err != nil {
				return "", err
			}
			if !ok {
				to = cluster[:n]
			}
			out.WriteString(to)
			cluster = cluster[n:]
		}
	}
	return out.String(), nil
}

// cluster returns the length of the extended grapheme cluster (UAX #29) that begins
// text. Flags, and the conjuncts of Indic scripts (rule GB9c), are cut into their
// characters: they are six bytes and more, which are looked up one by one anyway.
func (m *charsmap) cluster(text string) int {
	if strings.HasPrefix(text, "\r\n") {
		return 2
	}
	last, n := utf8.DecodeRuneInString(text)
	if m.controls.Contains(last) {
		return n
	}
	picture := m.pictures.Contains(last)
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		switch {
		case m.controls.Contains(r):
			return n
		case m.extends.Contains(r), m.prepends.Contains(last), hangulJoins(last, r):
		case picture && last == '\u200d' && m.pictures.Contains(r):
		default:
			return n
		}
		picture = m.pictures.Contains(r) || picture && m.extends.Contains(r)
		n += size
		last = r
	}
	return n
}

// hangulJoins reports whether two letters belong to one syllable (rules GB6 to GB8).
func hangulJoins(a, b rune) bool {
	leads := func(r rune) bool { return r >= 0x1100 && r <= 0x115f || r >= 0xa960 && r <= 0xa97c }
	vowel := func(r rune) bool { return r >= 0x1160 && r <= 0x11a7 || r >= 0xd7b0 && r <= 0xd7c6 }
	trails := func(r rune) bool { return r >= 0x11a8 && r <= 0x11ff || r >= 0xd7cb && r <= 0xd7fb }
	syllable := func(r rune) bool { return r >= 0xac00 && r <= 0xd7a3 }
	open := func(r rune) bool { return syllable(r) && (r-0xac00)%28 == 0 }
	switch {
	case leads(a):
		return leads(b) || vowel(b) || syllable(b)
	case vowel(a), open(a):
		return vowel(b) || trails(b)
	case trails(a), syllable(a):
		return trails(b)
	}
	return false
}
