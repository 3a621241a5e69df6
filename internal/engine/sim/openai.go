package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// openaiRequest is the body of /v1/completions and /v1/chat/completions, as far
// as it is simulated.
type openaiRequest struct {
	sampling
	Model               string          `json:"model"`
	Prompt              json.RawMessage `json:"prompt"`
	Messages            []chatMessage   `json:"messages"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	MinTokens           int             `json:"min_tokens"`
	Stream              bool            `json:"stream"`
	StreamOptions       *streamOptions  `json:"stream_options"`
	ReturnTokenIDs      bool            `json:"return_token_ids"`
	Detokenize          *bool           `json:"detokenize"`
	Echo                bool            `json:"echo"`
	Logprobs            any             `json:"logprobs"`
}

type streamOptions struct {
	IncludeUsage         *bool `json:"include_usage"`
	ContinuousUsageStats bool  `json:"continuous_usage_stats"`
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// text is the message's text; parts that are not text are left out.
func (m chatMessage) text() string {
	var s string
	if json.Unmarshal(m.Content, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) != nil {
		return ""
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

func (s *Server) completions(w http.ResponseWriter, r *http.Request) {
	var q openaiRequest
	if err := s.decode(r, &q, completionFields); err != nil {
		s.refuse(w, err)
		return
	}
	raw := q.Prompt
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage(`""`)
	}
	prompt, err := parsePrompt(raw, "prompt")
	if err == nil && q.Echo {
		err = notSimulated("echo", "echo")
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	maxTokens := q.MaxTokens
	if usual := 16; maxTokens == nil && s.cfg.Protocol != TRTLLM {
		maxTokens = &usual
	}
	g, err := s.accept(r, &q, "cmpl-", prompt, maxTokens)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.serve(w, r, g, newCompletionAnswer(s.cfg, g))
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var q openaiRequest
	if err := s.decode(r, &q, chatFields); err != nil {
		s.refuse(w, err)
		return
	}
	if len(q.Messages) == 0 {
		s.refuse(w, badRequest("messages", "Messages cannot be empty"))
		return
	}
	var b strings.Builder
	for _, m := range q.Messages {
		fmt.Fprintf(&b, "%s: %s\n", m.Role, m.text())
	}
	maxTokens := q.MaxCompletionTokens
	if maxTokens == nil {
		maxTokens = q.MaxTokens
	}
	g, err := s.accept(r, &q, "chatcmpl-", tokenize(b.String()), maxTokens)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.serve(w, r, g, newChatAnswer(s.cfg, g))
}

// accept checks what is common to both endpoints. A nil maxTokens means as many
// as the model's length allows.
func (s *Server) accept(r *http.Request, q *openaiRequest, prefix string, prompt []int, maxTokens *int) (*generation, *apiError) {
	if err := s.checkModel(q.Model); err != nil {
		return nil, err
	}
	if q.StreamOptions != nil && !q.Stream && s.cfg.Protocol != SGLang {
		return nil, badRequest("stream_options", "Stream options can only be defined when `stream=True`.")
	}
	if asked, isBool := q.Logprobs.(bool); q.Logprobs != nil && (!isBool || asked) {
		return nil, notSimulated("logprobs", "logprobs")
	}
	if err := q.check(s.cfg.Protocol); err != nil {
		return nil, err
	}
	limit, err := s.limits(len(prompt), maxTokens, q.MinTokens)
	if err != nil {
		return nil, err
	}
	g := &generation{prompt: prompt, stream: q.Stream, tokenIDs: q.ReturnTokenIDs || s.cfg.Protocol == TRTLLM && !value(q.Detokenize, true)}
	if o := q.StreamOptions; o != nil {
		// vLLM and TensorRT-LLM count stream_options without include_usage as asking for it.
		g.usage = value(o.IncludeUsage, s.cfg.Protocol != SGLang)
		g.continuousUsage = o.ContinuousUsageStats && (g.usage || s.cfg.Protocol == SGLang)
	}
	s.begin(r, prefix, g, q.MinTokens, limit, q.IgnoreEOS)
	return g, nil
}

// checkModel accepts the model under its own name and its simulated one. SGLang
// serves whatever name it is asked for.
func (s *Server) checkModel(name string) *apiError {
	if s.cfg.Protocol == SGLang || name == "" || name == s.cfg.Model || name == s.cfg.Name() {
		return nil
	}
	return &apiError{status: http.StatusNotFound, kind: "NotFoundError", param: "model", message: fmt.Sprintf("The model `%s` does not exist.", name)}
}

// limits checks the lengths and returns the most tokens the output may have.
func (s *Server) limits(prompt int, maxTokens *int, minTokens int) (int, *apiError) {
	length := s.cfg.MaxModelLen
	if prompt >= length {
		if s.cfg.Protocol == SGLang {
			return 0, badRequest("", "The input (%d tokens) is longer than the model's context length (%d tokens).", prompt, length)
		}
		return 0, badRequest("prompt", "This model's maximum context length is %d tokens. However, your request has %d input tokens. Please reduce the length of the input messages.", length, prompt)
	}
	if maxTokens == nil {
		rest := length - prompt
		maxTokens = &rest
	}
	most := *maxTokens
	switch {
	case most == 0 && s.cfg.Protocol == SGLang:
		// SGLang computes the prompt alone.
		return 0, notSimulated("", "max_new_tokens 0")
	case most < 1 && s.cfg.Protocol == SGLang:
		return 0, badRequest("", "max_new_tokens must be at least 0, got %d.", most)
	case most < 1:
		return 0, badRequest("max_tokens", "max_tokens must be at least 1, got %d.", most)
	case minTokens < 0 && s.cfg.Protocol == SGLang:
		return 0, badRequest("", "min_new_tokens must be in [0, max_new_tokens], got %d.", minTokens)
	case minTokens < 0:
		return 0, badRequest("", "min_tokens must be greater than or equal to 0, got %d.", minTokens)
	case minTokens > most && s.cfg.Protocol == SGLang:
		return 0, badRequest("", "min_new_tokens must be in [0, max_new_tokens(%d)], got %d.", most, minTokens)
	case minTokens > most:
		return 0, badRequest("", "min_tokens must be less than or equal to max_tokens=%d, got %d.", most, minTokens)
	case prompt+most > length && s.cfg.Protocol == SGLang:
		return 0, badRequest("", "Requested token count exceeds the model's maximum context length of %d tokens. You requested a total of %d tokens: %d tokens from the input messages and %d tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.", length, prompt+most, prompt, most)
	case prompt+most > length:
		return 0, badRequest("max_tokens", "'max_tokens' or 'max_completion_tokens' is too large: %d. This model's maximum context length is %d tokens and your request has %d input tokens (%d > %d - %d).", most, length, prompt, most, length, prompt)
	}
	return most, nil
}
