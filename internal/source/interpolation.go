package source

import "strings"

// interpolationFault tells what is surely wrong with the interpolations of a
// text, empty if nothing is: one that is not closed, or names nothing. OmegaConf
// refuses those when it reads a file. What they name is found out elsewhere.
func interpolationFault(s string) string {
	for {
		at := strings.Index(s, "${")
		if at < 0 {
			return ""
		}
		escaped := (at-len(strings.TrimRight(s[:at], `\`)))%2 == 1
		s = s[at+2:]
		if escaped {
			continue
		}
		end := interpolationEnd(s)
		if end < 0 {
			return "an interpolation ${ is not closed"
		}
		if name := strings.TrimSpace(s[:end]); strings.Trim(name, ".") == "" || name[0] == ':' {
			return "an interpolation ${} names nothing"
		}
		s = s[end+1:]
	}
}

// interpolationEnd is the offset of the brace that closes an interpolation, -1
// if none does. Inner interpolations and maps have braces of their own; those in the
// quotes of an argument do not count.
func interpolationEnd(s string) int {
	depth, arguments := 1, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == ':':
			arguments = true
		case arguments && (c == '"' || c == '\''):
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return -1
			}
			i += n + 1
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
