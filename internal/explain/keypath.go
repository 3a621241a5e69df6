package explain

import "strings"

// Match reports whether a pattern means a dotted path. A pattern is a path in
// which * stands for any text and ? for one character. It also means everything
// below what it names ("env_config" is the whole section), and a pattern
// without a dot means a key of that name in any section ("max_num_seqs",
// "max_*").
func Match(pattern, path string) bool {
	if glob(pattern, path) {
		return true
	}
	for i := range len(path) {
		if path[i] == '.' && glob(pattern, path[:i]) {
			return true
		}
	}
	if strings.Contains(pattern, ".") {
		return false
	}
	for step := range strings.SplitSeq(path, ".") {
		if glob(pattern, step) {
			return true
		}
	}
	return false
}

// Any reports whether one of several patterns means a path.
func Any(patterns []string, path string) bool {
	for _, p := range patterns {
		if Match(p, path) {
			return true
		}
	}
	return false
}

// IsPattern reports whether a text has any of the characters with a meaning.
func IsPattern(s string) bool { return strings.ContainsAny(s, "*?") }

// glob matches the whole of s in time linear in len(pattern) * len(s).
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, from := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
