package manifest

import (
	"maps"
	"slices"
	"strconv"

	"mlcfg/internal/diag/secret"
)

// credential returns the key of a value that looks like a credential, empty where
// there is none: the compiler lets none in, but a manifest can be edited.
func (m *Manifest) credential() string {
	for _, name := range slices.Sorted(maps.Keys(m.EnvConfig)) {
		if value := m.EnvConfig[name]; value != "" && (secret.Name(name) || secret.Value(value)) || secret.Value(name) {
			return "env_config." + secret.Hide(name)
		}
	}
	for _, section := range []struct {
		name   string
		values map[string]any
	}{{"engine_config", m.EngineConfig}, {"harness_config", m.HarnessConfig}, {"sampling_config", m.SamplingConfig}} {
		for _, key := range slices.Sorted(maps.Keys(section.values)) {
			if below, found := credentialIn(secret.Name, key, section.values[key]); found {
				return section.name + "." + secret.Hide(key) + below
			}
		}
	}
	return ""
}

// credentialIn finds a text in the value of a key that looks like a credential.
func credentialIn(says func(name string) bool, key string, v any) (below string, found bool) {
	switch v := v.(type) {
	case string:
		return "", v != "" && (says(key) || secret.Value(v))
	case []any:
		for i, item := range v {
			if below, found := credentialIn(says, key, item); found {
				return "[" + strconv.Itoa(i) + "]" + below, true
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if below, found := credentialIn(secret.Within, key, v[key]); found || secret.Value(key) {
				return "." + secret.Hide(key) + below, true
			}
		}
	}
	return "", secret.Value(key)
}
