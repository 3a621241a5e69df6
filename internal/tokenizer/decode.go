package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoder rewrites a list of tokens on its way back to text.
type decoder func([]string) []string

type decoderFile struct {
	Type           string           `json:"type"`
	Decoders       []jsontext.Value `json:"decoders"`
	Pattern        pattern          `json:"pattern"`
	Content        string           `json:"content"`
	Start          int              `json:"start"`
	Stop           int              `json:"stop"`
	Replacement    string           `json:"replacement"`
	PrependScheme  string           `json:"prepend_scheme"`
	AddPrefixSpace *bool            `json:"add_prefix_space"`
	Prefix         string           `json:"prefix"`
	Suffix         string           `json:"suffix"`
	CleanUp        bool             `json:"cleanup"`
}

func parseDecoder(raw jsontext.Value, depth int, g *growth) (decoder, error) {
	if absent(raw) {
		return nil, nil
	}
	if err := g.by(1); err != nil {
		return nil, err
	}
	if depth > maxNesting {
		return nil, errNesting
	}
	var f decoderFile
	if err := json.Unmarshal(raw, &f, lenient); err != nil {
		return nil, err
	}
	switch f.Type {
	case "Sequence":
		var all []decoder
		for _, r := range f.Decoders {
			d, err := parseDecoder(r, depth+1, g)
			if err != nil {
				return nil, err
			}
			if d != nil {
				all = append(all, d)
			}
		}
		return func(t []string) []string {
			for _, d := range all {
				t = d(t)
			}
			return t
		}, nil
	case "ByteLevel":
		return decodeByteLevel(), nil
	case "ByteFallback":
		return decodeBytes, nil
	case "Fuse":
		return func(t []string) []string { return []string{strings.Join(t, "")} }, nil
	case "Replace":
		replace, err := parseReplace(f.Pattern, f.Content, g)
		if err != nil {
			return nil, err
		}
		return func(t []string) []string {
			for i := range t {
				if to, err := replace(t[i]); err == nil { // what takes too many steps stays
					t[i] = to
				}
			}
			return t
		}, nil
	case "Strip":
		if len([]rune(f.Content)) != 1 {
			return nil, fmt.Errorf("a strip of %q, want one character", f.Content)
		}
		return func(t []string) []string {
			for i := range t {
				for n := 0; n < f.Start && strings.HasPrefix(t[i], f.Content); n++ {
					t[i] = t[i][len(f.Content):]
				}
				for n := 0; n < f.Stop && strings.HasSuffix(t[i], f.Content); n++ {
					t[i] = t[i][:len(t[i])-len(f.Content)]
				}
			}
			return t
		}, nil
	case "Metaspace":
		return decodeMetaspace(f), nil
	case "WordPiece":
		return decodeWordPiece(f.Prefix, f.CleanUp), nil
	case "BPEDecoder":
		return func(t []string) []string {
			for i := range t {
				blank := " "
				if i == len(t)-1 {
					blank = ""
				}
				t[i] = strings.ReplaceAll(t[i], f.Suffix, blank)
			}
			return t
		}, g.by(2)
	}
	return nil, fmt.Errorf("type %s is not read", f.Type)
}

// decode joins tokens to text; without a decoder they stand apart.
func (t *Tokenizer) decode(tokens []string) string {
	if t.decoder == nil {
		return strings.Join(tokens, " ")
	}
	return strings.Join(t.decoder(tokens), "")
}

// decodeByteLevel turns printable characters back into bytes. A token that
// holds another character is taken as it is.
func decodeByteLevel() decoder {
	back := map[rune]byte{}
	for b := range 256 {
		back[byteChar(byte(b))] = byte(b)
	}
	return func(tokens []string) []string {
		var out []byte
		for _, t := range tokens {
			start := len(out)
			for _, r := range t {
				b, ok := back[r]
				if !ok {
					out = append(out[:start], t...)
					break
				}
				out = append(out, b)
			}
		}
		return []string{lossy(out)}
	}
}

// decodeBytes joins tokens <0x00> to <0xFF> that follow one another; bytes that
// are not UTF-8 give one U+FFFD each.
func decodeBytes(tokens []string) []string {
	var out []string
	var run []byte
	flush := func() {
		switch {
		case len(run) == 0:
		case utf8.Valid(run):
			out = append(out, string(run))
		default:
			for range run {
				out = append(out, "\uFFFD")
			}
		}
		run = run[:0]
	}
	for _, t := range tokens {
		if len(t) == 6 && strings.HasPrefix(t, "<0x") && t[5] == '>' {
			if b, err := strconv.ParseUint(t[3:5], 16, 8); err == nil {
				run = append(run, byte(b))
				continue
			}
		}
		flush()
		out = append(out, t)
	}
	flush()
	return out
}

func decodeMetaspace(f decoderFile) decoder {
	mark := f.Replacement
	if mark == "" {
		mark = "▁"
	}
	keep := f.PrependScheme == "never" || f.PrependScheme == "" && f.AddPrefixSpace != nil && !*f.AddPrefixSpace
	return func(tokens []string) []string {
		for i, t := range tokens {
			blank := " "
			if i == 0 && !keep { // every mark of the first token goes
				blank = ""
			}
			tokens[i] = strings.ReplaceAll(t, mark, blank)
		}
		return tokens
	}
}

// lossy returns b as text, with one U+FFFD for each longest stretch that could
// have begun a character (Unicode's recommended practice).
func lossy(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			n = max(1, partial(b))
		}
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

// partial is the length of the longest start of b that begins a valid character.
func partial(b []byte) int {
	for n := min(len(b), 3); n > 1; n-- {
		// A start is valid if some continuation completes it.
		for _, fill := range []string{"\x80\x80\x80", "\xbf\xbf\xbf"} {
			if r, size := utf8.DecodeRuneInString(string(b[:n]) + fill); r != utf8.RuneError && size > n {
				return n
			}
		}
	}
	return 1
}

// cleanUp removes blanks as transformers' clean_up_tokenization does.
func cleanUp(s string) string {
	return replaceEach(s, " .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'", " n't", "n't", " 'm", "'m", " 's", "'s", " 've", "'ve", " 're", "'re")
}

// replaceEach replaces pairs one after the other, each in what the one before made.
func replaceEach(s string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}
