// Package secret knows what looks like a credential, by a name or by its own
// form, and takes it out of texts that are shown: messages, excerpts, logs.
package secret

import (
	"net/url"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// prefixes start the credentials of common services.
var prefixes = []string{"hf_", "sk-", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "AKIA", "ASIA", "AIza", "xoxb-", "xoxp-", "nvapi-", "dckr_pat_", "pypi-"}

// Value reports whether a text is a credential by its own form, or holds one: in
// a URL (https://user:secret@host, https://host/x?token=secret), in a header
// (Authorization: Bearer secret), or behind a name ({"api_key": "secret"}).
func Value(s string) bool {
	if len(s) >= 20 && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) }) && !strings.ContainsAny(s, " /.") {
		return true
	}
	return !isPlain(s) && (len(places(s)) > 0 || len(settings(s, Within, anyForm)) > 0)
}

// isPlain reports whether a text is a name, a number or a path: nothing stands behind anything in it.
func isPlain(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case ':', '?', '=', ' ', '\t':
			return false
		case 'e':
			if strings.HasPrefix(s[i:], "eyJ") {
				return false
			}
		}
	}
	return true
}

// In returns the credentials that a text holds by Value's rules.
func In(s string) []string {
	var all []string
	for _, found := range [][]int{places(s), settings(s, Within, anyForm)} {
		for i := 0; i < len(found); i += 2 {
			all = append(all, s[found[i]:found[i+1]])
		}
	}
	return all
}

// Mask stands for a credential.
const Mask = "***"

// Hide returns s with every credential that shows by its form replaced by Mask.
func Hide(s string) string {
	for range 4 { // what stands behind a credential may be one only now
		hidden := cut(s, places(s))
		hidden = cut(hidden, settings(hidden, Within, unmistakable))
		if hasPrefix(hidden) {
			hidden = token.ReplaceAllString(hidden, Mask)
		}
		if hidden == s {
			break
		}
		s = hidden
	}
	return s
}

// anchors are the bytes of which each prefix has one: few texts have many of them.
const anchors = "_-A"

// hasPrefix reports whether a prefix stands anywhere in a text.
func hasPrefix(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(anchors, s[i]) < 0 {
			continue
		}
		for _, p := range prefixes {
			if at := strings.IndexByte(p, s[i]); at >= 0 && i >= at && strings.HasPrefix(s[i-at:], p) {
				return true
			}
		}
	}
	return false
}

// HideLine is Hide for a line of a file, in which a name says what its value is.
func HideLine(line string) string {
	line = Hide(line)
	return cut(line, settings(line, Name, anyForm))
}

// Line reports whether a source line shows a credential, by its form or behind
// a name that says so.
func Line(line string) bool { return HideLine(line) != line }

// cut replaces places, begin and end in turns, in order.
func cut(s string, places []int) string {
	for i := len(places) - 2; i >= 0; i -= 2 {
		s = s[:places[i]] + Mask + s[places[i+1]:]
	}
	return s
}

// URL is an address for messages: without credentials, whatever is wrong with it.
func URL(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.User != nil {
		u.User = url.User(Mask)
		raw = strings.Replace(u.String(), url.User(Mask).String()+"@", Mask+"@", 1)
	}
	return Hide(raw)
}

// The patterns are compiled when a text makes them needed.
var (
	// token finds the credentials of common services within a text.
	token = lazyregexp.New(`\b(?:hf_|sk-|gh[pos]_|github_pat_|glpat-|AKIA|ASIA|AIza|xox[bp]-|nvapi-|dckr_pat_|pypi-)[A-Za-z0-9_-]{12,}`)
	// userinfo finds what may be one in a URL: what stands between :// and the last
	// @ of a word. A secret may hold slashes, as those of S3 do.
	userinfo = lazyregexp.New(`[A-Za-z][A-Za-z0-9+.-]*://([^\s"'<>@]*(?:@[^\s"'<>@]*)*)@`)
	port     = lazyregexp.New(`^\d*(?:/|$)`)
	// parameter finds the parameters of a URL.
	parameter = lazyregexp.New(`[?&]([A-Za-z0-9_.-]+)=([^&#\s"'<>]+)`)
	// header finds what servers are told to let somebody in.
	header = lazyregexp.New(`(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})`)
	// web finds JSON Web Tokens.
	web = lazyregexp.New(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	// private finds the body of a key in PEM.
	private = lazyregexp.New(`-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]*)`)
	// setting finds a name and what stands between it and its value in a line of
	// YAML, of JSON, of a shell, of an override or of a header.
	setting = lazyregexp.New(`([A-Za-z_][A-Za-z0-9_-]*)(["']?\s*[:=]\s*["']?)`)
)

// places are where credentials stand that show by their form, begin and end in
// turns, in order and without overlap.
func places(s string) []int {
	var all []int
	add := func(from, to int) {
		if from < to && s[from:to] != Mask {
			all = append(all, from, to)
		}
	}
	if strings.Contains(s, "://") {
		for _, m := range userinfo.FindAllStringSubmatchIndex(s, -1) {
			if lets(s[m[2]:m[3]], s[m[1]:]) {
				add(m[2], m[3])
			}
		}
	}
	if strings.Contains(s, "?") {
		for _, m := range parameter.FindAllStringSubmatchIndex(s, -1) {
			if query(s[m[2]:m[3]]) && !strings.HasPrefix(s[m[4]:], "${") {
				add(m[4], m[5])
			}
		}
	}
	if mentions(s, schemes) && strings.ContainsAny(s, " \t") {
		for _, m := range header.FindAllStringSubmatchIndex(s, -1) {
			if word := s[m[2]:m[3]]; strings.ContainsAny(word, "0123456789") || len(word) >= 20 {
				add(m[2], m[3])
			}
		}
	}
	if strings.Contains(s, "eyJ") {
		for _, m := range web.FindAllStringIndex(s, -1) {
			add(m[0], m[1])
		}
	}
	if strings.Contains(s, "PRIVATE KEY") {
		for _, m := range private.FindAllStringSubmatchIndex(s, -1) {
			add(m[2], m[3])
		}
	}
	return apart(all)
}

// apart sorts places and leaves out those that begin within one before.
func apart(all []int) []int {
	if len(all) <= 2 {
		return all
	}
	type span struct{ from, to int }
	var spans []span
	for i := 0; i < len(all); i += 2 {
		spans = append(spans, span{all[i], all[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	all = all[:0]
	for _, sp := range spans {
		if n := len(all); n == 0 || sp.from >= all[n-1] {
			all = append(all, sp.from, sp.to)
		}
	}
	return all
}

// lets reports whether the user of a URL, before what follows the @, is or has a
// credential.
func lets(info, rest string) bool {
	user, password, both := strings.Cut(info, ":")
	switch {
	case strings.Contains(user, "/"): // the host has ended before
		return false
	case both && port.MatchString(password) && strings.Contains(info, "/"): // host:8000/path@version
		return false
	case strings.HasPrefix(rest, "sha256:"): // an image by its digest
		return false
	case both:
		return password != "" && password != Mask
	}
	return len(user) >= 20 // a token instead of the user
}

// anyForm and unmistakable are the forms of a setting, by what stands before and
// in its value: name: value is also how messages speak of a key.
func anyForm(_, _ string) bool { return true }

func unmistakable(between, value string) bool {
	quoted := strings.ContainsAny(between[:1], `"'`) && (strings.ContainsAny(between[len(between)-1:], `"'`) || strings.HasPrefix(value, "["))
	return quoted || strings.Contains(between, "=")
}

// settings are the places of values behind names that say so.
func settings(s string, says func(name string) bool, form func(between, value string) bool) []int {
	if !strings.ContainsAny(s, ":=") || !mentions(s, stems) {
		return nil
	}
	var all []int
	end := 0 // of the last value
	for _, m := range setting.FindAllStringSubmatchIndex(s, -1) {
		if m[0] < end || !says(s[m[2]:m[3]]) {
			continue
		}
		value := valueAt(s[m[1]:])
		if form(s[m[4]:m[5]], value) && !slices.Contains(noValue, value) && !strings.HasPrefix(value, "${") {
			end = m[1] + len(value)
			all = append(all, m[1], end)
		}
	}
	return all
}

// valueAt is the value at the beginning of a text: up to a quote, a comment or
// the end of the line, and of a list up to its end.
func valueAt(s string) string {
	if list := strings.IndexByte(s, ']'); list > 0 && s[0] == '[' {
		return s[:list+1]
	}
	if end := strings.IndexAny(s, "\"'#\n"); end >= 0 {
		s = s[:end]
	}
	return strings.TrimRight(s, " \t\r,;}")
}

// noValue are what stands behind a name and is no credential.
var noValue = []string{"", "null", "None", "true", "false", "{", "[", "[]", Mask}
