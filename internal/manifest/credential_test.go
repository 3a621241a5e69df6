package manifest

import (
	"errors"
	"strings"
	"testing"
)

// A manifest with a digest that fits is refused where it holds a credential, and
// the message does not show it.
func TestCredential(t *testing.T) {
	for want, change := range map[string]func(*Manifest){
		"env_config.HF_TOKEN":   func(m *Manifest) { m.EnvConfig = map[string]string{"HF_TOKEN": "s3cret"} },
		"env_config.PROXY":      func(m *Manifest) { m.EnvConfig = map[string]string{"PROXY": "http://u:s3cret@h"} },
		"engine_config.api_key": func(m *Manifest) { m.EngineConfig["api_key"] = "s3cret" },
		"engine_config.speculative.model[1]": func(m *Manifest) {
			m.EngineConfig["speculative"] = map[string]any{"model": []any{"x", "s3://a:s3cret@b"}}
		},
		"engine_config.loader.hf_token": func(m *Manifest) { m.EngineConfig["loader"] = map[string]any{"hf_token": "s3cret"} },
		"engine_config.loader.a[0].clientSecret": func(m *Manifest) {
			m.EngineConfig["loader"] = map[string]any{"a": []any{map[string]any{"clientSecret": "s3cret"}}}
		},
		"engine_config.keys[0]":       func(m *Manifest) { m.EngineConfig["keys"] = []any{"https://h/?sig=s3cret"} },
		"engine_config.apiKey[0]":     func(m *Manifest) { m.EngineConfig["apiKey"] = []any{"s3cret"} },
		"engine_config.***":           func(m *Manifest) { m.EngineConfig["sk-s3cret0123456789abcdef"] = int64(1) },
		"env_config.***":              func(m *Manifest) { m.EnvConfig = map[string]string{"sk-s3cret0123456789abcdef": ""} },
		"env_config.HEADERS":          func(m *Manifest) { m.EnvConfig = map[string]string{"HEADERS": "Authorization: Bearer s3cret12"} },
		"harness_config.dataset_path": func(m *Manifest) { m.HarnessConfig["dataset_path"] = "https://u:s3cret@h/d" },
		"no": func(m *Manifest) {
			m.EnvConfig = map[string]string{"HF_TOKEN": "", "HF_HOME": "/hf"}
			m.EngineConfig["api_key"], m.EngineConfig["hf_token"] = "", false
			m.Roles[0].Arguments = append(m.Roles[0].Arguments, Argument{Key: "api_key", Words: []string{"--api-key", ""}})
		},
		"": func(m *Manifest) {
			m.EngineConfig["tokenizer"] = "https://host/tokenizer"
			m.Roles[0].Arguments = append(m.Roles[0].Arguments, Argument{Key: "tokenizer", Words: []string{"--tokenizer", "https://host/tokenizer"}})
		},
	} {
		m := example()
		change(m)
		m.Roles[0].Environment = m.EnvConfig
		m.Roles[0].Spelled, _ = m.EngineDigest()
		text, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode("m.yaml", text)
		var bad *Error
		if want == "" || want == "no" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.As(err, &bad) || !strings.HasPrefix(bad.Msg, want+" looks like a credential") || bad.Line == 0 || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
