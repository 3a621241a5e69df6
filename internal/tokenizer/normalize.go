package tokenizer

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites text before it is split.
type normalizer func(string) string

const maxNesting = 8

var errNesting = errors.New("nested too deep")

// pattern is what Replace and Split look for: a plain text or an expression.
type pattern struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

type normalizerFile struct {
	Type        string           `json:"type"`
	Normalizers []jsontext.Value `json:"normalizers"`
	Prepend     string           `json:"prepend"`
	Pattern     pattern          `json:"pattern"`
	Content     string           `json:"content"`
	StripLeft   bool             `json:"strip_left"`
	StripRight  bool             `json:"strip_right"`
}

// absent reports whether a part of the file is left out or null.
func absent(raw jsontext.Value) bool { return len(raw) == 0 || raw.Kind() == 'n' }

// growth bounds what replacements one after the other may make of a text: the
// product of how much longer each can make it.
type growth struct{ factor, steps int }

const (
	maxGrowth = 64
	maxSteps  = 32
)

func (g *growth) by(factor int) error {
	g.steps++
	if g.factor == 0 {
		g.factor = 1
	}
	if g.factor *= max(factor, 1); factor > maxGrowth || g.factor > maxGrowth || g.steps > maxSteps {
		return fmt.Errorf("its steps could make a text more than %d times as long, or are more than %d", maxGrowth, maxSteps)
	}
	return nil
}

func parseNormalizer(raw jsontext.Value, depth int, g *growth) (normalizer, error) {
	if absent(raw) {
		return nil, nil
	}
	if depth > maxNesting {
		return nil, errNesting
	}
	if err := g.by(1); err != nil {
		return nil, err
	}
	var f normalizerFile
	if err := json.Unmarshal(raw, &f, lenient); err != nil {
		return nil, err
	}
	switch f.Type {
	case "Sequence":
		var all []normalizer
		for _, r := range f.Normalizers {
			n, err := parseNormalizer(r, depth+1, g)
			if err != nil {
				return nil, err
			}
			if n != nil {
				all = append(all, n)
			}
		}
		return func(s string) string {
			for _, n := range all {
				s = n(s)
			}
			return s
		}, nil
	case "Prepend":
		if err := g.by(1 + len(f.Prepend)/16); err != nil {
			return nil, err
		}
		return func(s string) string {
			if s == "" {
				return s
			}
			return f.Prepend + s
		}, nil
	case "Replace":
		return parseReplace(f.Pattern, f.Content, g)
	case "NFC":
		return norm.NFC.String, nil
	case "NFD":
		return norm.NFD.String, nil
	case "NFKC":
		return norm.NFKC.String, nil
	case "NFKD":
		return norm.NFKD.String, nil
	case "Lowercase":
		// One character has a longer form in lower case.
		return func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307")) }, nil
	case "Strip":
		return func(s string) string {
			if f.StripLeft {
				s = strings.TrimLeftFunc(s, blank)
			}
			if f.StripRight {
				s = strings.TrimRightFunc(s, blank)
			}
			return s
		}, nil
	}
	return nil, fmt.Errorf("type %s is not read", f.Type)
}

func parseReplace(p pattern, content string, g *growth) (func(string) string, error) {
	switch {
	case p.String != nil && *p.String != "":
		if err := g.by((len(content) + len(*p.String) - 1) / len(*p.String)); err != nil {
			return nil, err
		}
		return func(s string) string { return strings.ReplaceAll(s, *p.String, content) }, nil
	case p.Regex != nil:
		re, err := compile(*p.Regex)
		if err != nil {
			return nil, err
		}
		if re.backOff > 0 {
			return nil, fmt.Errorf("the expression %q looks ahead", *p.Regex)
		}
		if err := g.by(len(content) + 1); err != nil {
			return nil, err
		}
		return func(s string) string { return re.ReplaceAllLiteralString(s, content) }, nil
	}
	return nil, errors.New("a replacement without its pattern")
}

// expression is a regular expression of the Oniguruma library as Go's package
// has it. Of look-around only (?!\S) at the end of an alternative \s+ is known,
// with which most models leave the last blank of a run to the word behind it.
type expression struct {
	*regexp.Regexp
	backOff int // number of the group that is such a run, 0 for none
}

const lookahead = `\s+(?!\S)`

// compile translates an expression: \s, \d and \w mean Unicode there and ASCII
// in Go, and a line's end is the text's end.
func compile(s string) (*expression, error) {
	e := &expression{}
	// \s+(?!\S)|\s+ takes a run of blanks less its last one where a word
	// follows, or a single blank; as a group that gives the last one back.
	for _, form := range []string{lookahead + `|\s+`, lookahead + `|\s`} {
		if strings.Count(s, form) == 1 {
			s = strings.Replace(s, form, `(?P<run>\s+)`, 1)
			e.backOff = -1
			break
		}
	}
	if strings.Contains(s, "(?=") || strings.Contains(s, "(?!") || strings.Contains(s, "(?<") {
		return nil, fmt.Errorf("the expression %q looks around in a way that is not read", s)
	}
	translated, err := translate(s)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, fmt.Errorf("the expression %q is not read: %w", s, err)
	}
	e.Regexp = re
	if e.backOff != 0 {
		e.backOff = re.SubexpIndex("run")
	}
	return e, nil
}

// translate writes the classes of s out. What depends on the text before a match
// is refused: splitting goes on behind each match as if the text began there.
func translate(s string) (string, error) {
	const space, digit, word = `\t\n\v\f\r\x{85}\p{Z}`, `\p{Nd}`, `\p{L}\p{M}\p{N}\p{Pc}`
	var out strings.Builder
	class := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			var set string
			var negate bool
			switch s[i] {
			case 's', 'S':
				set, negate = space, s[i] == 'S'
			case 'd', 'D':
				set, negate = digit, s[i] == 'D'
			case 'w', 'W':
				set, negate = word, s[i] == 'W'
			case 'b', 'B', 'A', 'G':
				return "", fmt.Errorf("the expression %q asks for a place in the text (\\%c), which is not read", s, s[i])
			default:
				out.WriteString(s[i-1 : i+1])
				continue
			}
			switch {
			case negate && class:
				return "", fmt.Errorf("the expression %q holds \\%c inside a class, which is not read", s, s[i])
			case negate:
				out.WriteString("[^" + set + "]")
			case class:
				out.WriteString(set)
			default:
				out.WriteString("[" + set + "]")
			}
		case s[i] == '^' && !class:
			return "", fmt.Errorf("the expression %q asks for a place in the text (^), which is not read", s)
		case s[i] == '[':
			class = true
			out.WriteByte(s[i])
		case s[i] == ']':
			class = false
			out.WriteByte(s[i])
		default:
			out.WriteByte(s[i])
		}
	}
	return out.String(), nil
}

// blank tells what counts as white space: Unicode's White_Space.
func blank(r rune) bool {
	switch {
	case r >= 9 && r <= 13, r == ' ', r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}
