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
	return value != "" && (secret.Name(name) || secret.Value(value))
}

// credentials are the places and texts of what looks like one, in every layer of
// a configuration.
type credentials struct {
	lines map[diag.Pos]bool // without columns
	texts []string
}

// credentials refuses values that look like credentials, wherever they stand:
// nothing of them may enter a manifest, a log or a report.
func (c *checker) credentials() credentials {
	s := credentials{lines: map[diag.Pos]bool{}}
	c.walkCredentials(c.tree, 0, &s)
	return s
}

// named is how deep keys stand whose names count: below that they are the
// engine's own words, such as those of a model's configuration.
const named = 2

func (c *checker) walkCredentials(t *merge.Tree, depth int, s *credentials) {
	for _, f := range t.Fields {
		c.walkCredentials(f, depth+1, s)
	}
	name := t.Key
	if depth > named {
		name = ""
	}
	for i, setting := range t.Chain {
		if !s.look(name, setting.KeyPos, setting.Node) || i < len(t.Chain)-1 || len(t.Fields) > 0 {
			continue
		}
		c.add(diag.Diagnostic{
			Pos: setting.KeyPos, Severity: diag.Error, Code: "credential", Key: t.Path,
			Message: t.Key + " looks like a credential: manifests, logs and reports are shared, a secret has no place in them",
			Hint:    "take it out here and set it in the environment that mlrun is started in, which the engine inherits",
			Private: true,
		})
	}
}

// look notes what looks like a credential in a value, and reports whether there
// is any.
func (s *credentials) look(name string, key diag.Pos, n *source.Node) bool {
	if n == nil {
		return false
	}
	found := false
	for _, f := range n.Fields {
		found = s.look("", f.Value.Pos, f.Value) || found
	}
	for _, item := range n.Items {
		found = s.look(name, item.Pos, item) || found
	}
	if n.Kind == source.String && !strings.Contains(n.Str, "${") && IsSecret(name, n.Str) {
		found = true
		s.texts = append(s.texts, n.Str)
		for _, p := range []diag.Pos{key, n.Pos} {
			s.lines[diag.Pos{File: p.File, Line: p.Line}] = true
		}
	}
	return found
}

// shortestHidden is the length of a text from which on it is taken out of
// messages: shorter ones would blot out half a word.
const shortestHidden = 4

// hide takes the credentials out of findings about anything: their lines are not
// shown and their texts not quoted.
func (s *credentials) hide(found diag.List) {
	if len(s.texts) == 0 {
		return
	}
	slices.SortFunc(s.texts, func(a, b string) int { return len(b) - len(a) })
	for i := range found {
		d := &found[i]
		d.Private = d.Private || s.lines[diag.Pos{File: d.Pos.File, Line: d.Pos.Line}]
		for _, text := range s.texts {
			if len(text) < shortestHidden || d.Code == "credential" {
				continue
			}
			for _, to := range []*string{&d.Message, &d.Hint, &d.Suggestion} {
				*to = strings.ReplaceAll(*to, text, secret.Mask)
			}
		}
	}
}
