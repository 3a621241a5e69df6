package merge

import (
	"strings"

	"mlcfg/internal/lazyregexp"
)

// part is a piece of a text: plain, or what stands in ${}.
type part struct {
	text string
	// inner are the parts of an interpolation's content, nil for plain text.
	inner []part
	// raw is the interpolation as written.
	raw string
}

// parse splits a text into parts. Backslashes count before ${ alone: each pair
// there is one, and an odd one makes ${ plain.
func parse(s string) ([]part, *fault) {
	parts, _, f := parseUntil(s, 0)
	return parts, f
}

// parseUntil reads parts up to the brace that closes an interpolation, and returns
// what stands behind it; at depth 0 up to the end.
func parseUntil(s string, depth int) (parts []part, rest string, f *fault) {
	if depth > maxDepth {
		return nil, "", faultf("", "interpolations nest deeper than %d levels", maxDepth)
	}
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, part{text: text.String()})
			text.Reset()
		}
	}
	for s != "" {
		slashes := len(s) - len(strings.TrimLeft(s, `\`))
		switch {
		case strings.HasPrefix(s[slashes:], "${"):
			text.WriteString(s[:slashes/2])
			s = s[slashes+2:]
			if slashes%2 == 1 {
				text.WriteString("${")
				continue
			}
			flush()
			before := s
			inner, rest, f := parseUntil(s, depth+1)
			if f != nil {
				return nil, "", f
			}
			if inner == nil {
				inner = []part{{}}
			}
			s = rest
			parts = append(parts, part{inner: inner, raw: "${" + before[:len(before)-len(rest)]})
		case slashes > 0:
			text.WriteString(s[:slashes])
			s = s[slashes:]
		case depth > 0 && s[0] == '}':
			flush()
			return parts, s[1:], nil
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	if depth > 0 {
		return nil, "", faultf(`an interpolation is ${section.key}; \${ is the plain text`, "an interpolation ${ is not closed")
	}
	flush()
	return parts, "", nil
}

// resolverForm is a call of a resolver: its name and a colon.
var resolverForm = lazyregexp.New(`^\s*([A-Za-z_][A-Za-z0-9_.]*)\s*:(.*)$`)

// keyForm is a path of keys.
var keyForm = lazyregexp.New(keyPattern)

const keyPattern = `^(\.*)([^\\{}()\[\]:.\s'"]+|\[[^\\{}()\[\]:.\s'"]+\])(\.[^\\{}()\[\]:.\s'"]+|\[[^\\{}()\[\]:.\s'"]+\])*$`

// keyForm24 is keyForm with what 2.4 lets a backslash escape.
var keyForm24 = lazyregexp.New(strings.ReplaceAll(keyPattern, `[^\\{}()\[\]:.\s'"]+`, `(?:[^\\{}()\[\]:.\s'"]|\\[\\.\[\]:=])+`))

// indexForm is a text that Python's int() takes.
var indexForm = lazyregexp.New(`^[-+]?[0-9]+(_[0-9]+)*$`)

// steps splits a key's path: how many dots lead it, and its steps. A backslash makes what
// follows a part of a step.
func steps(key string) (dots int, path []string) {
	rest := strings.TrimLeft(key, ".")
	dots = len(key) - len(rest)
	var step strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest):
			i++
			step.WriteByte(rest[i])
			continue
		case c != '.' && c != '[' && c != ']':
			step.WriteByte(c)
			continue
		}
		if step.Len() > 0 {
			path = append(path, step.String())
			step.Reset()
		}
	}
	if step.Len() > 0 {
		path = append(path, step.String())
	}
	return dots, path
}
