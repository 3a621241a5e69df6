package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/python"
)

// said says where a role's words are none of engine_config: a text or a number that
// the words of its key do not have, or that no word says. Booleans and what stands in
// a file are left out: how a release spells them is not known without its schema. Nor
// are words of keys that are not set: an engine is given some of its own, and where it
// listens is its runner's to say.
func (m *Manifest) said(r *Role) error {
	b, _ := backend.Of(m.Backend)
	for _, key := range slices.Sorted(maps.Keys(m.EngineConfig)) {
		var said []string
		always := true
		for _, a := range r.Arguments {
			if a.Key == key {
				said, always = append(said, a.Words...), always && a.When == ""
			}
		}
		value := m.EngineConfig[key]
		want := texts(value)
		if len(want) == 0 || !always || slices.Contains(b.ListenKeys, key) || said == nil && (len(r.Files) > 0 || !isScalar(value)) {
			continue
		}
		words := plainWords(said)
		for _, text := range want {
			has := func(w string) bool { return w == text || strings.HasSuffix(w, "="+text) }
			if !isScalar(value) {
				has = func(w string) bool { return strings.Contains(w, text) }
			}
			if !slices.ContainsFunc(words, has) {
				return fmt.Errorf("engine_config.%s has %s, which is not in the words of the role that say it: %q", key, text, said)
			}
		}
	}
	return nil
}

// plainWords are words with their paths as the configuration has them.
func plainWords(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		plain, err := Fill(w, func(p Place) (string, error) { return p.Arg, nil })
		if err != nil {
			plain = w
		}
		out[i] = plain
	}
	return out
}

func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// texts are the numbers and plain texts of a value, as a command line has them.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		if strings.ContainsAny(v, "\"\\\n\t") { // JSON writes it otherwise
			return nil
		}
		return []string{v}
	case float64:
		return []string{python.Float(v)}
	case []any:
		var out []string
		for _, e := range v {
			if _, float := e.(float64); !float { // JSON writes some of them otherwise
				out = append(out, texts(e)...)
			}
		}
		return out
	case map[string]any:
		return texts(slices.Collect(maps.Values(v)))
	case bool, nil:
		return nil
	}
	return []string{fmt.Sprint(v)}
}
