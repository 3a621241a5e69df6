package sim

import "net/http"

// tokenize answers with the ids of a prompt or of a chat (vllm/entrypoints/serve/tokenize).
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) {
	q := struct {
		Model    string        `json:"model"`
		Prompt   *string       `json:"prompt"`
		Messages []chatMessage `json:"messages"`
		Special  *bool         `json:"add_special_tokens"`
		Strings  bool          `json:"return_token_strs"`
	}{}
	err := s.decode(r, &q, nil)
	if err == nil {
		err = s.checkModel(q.Model)
	}
	if err == nil && q.Strings {
		err = notSimulated("return_token_strs", "return_token_strs")
	}
	if err == nil && q.Prompt == nil && len(q.Messages) == 0 {
		err = badRequest("prompt", "prompt or messages must be given")
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	// A chat's template has its special tokens itself.
	text, special := chatText(q.Messages), value(q.Special, false)
	if q.Prompt != nil {
		text, special = *q.Prompt, value(q.Special, true)
	}
	ids, err := s.encode("prompt", text, special)
	if err != nil {
		s.refuse(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"count": len(ids), "max_model_len": s.cfg.MaxModelLen, "tokens": ids, "token_strs": nil})
}

// detokenize answers with the text of ids.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Model  string `json:"model"`
		Tokens []int  `json:"tokens"`
	}
	err := s.decode(r, &q, nil)
	if err == nil {
		err = s.checkModel(q.Model)
	}
	text, ok := s.words.decode(q.Tokens)
	if err == nil && !ok {
		err = notSimulated("tokens", "the text of token ids without a tokenizer")
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"prompt": text})
}
