package manifest

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// again is a manifest as it is read back from both forms.
func again(t *testing.T, m *Manifest) (*Manifest, error) {
	t.Helper()
	var back *Manifest
	for _, encode := range []func() ([]byte, error){m.JSON, m.YAML} {
		text, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err = Decode("m.yaml", text); err != nil {
			return nil, err
		}
	}
	return back, nil
}

// A manifest that was changed and sealed again is refused where its sections say
// something else than its roles.
func TestAgree(t *testing.T) {
	role := func(m *Manifest) *Role { return &m.Roles[0] }
	for name, c := range map[string]struct {
		change func(*Manifest)
		want   string // empty: it is taken
	}{
		"as compiled": {func(*Manifest) {}, ""},
		"a number":    {func(m *Manifest) { role(m).Arguments[1].Words[1] = "0.5" }, `engine_config.gpu_memory_utilization has 0.98, which is not in the words of the role that say it: ["--gpu-memory-utilization" "0.5"]`},
		"part of one": {func(m *Manifest) { role(m).Arguments[1].Words[1] = "0.981" }, "engine_config.gpu_memory_utilization has 0.98,"},
		"tied":        {func(m *Manifest) { role(m).Arguments[3].Words[0] = "--swap-space=1" }, "engine_config.swap_space has 0,"},
		"a path":      {func(m *Manifest) { role(m).Arguments[0].Words[0] = "{path:/model/other}" }, "engine_config.model has /model/llama2-70b-chat-hf/fp8_quantized,"},
		"not said":    {func(m *Manifest) { role(m).Arguments = slices.Delete(role(m).Arguments, 2, 3) }, "engine_config.seed has 123456789012345678901234567890,"},
		"of another":  {func(m *Manifest) { role(m).Arguments[2].Key = "seeds" }, "engine_config.seed has 123456789012345678901234567890,"},
		"in a file": {func(m *Manifest) {
			role(m).Arguments, role(m).Files = slices.Delete(role(m).Arguments, 2, 3), []File{{Name: "a.yaml", Text: "x"}}
		}, ""},
		"under a circumstance": {func(m *Manifest) { role(m).Arguments[1].When, role(m).Arguments[1].Words[1] = "nodes", "0.5" }, ""},
		"a port": {func(m *Manifest) {
			m.EngineConfig["port"] = int64(8000)
			role(m).Spelled, _ = m.EngineDigest()
		}, ""},
		"a list": {func(m *Manifest) {
			role(m).Arguments = append(role(m).Arguments, Argument{Key: "lists", Words: []string{"--lists", `[[1,[]],{"a":1,"b":["x"]},"- dash",null]`}})
		}, ""},
		"another list": {func(m *Manifest) {
			role(m).Arguments = append(role(m).Arguments, Argument{Key: "lists", Words: []string{"--lists", `[[1,[]],{"a":1,"b":["x"]},"- dish",null]`}})
		}, "engine_config.lists has - dash,"},
		"a map": {func(m *Manifest) {
			m.EngineConfig["hf_overrides"] = map[string]any{"a": "{x", "b": 2.0, "path": "/p", "quoted": `"`}
			role(m).Spelled, _ = m.EngineDigest()
			role(m).Arguments = append(role(m).Arguments, Argument{Key: "hf_overrides", Words: []string{"--hf-overrides", `{"a":"{brace}x","b":2,"path":"{path:/p}","quoted":"\""}`}})
		}, ""},
		"engine_config": {func(m *Manifest) { m.EngineConfig["swap_space"] = int64(1) }, "engine_config is not what the roles were spelled from"},
		"env_config":    {func(m *Manifest) { m.EnvConfig["FLAG"] = "False" }, "env_config is not the environment of the role"},
		"device_count":  {func(m *Manifest) { m.HarnessConfig["device_count"] = int64(6) }, "harness_config.device_count is 6, the role has 4 replicas of 2 devices"},
		"replicas":      {func(m *Manifest) { role(m).Replicas = 3 }, "harness_config.device_count is 8, the role has 3 replicas of 2 devices"},
		"no count":      {func(m *Manifest) { delete(m.HarnessConfig, "device_count"); role(m).Replicas = 3 }, ""},
		"the most": {func(m *Manifest) {
			m.HarnessConfig["device_count"] = int64(1 << 16)
			role(m).Replicas, role(m).Devices = 1<<8, 1<<8
		}, ""},
		"the most of one": {func(m *Manifest) {
			m.HarnessConfig["device_count"] = int64(1 << 16)
			role(m).Replicas, role(m).Devices = 1, 1<<16
		}, ""},
		"more than most": {func(m *Manifest) { role(m).Devices = 1<<16 + 1 }, "devices is 65537, legal is 1 to 65536"},
		// Several roles share the sections: what each has of them cannot be seen.
		"two roles": {func(m *Manifest) {
			second := m.Roles[0]
			second.Environment = map[string]string{"OTHER": "1"}
			second.Devices = 1
			m.Roles = append(m.Roles, second)
		}, ""},
		"two roles, one of another config": {func(m *Manifest) {
			second := m.Roles[0]
			second.Spelled = Digest(nil)
			m.Roles = append(m.Roles, second)
		}, "engine_config is not what"},
	} {
		m := example()
		c.change(m)
		_, err := again(t, m)
		var bad *Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &bad) || !strings.Contains(bad.Msg, c.want) || bad.Hint != hintRecompile || bad.Line == 0) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// What stands in few manifests is read back as it was.
func TestReadBack(t *testing.T) {
	m := example()
	m.Engine.Fork, m.EngineVersion, m.Machine, m.Variant = "site", "async", "", ""
	m.Data = Data{}
	m.Roles[0].Files = []File{{Name: "options.yaml", Text: "a: {port}\n"}, {Name: "2.txt"}}
	m.Roles[0].Companion = nil
	back, err := again(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if back.Engine != m.Engine || back.Engine.String() != "vllm 0.9.2+site" || back.EngineVersion != "async" || back.Machine != "" {
		t.Errorf("%+v", back)
	}
	if back.Data.Samples != 0 || back.Data.Digest != "" || back.Data.Columns != nil {
		t.Errorf("%+v", back.Data)
	}
	if f := back.Roles[0].Files; len(f) != 2 || f[0] != m.Roles[0].Files[0] || f[1] != m.Roles[0].Files[1] || back.Roles[0].Companion != nil {
		t.Errorf("%+v", back.Roles[0])
	}
	if got := example().Engine.String(); got != "vllm 0.9.2" {
		t.Error(got)
	}
	for count, want := range map[int]string{0: "the manifest has 0 roles", 1: "", 2: "the manifest has 2 roles; engines of one are executed"} {
		m.Roles = make([]Role, count)
		for i := range m.Roles {
			m.Roles[i].Name = "serve"
		}
		role, err := m.Serving()
		if want == "" && (err != nil || role.Name != "serve") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d roles: %+v, %v", count, role, err)
		}
	}
	if f, err := NewFile("a.yaml", map[string]any{"b": int64(1), "a": nil}); err != nil || f != (File{"a.yaml", "a: null\nb: 1\n"}) {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := NewFile("a.yaml", nil); err != nil || f.Text != "{}\n" {
		t.Errorf("%+v, %v", f, err)
	}
}
