package sim

import (
	"encoding/json"
	"strings"
)

// unsimulated are parameters that change what a real engine answers. Here they are refused: an
// answer that looked as if they had been followed would mislead whoever tests a client with it.
type unsimulated struct {
	Stop           json.RawMessage   `json:"stop"`
	Suffix         *string           `json:"suffix"`
	Tools          []json.RawMessage `json:"tools"`
	ToolChoice     json.RawMessage   `json:"tool_choice"`
	ResponseFormat *struct {
		Type string `json:"type"`
	} `json:"response_format"`
	UseBeamSearch     bool            `json:"use_beam_search"`
	PromptLogprobs    *int            `json:"prompt_logprobs"`
	StructuredOutputs json.RawMessage `json:"structured_outputs"`
	GuidedJSON        json.RawMessage `json:"guided_json"`
	GuidedRegex       json.RawMessage `json:"guided_regex"`
	GuidedChoice      json.RawMessage `json:"guided_choice"`
	GuidedGrammar     json.RawMessage `json:"guided_grammar"`
}

// refuse names the first parameter that would have to be followed; words are those of answers.
func (u *unsimulated) refuse(words []string) *apiError {
	given := func(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
	switch {
	case u.Suffix != nil && *u.Suffix != "":
		return badRequest("suffix", "suffix is not currently supported")
	case u.stops(words):
		return notSimulated("stop", "a stop text that the simulated words have")
	case len(u.Tools) > 0:
		return notSimulated("tools", "a call of tools")
	case given(u.ToolChoice) && string(u.ToolChoice) != `"none"` && string(u.ToolChoice) != `"auto"`:
		return notSimulated("tool_choice", "a call of tools")
	case u.ResponseFormat != nil && u.ResponseFormat.Type != "" && u.ResponseFormat.Type != "text":
		return notSimulated("response_format", "the format "+u.ResponseFormat.Type)
	case u.UseBeamSearch:
		return notSimulated("use_beam_search", "beam search")
	case u.PromptLogprobs != nil:
		return notSimulated("prompt_logprobs", "logprobs of prompts")
	}
	for name, raw := range map[string]json.RawMessage{
		"structured_outputs": u.StructuredOutputs, "guided_json": u.GuidedJSON, "guided_regex": u.GuidedRegex,
		"guided_choice": u.GuidedChoice, "guided_grammar": u.GuidedGrammar,
	} {
		if given(raw) {
			return notSimulated(name, "a grammar of the answer")
		}
	}
	return nil
}

// stops reports whether a stop text could come up in an answer: its words are known, so that a
// text with anything else in it ends none.
func (u *unsimulated) stops(words []string) bool {
	var texts []string
	if json.Unmarshal(u.Stop, &texts) != nil {
		var one string
		if json.Unmarshal(u.Stop, &one) != nil {
			return false
		}
		texts = []string{one}
	}
	for _, text := range texts {
		if text != "" && mayHold(text, words) {
			return true
		}
	}
	return false
}

// mayHold reports whether answers can hold a text: each of its words is one of theirs, the
// first and the last perhaps cut.
func mayHold(text string, words []string) bool {
	parts := strings.Split(text, " ")
	for i, part := range parts {
		held := false
		for _, w := range words {
			first, last := i == 0, i == len(parts)-1
			switch {
			case first && last:
				held = held || strings.Contains(w, part)
			case first:
				held = held || strings.HasSuffix(w, part)
			case last:
				held = held || strings.HasPrefix(w, part)
			default:
				held = held || w == part
			}
		}
		if !held {
			return false
		}
	}
	return true
}
