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
		"https://h/x?a=1&token=abc&b=2":                       "https://h/x?a=1&token=***&b=2",
		"https://h/x?X-Amz-Signature=ab12#f":                  "https://h/x?X-Amz-Signature=***#f",
		"https://h/x?hf_token=${HF_TOKEN}":                    "https://h/x?hf_token=${HF_TOKEN}",
		"https://h/x?page_token_count=1&q=key":                "https://h/x?page_token_count=1&q=key",
		"Authorization: Bearer abcdef123456":                  "Authorization: Bearer ***",
		"the bearer certificate is basic authentication":      "the bearer certificate is basic authentication",
		`{"api_key": "abc", "clientSecret": ["d", "e"]}`:      `{"api_key": "***", "clientSecret": ***}`,
		`{'accessToken': 'abc', 'eos_token': '</s>'}`:         `{'accessToken': '***', 'eos_token': '</s>'}`,
		"postgres host=h password=abc":                        "postgres host=h password=***",
		"api_key: must be a text":                             "api_key: must be a text",
		"pad_token=0 max_tokens=5 stop_token=x":               "pad_token=0 max_tokens=5 stop_token=x",
		"eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl":              "***",
		"-----BEGIN RSA PRIVATE KEY-----MIIE-----END":         "-----BEGIN RSA PRIVATE KEY-----***-----END",
	} {
		if got := Hide(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	for line, want := range map[string]bool{
		"  api_key: abc": true, "vllm_engine_config.api_key=sk": true, `  "HF_TOKEN": "x"`: true, "  hf_token: null": false,
		"  api-key: [abc]": true, "  apiKey: x": true, "  clientSecret: x": true, "x: 1 # password=abc": true, "  password: ${x}": false, "  eos_token: </s>": true,
		"  model: /m  # token": false, "  stop_token_ids: [1]": false, "  base: https://a:b@c": true, "max_tokens: 5": false,
	} {
		if Line(line) != want {
			t.Errorf("%q: %v", line, !want)
		}
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string][2]bool{
		"api_key": {true, true}, "x-api-key": {true, true}, "apiKey": {true, true}, "APIKey": {true, true}, "HF_TOKEN": {true, true}, "hfToken": {true, true},
		"WANDB_TOKEN": {true, true}, "MY_TOKEN": {true, false}, "eos_token": {true, false}, "token": {false, false}, "tokenizer": {false, false},
		"max_tokens": {false, false}, "AWS_SECRET_ACCESS_KEY": {true, true}, "aws_access_key_id": {true, true}, "key": {false, false}, "KEY_RATE": {false, false},
		"Authorization": {true, true}, "clientSecret": {true, true}, "secretary": {false, false}, "": {false, false}, "_": {false, false},
	} {
		if got := [2]bool{Name(name), Within(name)}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
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
	f.Add(`{"api_key": ["a"], 'password'='b'} https://h/?token=x&sig=y#Bearer abcdef123 eyJaaaaaaaa.bbbbbbbb.c`)
	f.Fuzz(func(t *testing.T, s string) {
		got := Hide(s)
		if Hide(got) != got {
			t.Errorf("%q becomes %q, then %q", s, got, Hide(got))
		}
		Line(s)
		URL(s)
	})
}
