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
		if value := m.EnvConfig[name]; value != "" && (secret.Name(name) || secret.Value(value)) {
			return "env_config." + name
		}
	}
	for _, section := range []struct {
		name   string
		values map[string]any
	}{{"engine_config", m.EngineConfig}, {"harness_config", m.HarnessConfig}, {"sampling_config", m.SamplingConfig}} {
		for _, key := range slices.Sorted(maps.Keys(section.values)) {
			text, isText := section.values[key].(string)
			if isText && text != "" && secret.Name(key) {
				return section.name + "." + key
			}
			if below, found := credentialIn(section.values[key]); found {
				return section.name + "." + key + below
			}
		}
	}
	return ""
}

func credentialIn(v any) (below string, found bool) {
	switch v := v.(type) {
	case string:
		return "", secret.Value(v)
	case []any:
		for i, item := range v {
			if below, found := credentialIn(item); found {
				return "[" + strconv.Itoa(i) + "]" + below, true
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if below, found := credentialIn(v[key]); found {
				return "." + key + below, true
			}
		}
	}
	return "", false
}
