package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
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
	unsimulated
}

type streamOptions struct {
	IncludeUsage         *bool `json:"include_usage"`
	ContinuousUsageStats bool  `json:"continuous_usage_stats"`
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// hasMedia reports whether a part of the message is no text.
func (m chatMessage) hasMedia() bool {
	var parts []struct {
		Type string `json:"type"`
	}
	return json.Unmarshal(m.Content, &parts) == nil && slices.ContainsFunc(parts, func(p struct {
		Type string `json:"type"`
	},
	) bool {
		return p.Type != "text" && p.Type != ""
	})
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

// chatText is a chat as one text: no model's template is applied.
func chatText(messages []chatMessage) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "%s: %s\n", m.Role, m.text())
	}
	return b.String()
}

func (s *Server) completions(w http.ResponseWriter, r *http.Request) {
	var q openaiRequest
	if err := s.decode(r, &q, s.engine.Server.CompletionFields); err != nil {
		s.refuse(w, err)
		return
	}
	raw := q.Prompt
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage(`""`)
	}
	prompt, err := s.parsePrompt(raw, "prompt")
	if err == nil && q.Echo {
		err = notSimulated("echo", "echo")
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	maxTokens := q.MaxTokens
	if usual := s.engine.Server.MaxTokens; maxTokens == nil && usual > 0 {
		maxTokens = &usual
	}
	g, err := s.accept(r, &q, "cmpl-", prompt, maxTokens)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.serve(w, r, g, &completionAnswer{s.openAIAnswer(g, "text_completion")})
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var q openaiRequest
	if err := s.decode(r, &q, s.engine.Server.ChatFields); err != nil {
		s.refuse(w, err)
		return
	}
	if len(q.Messages) == 0 {
		s.refuse(w, badRequest("messages", "Messages cannot be empty"))
		return
	}
	if slices.ContainsFunc(q.Messages, chatMessage.hasMedia) {
		s.refuse(w, notSimulated("messages", "a part that is no text"))
		return
	}
	prompt, err := s.encode("messages", chatText(q.Messages), true)
	if err != nil {
		s.refuse(w, err)
		return
	}
	maxTokens := q.MaxCompletionTokens
	if maxTokens == nil {
		maxTokens = q.MaxTokens
	}
	g, err := s.accept(r, &q, "chatcmpl-", prompt, maxTokens)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.serve(w, r, g, &chatAnswer{s.openAIAnswer(g, "chat.completion.chunk"), s.openAIAnswer(g, "chat.completion").head})
}

// accept checks what is common to both endpoints. A nil maxTokens means as many
// as the model's length allows.
func (s *Server) accept(r *http.Request, q *openaiRequest, prefix string, prompt []int, maxTokens *int) (*generation, *apiError) {
	if err := s.checkModel(q.Model); err != nil {
		return nil, err
	}
	engine := &s.engine.Server
	if q.StreamOptions != nil && !q.Stream && !engine.LooseStreamOptions {
		return nil, badRequest("stream_options", "Stream options can only be defined when `stream=True`.")
	}
	if asked, isBool := q.Logprobs.(bool); q.Logprobs != nil && (!isBool || asked) {
		return nil, notSimulated("logprobs", "logprobs")
	}
	if err := q.unsimulated.refuse(s.words.texts()); err != nil {
		return nil, err
	}
	if err := s.check(&q.sampling); err != nil {
		return nil, err
	}
	limit, err := s.limits(len(prompt), maxTokens, q.MinTokens)
	if err != nil {
		return nil, err
	}
	g := &generation{prompt: prompt, stream: q.Stream, tokenIDs: q.ReturnTokenIDs || engine.Answers.IDsForText && !value(q.Detokenize, true)}
	if o := q.StreamOptions; o != nil {
		g.usage = value(o.IncludeUsage, !engine.LooseStreamOptions)
		g.continuousUsage = o.ContinuousUsageStats && (g.usage || engine.LooseStreamOptions)
	}
	s.begin(r, prefix, g, q.MinTokens, limit, q.IgnoreEOS)
	return g, nil
}

// checkModel accepts the model under its own name and its simulated one.
func (s *Server) checkModel(name string) *apiError {
	if s.engine.Server.AnyModel || name == "" || name == s.cfg.Model || name == s.cfg.Name() {
		return nil
	}
	return &apiError{status: http.StatusNotFound, kind: "NotFoundError", param: "model", message: fmt.Sprintf("The model `%s` does not exist.", name)}
}

// limits checks the lengths and returns the most tokens the output may have.
func (s *Server) limits(prompt int, maxTokens *int, minTokens int) (int, *apiError) {
	length := s.cfg.MaxModelLen
	if prompt >= length {
		return 0, s.refusal(backend.LongPrompt, "{prompt}", strconv.Itoa(prompt), "{length}", strconv.Itoa(length))
	}
	if maxTokens == nil {
		rest := length - prompt
		maxTokens = &rest
	}
	most := *maxTokens
	refused := func(why backend.Refusal, value int) (int, *apiError) {
		return 0, s.refusal(why, "{prompt}", strconv.Itoa(prompt), "{length}", strconv.Itoa(length), "{most}", strconv.Itoa(most), "{value}", strconv.Itoa(value))
	}
	switch {
	case most == 0 && s.engine.Server.ZeroTokens:
		return 0, notSimulated("", "max_new_tokens 0")
	case most < 1:
		return refused(backend.FewTokens, most)
	case minTokens < 0:
		return refused(backend.NegativeMin, minTokens)
	case minTokens > most:
		return refused(backend.MinAboveMax, minTokens)
	case prompt+most > length:
		return refused(backend.LongTotal, prompt+most)
	}
	return most, nil
}
