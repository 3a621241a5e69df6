package check

import (
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/diag/secret"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

// IsSecret reports whether a key's text looks like a credential, by the key's
// name or by its own form: no output may show it.
func IsSecret(name, value string) bool {
	return value != "" && (secret.Name(name) && !switchWords[strings.ToLower(value)] || secret.Value(value))
}

// switchWords are no credentials, whatever the name of what they turn on
// (SGLANG_USE_AITER_FP8_PER_TOKEN).
var switchWords = map[string]bool{"0": true, "1": true, "true": true, "false": true, "yes": true, "no": true}

// IsSecretWithin is IsSecret for a key of a map that is a value.
func IsSecretWithin(name, value string) bool {
	return value != "" && (secret.Within(name) || secret.Value(value))
}

// Credentials are the places and texts of what looks like one, in every layer of
// a configuration. The zero value is none.
type Credentials struct {
	lines map[diag.Pos]bool // without columns
	texts []string
}

// credentials refuses values that look like credentials, wherever they stand:
// nothing of them may enter a manifest, a log or a report.
func (c *checker) credentials() Credentials {
	s := Credentials{lines: map[diag.Pos]bool{}}
	c.walkCredentials(c.tree, 0, &s)
	if len(s.texts) > 0 {
		s.sort()
		s.again(c.tree) // what an alias brings in stands elsewhere too
	}
	return s
}

// named is how deep keys stand whose names count in full: below that they are the
// engine's own words, such as those of a model's configuration.
const named = 2

func (c *checker) walkCredentials(t *merge.Tree, depth int, s *Credentials) {
	for _, f := range t.Fields {
		c.walkCredentials(f, depth+1, s)
	}
	is := IsSecret
	if depth > named {
		is = IsSecretWithin
	}
	secretKey := secret.Value(t.Key)
	for i, setting := range t.Chain {
		if secretKey {
			s.text(t.Key)
			s.lines[lineOf(setting.KeyPos)] = true
		}
		if !s.look(is, t.Key, setting.KeyPos, setting.Node) && !secretKey || i < len(t.Chain)-1 || len(t.Fields) > 0 {
			continue
		}
		c.add(diag.Diagnostic{
			Pos: setting.KeyPos, Severity: diag.Error, Code: "credential", Key: t.Path,
			Message: secret.Hide(t.Key) + " looks like a credential: manifests, logs and reports are shared, a secret has no place in them",
			Hint:    "take it out here and set it in the environment that mlrun is started in, which the engine inherits",
			Private: true,
		})
	}
}

// lineOf is a place without its column.
func lineOf(p diag.Pos) diag.Pos { return diag.Pos{File: p.File, Line: p.Line} }

// look notes what looks like a credential in a value, and reports whether there
// is any.
func (s *Credentials) look(is func(name, value string) bool, name string, key diag.Pos, n *source.Node) bool {
	if n == nil {
		return false
	}
	found := false
	for _, f := range n.Fields {
		found = s.look(IsSecretWithin, f.Key, f.KeyPos, f.Value) || found
	}
	for _, item := range n.Items {
		found = s.look(is, name, item.Pos, item) || found
	}
	if n.Kind == source.String && !strings.Contains(n.Str, "${") && is(name, n.Str) {
		found = true
		s.text(n.Str)
		for _, p := range []diag.Pos{key, n.Pos} {
			s.lines[lineOf(p)] = true
		}
	}
	return found
}

// text notes a text that is or holds a credential, line by line, and what it may
// look like in a message: the credential in it alone.
func (s *Credentials) text(text string) {
	s.texts = append(s.texts, secret.In(text)...)
	for line := range strings.Lines(text) {
		s.texts = append(s.texts, strings.TrimSpace(line))
	}
}

// CredentialsOf are those of one file's text, which is not checked.
func CredentialsOf(root *source.Node) Credentials {
	s := Credentials{lines: map[diag.Pos]bool{}}
	for _, section := range root.Fields {
		s.look(IsSecret, section.Key, section.KeyPos, &source.Node{Kind: section.Value.Kind, Str: section.Value.Str, Items: section.Value.Items, Pos: section.Value.Pos})
		for _, f := range section.Value.Fields {
			s.look(IsSecret, f.Key, f.KeyPos, f.Value)
			if n := root.Lookup(strings.Split(referred(f.Value), ".")...); n != nil && n.Kind == source.String && IsSecret(f.Key, n.Str) {
				s.text(n.Str)
			}
		}
	}
	s.sort()
	return s
}

// referred is the path of a value that is an interpolation alone, ${path}.
func referred(n *source.Node) string {
	path, ok := strings.CutPrefix(n.Str, "${")
	if path, ends := strings.CutSuffix(path, "}"); ok && ends {
		return path
	}
	return ""
}

// sort puts the longest text first, which may hold others.
func (s *Credentials) sort() {
	slices.SortFunc(s.texts, func(a, b string) int { return len(b) - len(a) })
}

// ShownFile is the text of a file without its credentials, those of its comments
// among them; empty where one of them stands in it in another form, so that
// nothing can be shown.
func (s *Credentials) ShownFile(text string) string {
	for _, hidden := range s.texts {
		if !strings.Contains(text, hidden) {
			return ""
		}
	}
	var out strings.Builder
	for line := range strings.Lines(s.Shown(text)) {
		code, comment := line, ""
		if i := strings.IndexByte(line, '#'); i >= 0 {
			code, comment = line[:i], line[i:]
		}
		out.WriteString(secret.Hide(code) + secret.HideLine(comment))
	}
	return out.String()
}

// again notes the lines of every other text that holds a credential.
func (s *Credentials) again(t *merge.Tree) {
	for _, f := range t.Fields {
		s.again(f)
	}
	for _, setting := range t.Chain {
		if n := setting.Node; n != nil && n.Kind == source.String && s.Shown(n.Str) != n.Str {
			s.lines[lineOf(n.Pos)] = true
		}
	}
}

// shortestHidden is the length of a text from which on it is taken out of
// messages: shorter ones would blot out half a word.
const shortestHidden = 4

// Shown is a text without the credentials.
func (s *Credentials) Shown(text string) string {
	for _, hidden := range s.texts {
		if len(hidden) >= shortestHidden {
			text = strings.ReplaceAll(text, hidden, secret.Mask)
		}
	}
	return text
}

// Hide takes the credentials out of findings about anything: their lines are not
// shown and their texts not quoted.
func (s *Credentials) Hide(found diag.List) {
	if len(s.texts) == 0 {
		return
	}
	for i := range found {
		d := &found[i]
		d.Private = d.Private || s.lines[lineOf(d.Pos)]
		if d.Code == "credential" {
			continue
		}
		d.Message, d.Hint, d.Suggestion = s.Shown(d.Message), s.Shown(d.Hint), s.Shown(d.Suggestion)
	}
}
