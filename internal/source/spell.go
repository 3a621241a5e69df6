package source

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/python"
)

// Spell returns the canonical text of a scalar, one that readers of YAML 1.1 and of
// YAML 1.2 take for the same: null, true and false; integers in decimal or 0x;
// floats with a dot, and a sign in the exponent; text in quotes where either
// reader would take it for something else, else as the author quoted it.
func (n *Node) Spell() string {
	switch n.Kind {
	case Bool:
		return strconv.FormatBool(n.Bool)
	case Int:
		if plainInt.MatchString(n.Text) && !n.Quoted {
			return n.Text
		}
		return n.Int.String()
	case Float:
		return n.spellFloat()
	case String:
		return n.spellText()
	}
	return "null"
}

var (
	plainInt   = lazyregexp.New(`^[-+]?(0|[1-9][0-9]*|0x[0-9a-fA-F]+)$`)
	plainFloat = lazyregexp.New(`^([-+]?[0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)
	// bareExponent is a float that YAML 1.1 takes for text.
	bareExponent = lazyregexp.New(`^([-+]?[0-9]+)(\.[0-9]*)?[eE]([-+]?)([0-9]+)$`)
)

func (n *Node) spellFloat() string {
	switch {
	case n.Quoted:
	case plainFloat.MatchString(n.Text):
		return n.Text
	default:
		if m := bareExponent.FindStringSubmatch(n.Text); m != nil {
			fraction, sign := m[2], m[3]
			if len(fraction) < 2 {
				fraction = ".0"
			}
			if sign == "" {
				sign = "+"
			}
			return m[1] + fraction + "e" + sign + m[4]
		}
	}
	return python.YAMLFloat(n.Float)
}

func (n *Node) spellText() string {
	switch {
	case !n.Quoted && !otherwise(n.Str) && !strings.Contains(n.Str, "\n"):
		return n.Str
	case n.single && strings.ContainsAny(n.Str, `"\`) && strings.IndexFunc(n.Str, escaped) < 0:
		return "'" + strings.ReplaceAll(n.Str, "'", "''") + "'"
	}
	return quote(n.Str)
}

// SpellKey is Spell for a key. There y and n stay as they are: they are common
// names, and hardly a reader takes them for booleans.
func (n *Node) SpellKey() string {
	if n.Kind == String && !n.Quoted && boolElsewhere[n.Str] {
		return n.Str
	}
	return n.Spell()
}

// otherwise tells the texts without quotes that YAML 1.1 or 1.2 reads as
// something other than text, where the reader here does not.
func otherwise(s string) bool {
	return resolvePlain(s) != tagString || numberElsewhere.MatchString(s) || boolElsewhere[s] || s == "-" || s == "?"
}

var (
	// Numbers of YAML 1.2 (08, 0o17, -.5) and dates of YAML 1.1.
	numberElsewhere = lazyregexp.New(`^[-+]?([0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$` +
		`|^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$`)
	boolElsewhere = map[string]bool{"y": true, "Y": true, "n": true, "N": true}
)

// quote writes a text in double quotes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case !escaped(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// escaped tells the characters that are written as escapes: those that cannot be
// seen.
func escaped(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// Text makes a scalar of a text for a new entry, without quotes where it needs none.
func Text(s string) *Node {
	plain := plainText.MatchString(s) && !otherwise(s)
	return &Node{Kind: String, Str: s, Text: s, Quoted: !plain}
}

// plainText are texts that need no quotes wherever they stand.
var plainText = lazyregexp.New(`^[A-Za-z0-9_/][A-Za-z0-9_/.+-]*$`)

// Unquoted makes a scalar of a text as if it stood without quotes.
func Unquoted(s string) *Node { return &Node{Kind: String, Str: s, Text: s} }
