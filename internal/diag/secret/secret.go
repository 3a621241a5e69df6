// Package secret knows what looks like a credential, by a name or by its own
// form, and takes it out of texts that are shown: messages, excerpts, logs.
package secret

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// words are words of a name that mark its value as a credential.
var words = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS", "APIKEY"}

// keyWords are what a KEY is of that is a credential.
var keyWords = []string{"API", "ACCESS", "PRIVATE", "SECRET", "AUTH"}

// prefixes start the credentials of common services.
var prefixes = []string{"hf_", "sk-", "ghp_", "github_pat_", "glpat-", "AKIA", "xoxb-"}

// Name reports whether a key's or variable's name says that its value is a credential.
func Name(name string) bool {
	count, before := 0, ""
	for w := range strings.SplitSeq(name, "_") {
		if oneOf(words, w) || strings.EqualFold(w, "KEY") && oneOf(keyWords, before) {
			return true
		}
		count, before = count+1, w
	}
	return count > 1 && strings.EqualFold(before, "TOKEN")
}

// oneOf compares without regard to case.
func oneOf(words []string, w string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, w) })
}

// Value reports whether a text is a credential by its own form, or holds one in
// a URL (https://user:secret@host, s3://KEY:SECRET@bucket).
func Value(s string) bool {
	if len(s) >= 20 && !strings.ContainsAny(s, " /.") && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) }) {
		return true
	}
	return len(inURLs(s)) > 0
}

// token finds the credentials of common services within a text.
var token = regexp.MustCompile(`\b(?:hf_|sk-|ghp_|github_pat_|glpat-|AKIA|xoxb-)[A-Za-z0-9_-]{12,}`)

// userinfo finds what may be one in a URL: what stands between :// and the last @
// of a word. A secret may hold slashes, as those of S3 do.
var userinfo = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://([^\s"'<>@]*(?:@[^\s"'<>@]*)*)@`)

var port = regexp.MustCompile(`^\d*(?:/|$)`)

// inURLs are the places in s of credentials in URLs, begin and end in turns.
func inURLs(s string) (places []int) {
	if !strings.Contains(s, "://") {
		return nil
	}
	for _, m := range userinfo.FindAllStringSubmatchIndex(s, -1) {
		info := s[m[2]:m[3]]
		user, password, both := strings.Cut(info, ":")
		switch {
		case strings.Contains(user, "/"): // the host has ended before
			continue
		case both && port.MatchString(password) && strings.Contains(info, "/"): // host:8000/path@version
			continue
		case strings.HasPrefix(s[m[1]:], "sha256:"): // an image by its digest
			continue
		case both && password != "":
		case !both && len(user) >= 20: // a token instead of the user
		default:
			continue
		}
		places = append(places, m[2], m[3])
	}
	return places
}

// Mask stands for a credential.
const Mask = "***"

// Hide returns s with every credential that shows by its form replaced by Mask.
func Hide(s string) string {
	s = replace(s, inURLs(s))
	if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.Contains(s, p) }) {
		return s
	}
	return token.ReplaceAllString(s, Mask)
}

func replace(s string, places []int) string {
	for i := len(places) - 2; i >= 0; i -= 2 {
		s = s[:places[i]] + Mask + s[places[i+1]:]
	}
	return s
}

// setting finds a name and its value in a line of YAML, of a shell or of an override.
var setting = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)["']?\s*[:=]\s*["']?([^\s"'#][^"'#]*)`)

// Line reports whether a source line shows a credential, by its form or behind
// a name that says so.
func Line(line string) bool {
	if Hide(line) != line {
		return true
	}
	for _, m := range setting.FindAllStringSubmatch(line, -1) {
		if Name(m[1]) && !slices.Contains([]string{"null", "None", "true", "false", "{", "["}, strings.TrimSpace(m[2])) {
			return true
		}
	}
	return false
}

// URL is an address for messages: without credentials, whatever is wrong with it.
func URL(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.User != nil {
		u.User = url.User(Mask)
		return strings.Replace(u.String(), url.User(Mask).String()+"@", Mask+"@", 1)
	}
	return Hide(raw)
}
