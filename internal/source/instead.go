package source

import (
	"strings"

	"mlcfg/internal/diag"
)

// Instead is the part of a YAML text, as byte offsets, that a finding's suggestion takes the
// place of: the key or value at its position, or the whole entry where the suggestion is one
// (key: value). ok is false where the end of that part cannot be told from its line, as for a
// block scalar and a bracket that closes on another line.
func Instead(text string, at diag.Pos, suggestion string) (from, to int, ok bool) {
	lines := strings.SplitAfter(text, "\n")
	if at.Line < 1 || at.Line > len(lines) || suggestion == "" {
		return 0, 0, false
	}
	start := 0
	for _, line := range lines[:at.Line-1] {
		start += len(line)
	}
	line := strings.TrimRight(lines[at.Line-1], "\r\n")
	runes := []rune(line)
	if at.Column < 1 || at.Column > len(runes) {
		return 0, 0, false
	}
	column := len(string(runes[:at.Column-1]))
	before, rest := line[:column], line[column:]
	switch {
	case strings.Contains(suggestion, ": ") && suggestion[0] != '{' && suggestion[0] != '"':
		return start + entryStart(before), start + entryEnd(line, before), true
	case strings.HasPrefix(rest, "- "):
		return start + column, start + column + len(rest) + listLines(lines[at.Line:], column), true
	case rest[0] == '|' || rest[0] == '>':
		return 0, 0, false
	}
	n := wordEnd(rest, before)
	return start + column, start + column + n, n > 0
}

// entryStart is where the entry begins that stands at the end of before: behind the last
// bracket or comma of a flow map, else behind the indentation.
func entryStart(before string) int {
	if open := strings.LastIndexAny(before, "{,"); open >= 0 {
		return open + 1 + len(before[open+1:]) - len(strings.TrimLeft(before[open+1:], " "))
	}
	return len(before) - len(strings.TrimLeft(before, " "))
}

// entryEnd is where that entry ends: before the next comma or bracket of a flow map, else at
// the comment or the end of the line.
func entryEnd(line, before string) int {
	if strings.ContainsAny(before, "{") || strings.HasPrefix(strings.TrimSpace(line[len(before):]), "{") {
		if end := strings.IndexAny(line[len(before):], ",}"); end >= 0 {
			return len(before) + end
		}
	}
	return len(before) + plainEnd(line[len(before):])
}

// listLines is the length of the lines that go on with a list by indentation, without the
// last line's end.
func listLines(lines []string, column int) (n int) {
	length := 0
	for _, line := range lines {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		blank := strings.TrimSpace(text) == ""
		if !blank && (indent < column || indent == column && !strings.HasPrefix(text, "- ")) {
			break
		}
		length += len(line)
		if !blank {
			n = length - len(line) + len(strings.TrimRight(line, "\r\n")) + 1
		}
	}
	return n
}

// wordEnd is the length of the key or value at the head of s, which is not empty and stands
// after before in its line; 0 where it does not end there.
func wordEnd(s, before string) int {
	if q := s[0]; q == '"' || q == '\'' {
		for i := 1; i < len(s); i++ {
			switch {
			case q == '"' && s[i] == '\\':
				i++
			case s[i] == q:
				return i + 1
			}
		}
		return 0
	}
	if s[0] == '{' || s[0] == '[' {
		return closing(s)
	}
	last := strings.TrimRight(before, " ")
	if !strings.Contains(before, ":") || strings.HasSuffix(last, "{") || strings.HasSuffix(last, ",") {
		if colon := strings.IndexByte(s, ':'); colon >= 0 {
			return colon
		}
	}
	if strings.ContainsAny(before, "[{") {
		if end := strings.IndexAny(s, ",]}"); end >= 0 {
			return end
		}
	}
	return plainEnd(s)
}

// closing is the length of s up to the bracket that closes its first, 0 where none does.
func closing(s string) int {
	depth, quote := 0, byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// plainEnd is the length of s without its comment and the blanks before it.
func plainEnd(s string) int {
	if comment := strings.Index(s, " #"); comment >= 0 {
		s = s[:comment]
	}
	return len(strings.TrimRight(s, " \t"))
}
