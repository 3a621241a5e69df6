package sim

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"mlcfg/internal/backend"
)

// What a real engine would follow and this one does not is refused; what changes nothing is taken.
func TestUnsimulated(t *testing.T) {
	h := start(t, quick(backend.VLLM))
	for body, want := range map[string]string{
		`"stop":"\n\n"`:                            "",
		`"stop":["###","User:"]`:                   "",
		`"stop":"token"`:                           "a stop text",
		`"stop":["\n","ch st"]`:                    "a stop text",
		`"stop":"ch tok x"`:                        "",
		`"stop":" "`:                               "a stop text",
		`"suffix":"x"`:                             "suffix is not currently supported",
		`"suffix":""`:                              "",
		`"tools":[{"type":"function"}]`:            "a call of tools",
		`"tool_choice":"required"`:                 "a call of tools",
		`"tool_choice":"none"`:                     "",
		`"response_format":{"type":"json_object"}`: "the format json_object",
		`"response_format":{"type":"text"}`:        "",
		`"use_beam_search":true`:                   "beam search",
		`"prompt_logprobs":1`:                      "logprobs of prompts",
		`"guided_regex":"a+"`:                      "a grammar",
		`"structured_outputs":null`:                "",
		`"best_of":2`:                              "", // vLLM takes it and does nothing
	} {
		res, answer := post(t, h.URL+"/v1/completions", `{"prompt":"x","max_tokens":2,`+body+`}`)
		if got := answer; want == "" && res.StatusCode != http.StatusOK || want != "" && (res.StatusCode != http.StatusBadRequest || !strings.Contains(got, want)) {
			t.Errorf("%s: status %d, %s; want %q", body, res.StatusCode, got, want)
		}
	}
	image := `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}]}`
	if res, answer := post(t, h.URL+"/v1/chat/completions", image); res.StatusCode != http.StatusBadRequest || !strings.Contains(answer, "no text") {
		t.Errorf("an image: status %d, %s", res.StatusCode, answer)
	}
}

// Pages that clients look at, and the form of what is not there.
func TestOtherPages(t *testing.T) {
	h := start(t, quick(backend.VLLM))
	for page, want := range map[string]string{
		"GET /ping":                           "200 ",
		"POST /ping":                          "200 ",
		"GET /load":                           `200 {"server_load":0}`,
		"GET /v1/models/simulated/model/tiny": `200 {"created":`,
		"GET /v1/models/other":                `404 {"error":{"code":404,"message":"The model`,
		"GET /nowhere":                        `404 {"detail":"Not Found"}`,
		"GET /v1/completions":                 `405 {"detail":"Method Not Allowed"}`,
		"POST /v1/embeddings":                 `404 {"detail":"Not Found"}`,
	} {
		method, path, _ := strings.Cut(page, " ")
		req, err := http.NewRequest(method, h.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Status[:4] + string(b); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", page, got, want)
		}
		if len(b) > 0 && res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s", page, res.Header.Get("Content-Type"))
		}
	}
}
