package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"mlcfg/internal/tokenizer/onig"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// normalizer rewrites text before it is split.
type normalizer func(string) (string, error)

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
	Charsmap    []byte           `json:"precompiled_charsmap"`
	CleanText   *bool            `json:"clean_text"`
	Chinese     *bool            `json:"handle_chinese_chars"`
	Accents     *bool            `json:"strip_accents"`
	Lower       *bool            `json:"lowercase"`
}

// yes reports whether a switch is on, as it is where the file does not say.
func yes(b *bool) bool { return b == nil || *b }

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
		return parseNormalizers(f.Normalizers, depth, g)
	case "Prepend":
		if err := g.by(1 + len(f.Prepend)/16); err != nil {
			return nil, err
		}
		return pure(func(s string) string {
			if s == "" {
				return s
			}
			return f.Prepend + s
		}), nil
	case "Replace":
		return parseReplace(f.Pattern, f.Content, g)
	case "Strip":
		return pure(func(s string) string {
			if f.StripLeft {
				s = strings.TrimLeftFunc(s, unicode.IsSpace)
			}
			if f.StripRight {
				s = strings.TrimRightFunc(s, unicode.IsSpace)
			}
			return s
		}), nil
	case "ByteLevel":
		return pure(byteText), g.by(2)
	case "Precompiled":
		m, err := newCharsmap(f.Charsmap)
		if err != nil {
			return nil, err
		}
		return m.normalize, g.by(maxExpansion)
	case "BertNormalizer":
		return bertNormalizer(f), g.by(3)
	}
	if n := plainNormalizer(f.Type); n != nil {
		return pure(n), nil
	}
	return nil, fmt.Errorf("type %s is not read", f.Type)
}

// pure makes a normalizer of a function that cannot fail.
func pure(f func(string) string) normalizer {
	return func(s string) (string, error) { return f(s), nil }
}

func parseNormalizers(raw []jsontext.Value, depth int, g *growth) (normalizer, error) {
	var all []normalizer
	for _, r := range raw {
		n, err := parseNormalizer(r, depth+1, g)
		if err != nil {
			return nil, err
		}
		if n != nil {
			all = append(all, n)
		}
	}
	return func(s string) (string, error) {
		var err error
		for _, n := range all {
			if s, err = n(s); err != nil {
				return "", err
			}
		}
		return s, nil
	}, nil
}

func parseReplace(p pattern, content string, g *growth) (normalizer, error) {
	var cut cutter
	switch {
	case p.String != nil && *p.String != "":
		if err := g.by((len(content) + len(*p.String) - 1) / len(*p.String)); err != nil {
			return nil, err
		}
		return pure(func(s string) string { return strings.ReplaceAll(s, *p.String, content) }), nil
	case p.Regex != nil:
		e, err := onig.Compile(*p.Regex)
		if err != nil {
			return nil, err
		}
		if err := g.by(len(content) + 1); err != nil {
			return nil, err
		}
		cut = e.Pieces
	default:
		return nil, errors.New("a replacement without its pattern")
	}
	return func(s string) (string, error) {
		var out strings.Builder
		err := cut(s, func(stretch string, match bool) {
			if match {
				stretch = content
			}
			out.WriteString(stretch)
		})
		return out.String(), err
	}, nil
}
