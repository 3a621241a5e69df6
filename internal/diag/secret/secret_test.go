package secret

import "testing"

func TestHide(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:s3cretpw@host/x":                        "https://***@host/x",
		"read s3://AKIAABCDEFGH:abc/d+ef/g@bucket/k now":      "read s3://***@bucket/k now",
		"http://u:p@ss@host and http://v:q@h2":                "http://***@host and http://***@h2",
		"https://ghp_0123456789abcdefghij@github.com/o/r":     "https://***@github.com/o/r",
		"FOO=sk-0123456789abcdef0123":                         "FOO=***",
		"a\"hf_abcdefghijklmnopqrst\"":                        "a\"***\"",
		"ssh://git@github.com/o/r":                            "ssh://git@github.com/o/r",
		"http://localhost:8000/v1@2":                          "http://localhost:8000/v1@2",
		"docker://vllm/vllm-openai:v0.9@sha256:00":            "docker://vllm/vllm-openai:v0.9@sha256:00",
		"docker://image:tag@sha256:00":                        "docker://image:tag@sha256:00",
		"https://host/a:b@c":                                  "https://host/a:b@c",
		"http://127.0.0.1:8000, mail me@example.org":          "http://127.0.0.1:8000, mail me@example.org",
		"the disk-cache-of-some-long-name and risk-averse-ly": "the disk-cache-of-some-long-name and risk-averse-ly",
		"http://user@host":                                    "http://user@host",
		"http://:secret@host":                                 "http://***@host",
	} {
		if got := Hide(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	for line, want := range map[string]bool{
		"  api_key: abc": true, "vllm_engine_config.api_key=sk": true, `  "HF_TOKEN": "x"`: true, "  hf_token: null": false,
		"  model: /m  # token": false, "  stop_token_ids: [1]": false, "  base: https://a:b@c": true, "max_tokens: 5": false,
	} {
		if Line(line) != want {
			t.Errorf("%q: %v", line, !want)
		}
	}
}

func TestURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://user:pw@host:1/x": "http://***@host:1/x", "http://user@host": "http://***@host", "http://h:1": "http://h:1", "http://u:p w@h": "http://u:p w@h",
	} {
		if got := URL(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

// FuzzHide: no text makes it panic, and what it returns holds nothing more to hide.
func FuzzHide(f *testing.F) {
	f.Add("https://a:b@c s3://d:e/f@g sk-0123456789abcdef")
	f.Add("://@:@x://y:z@")
	f.Fuzz(func(t *testing.T, s string) {
		got := Hide(s)
		if Hide(got) != got {
			t.Errorf("%q becomes %q, then %q", s, got, Hide(got))
		}
		Line(s)
		URL(s)
	})
}
