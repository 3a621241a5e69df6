package schema

import "testing"

func TestSharedChecks(t *testing.T) {
	tests := []struct {
		section, key string
		value        any
		code         string
	}{
		{"config", "scenario", "server", ""},
		{"config", "scenario", "Server", NotInEnum},
		{"config", "engine_version", nil, ""},
		{"config", "env_config", map[string]any{"A": 1.5, "B": nil}, ""},
		{"config", "env_config", map[string]any{"A": []any{}}, WrongType},
		{"harness_config", "target_qps", int64(-1), ""},
		{"harness_config", "target_qps", -1.0, ""},
		{"harness_config", "target_qps", 83.5, ""},
		{"harness_config", "target_qps", int64(-2), ""},
		{"harness_config", "total_sample_count", int64(0), OutOfRange},
		{"harness_config", "device_count", int64(0), OutOfRange},
		{"harness_config", "enable_warmup", "Flase", WrongType},
		{"harness_config", "schedule_algo", "shortest_queue_with_token", NotInEnum},
		{"sorting", "strategy", "bucket", NotInEnum},
		{"sorting", "buckets", []any{int64(50), 50.0}, ""},
		{"sorting", "buckets", []any{int64(-1)}, OutOfRange},
	}
	for _, tt := range tests {
		key, ok := Shared().Section(tt.section).Key(tt.key)
		if !ok {
			t.Errorf("no key %s.%s", tt.section, tt.key)
			continue
		}
		code := ""
		if f := key.Check(tt.value); len(f) > 0 {
			code = f[0].Code
			t.Log(f[0].Message, "|", f[0].Suggestion)
		}
		if code != tt.code {
			t.Errorf("%s.%s: %v gives %q, want %q", tt.section, tt.key, tt.value, code, tt.code)
		}
	}
	if len(Shared().Digest) != 64 {
		t.Error("digest")
	}
}
