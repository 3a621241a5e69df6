package source

import (
	"fmt"
	"strings"
	"unicode"

	"mlcfg/internal/python"
)

// PyStr is the value as Python's str() writes it (True, None, 30.0, 1e-05, inf),
// which is the text that the environment of an engine has always been given.
func (n *Node) PyStr() string {
	if n != nil && n.Kind == String {
		return n.Str
	}
	var b strings.Builder
	n.pyRepr(&b)
	return b.String()
}

// pyRepr writes what Python's repr() does: as str(), but text in quotes.
func (n *Node) pyRepr(b *strings.Builder) {
	if n == nil {
		b.WriteString("None")
		return
	}
	switch n.Kind {
	case Bool:
		if n.Bool {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case Int:
		b.WriteString(n.Int.String())
	case Float:
		b.WriteString(python.Float(n.Float))
	case String:
		pyQuote(b, n.Str)
	case Map:
		b.WriteByte('{')
		for i, f := range n.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			if f.KeyKind == 0 {
				pyQuote(b, f.Key)
			} else {
				b.WriteString(f.Key)
			}
			b.WriteString(": ")
			f.Value.pyRepr(b)
		}
		b.WriteByte('}')
	case List:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.pyRepr(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString("None")
	}
}

// pyQuote writes Python's repr() of a text.
func pyQuote(b *strings.Builder, s string) {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
}
