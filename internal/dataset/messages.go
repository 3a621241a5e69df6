package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"mlcfg/internal/python"

	"github.com/go-json-experiment/json/jsontext"
)

// Message is one turn of a chat.
type Message struct {
	Role    string
	Content string // the text; that of its text parts, one a line, where it has parts
	// Raw is the message in OpenAI's form, as JSON, where it holds more than a role and
	// a text: parts, tool calls, a name. Empty otherwise.
	Raw string
}

// MarshalJSON returns the message in OpenAI's form.
func (m Message) MarshalJSON() ([]byte, error) {
	if m.Raw != "" {
		return []byte(m.Raw), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}{m.Role, m.Content})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// passedOn are the keys of a message, besides role and content, that engines read.
var passedOn = []string{"name", "tool_calls", "tool_call_id", "function_call", "reasoning_content", "reasoning"}

// shareGPTRoles are the names of turns in ShareGPT's form.
var shareGPTRoles = map[string]string{"human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant", "assistant": "assistant"}

// putMessages sets the chat of a sample. An answer at its end is not sent: it becomes the
// sample's Answer. Of a conversation in ShareGPT's form the first human turn is the
// prompt and the turn behind it the answer, as benchmarks take it.
func (s *Sample) putMessages(v any) error {
	list, err := turns(v)
	if err != nil {
		return err
	}
	s.Messages, s.Answer = nil, ""
	shareGPT := false
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			return fmt.Errorf("message %d is %s, want role and content", i, show(x))
		}
		if i == 0 {
			shareGPT = m["role"] == nil && m["from"] != nil
		}
		message, err := messageOf(m, shareGPT)
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		s.Messages = append(s.Messages, message)
	}
	if shareGPT {
		s.firstTurn()
		return nil
	}
	if n := len(s.Messages); n > 1 && s.Messages[n-1].Role == "assistant" {
		s.Answer = s.Messages[n-1].Content
		s.Messages = s.Messages[:n-1]
	}
	return nil
}

// firstTurn keeps the first human turn.
func (s *Sample) firstTurn() {
	all := s.Messages
	s.Messages = nil
	for i, m := range all {
		if m.Role != "user" {
			continue
		}
		s.Messages = all[i : i+1 : i+1]
		if i+1 < len(all) && all[i+1].Role == "assistant" {
			s.Answer = all[i+1].Content
		}
		return
	}
}

// turns returns the list that v is, which may be written as a text: JSON, or as Python
// prints it.
func turns(v any) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case []int32:
		if len(v) == 0 {
			return nil, nil
		}
	case string:
		text := strings.TrimSpace(v)
		if text == "" {
			return nil, nil
		}
		dec := jsontext.NewDecoder(bytes.NewBufferString(text), jsontext.AllowDuplicateNames(true))
		list, err := readValue(dec, 0)
		if err != nil {
			var notPython error
			if list, notPython = python.Literal(text); notPython != nil {
				return nil, fmt.Errorf("want a JSON list of messages: %w", err)
			}
		}
		if _, again := list.(string); !again {
			return turns(list)
		}
	}
	return nil, fmt.Errorf("%s, want a list of messages", show(v))
}

// messageOf reads one turn, in OpenAI's form (role, content) or ShareGPT's (from, value).
func messageOf(m map[string]any, shareGPT bool) (Message, error) {
	if shareGPT {
		role, ok := m["from"].(string)
		content, ok2 := m["value"].(string)
		if !ok || !ok2 {
			return Message{}, fmt.Errorf("want from and value as texts")
		}
		if known := shareGPTRoles[strings.ToLower(role)]; known != "" {
			role = known
		}
		return Message{Role: role, Content: content}, valid(role, content)
	}
	role, ok := m["role"].(string)
	if !ok {
		return Message{}, fmt.Errorf("want role and content as texts, and role is %s", show(m["role"]))
	}
	out := Message{Role: role}
	raw := map[string]any{"role": role}
	for _, key := range passedOn {
		if x := pruned(m[key]); x != nil {
			raw[key] = x
		}
	}
	plain := len(raw) == 1
	switch content := m["content"].(type) {
	case string:
		out.Content, raw["content"] = content, content
	case []int32: // the reader of lists takes an empty one for token ids
		if len(content) > 0 {
			return Message{}, fmt.Errorf("want role and content as texts, and content is a list of numbers")
		}
		raw["content"], plain = []any{}, false
	case []any:
		parts, err := textOf(content)
		if err != nil {
			return Message{}, err
		}
		out.Content, raw["content"], plain = parts, pruned(content), false
	case nil:
		if plain {
			return Message{}, fmt.Errorf("want role and content as texts, and content is nothing")
		}
		raw["content"] = nil
	default:
		return Message{}, fmt.Errorf("want role and content as texts, and content is %s", show(content))
	}
	if plain {
		return out, valid(role, out.Content)
	}
	b, err := json.Marshal(raw)
	out.Raw = string(b)
	return out, err
}

// textOf joins the text parts of a message.
func textOf(parts []any) (string, error) {
	var lines []string
	for i, x := range parts {
		part, ok := x.(map[string]any)
		if !ok {
			return "", fmt.Errorf("part %d of its content is %s, want an object", i, show(x))
		}
		if text, ok := part["text"].(string); ok {
			if err := valid(text); err != nil {
				return "", err
			}
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n"), nil
}

// pruned leaves fields without a value out: tables fill rows up with them.
func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x = pruned(x); x != nil {
				out[k] = x
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = pruned(x)
		}
		return out
	}
	return v
}
