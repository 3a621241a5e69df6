package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"mlcfg/internal/python"
)

// apiError is a refusal as an engine gives it.
type apiError struct {
	status  int
	kind    string // "BadRequestError", "NotFoundError", "Bad Request"
	param   string
	message string
}

func badRequest(param, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: "BadRequestError", param: param, message: fmt.Sprintf(format, args...)}
}

// notSimulated refuses what a real engine does and this one does not, rather
// than answer something else.
func notSimulated(param, what string) *apiError {
	return badRequest(param, "simulated engine: %s is not simulated", what)
}

// refuse writes the error in the protocol's form: vLLM nests it (since 0.10.1),
// the others do not.
func (s *Server) refuse(w http.ResponseWriter, e *apiError) {
	var param any
	if e.param != "" {
		param = e.param
	}
	body := map[string]any{"message": e.message, "type": e.kind, "param": param, "code": e.status}
	switch {
	case s.cfg.Protocol == VLLM:
		body = map[string]any{"error": body}
	case s.cfg.Protocol == TRTLLM && e.kind == "Bad Request": // what its validation says
		body = map[string]any{"error": e.message}
	default:
		body["object"] = "error"
	}
	writeJSON(w, e.status, body)
}

// decode reads a JSON body into v. Fields that are not known are let through without
// a word, as vLLM and SGLang do, or refused, as TensorRT-LLM does.
func (s *Server) decode(r *http.Request, v any, known map[string]bool) *apiError {
	// A "Bad Request" is what FastAPI's validation errors become.
	bad := &apiError{status: http.StatusBadRequest, kind: "Bad Request"}
	media, _, _ := strings.Cut(strings.ToLower(r.Header.Get("Content-Type")), ";")
	if strings.TrimSpace(media) != "application/json" {
		bad.message = "[{'type': 'value_error', 'loc': ('header', 'content-type'), 'msg': \"Unsupported Media Type: Only 'application/json' is allowed\"}]"
		return bad
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return &apiError{status: http.StatusRequestEntityTooLarge, kind: "Bad Request", message: "request body is too large"}
		}
		bad.message = err.Error()
		return bad
	}
	if s.cfg.Protocol == TRTLLM {
		if refused := strict(body, known); refused != nil {
			return refused
		}
	}
	if err := json.Unmarshal(body, v); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			bad.message = fmt.Sprintf("[{'type': 'type_error', 'loc': ('body', '%s'), 'msg': 'Input should be a valid %s', 'input': '%s'}]", wrong.Field, wrong.Type, wrong.Value)
		} else {
			bad.message = fmt.Sprintf("[{'type': 'json_invalid', 'loc': ('body',), 'msg': 'JSON decode error', 'ctx': {'error': %q}}]", err)
		}
		return bad
	}
	return nil
}

// sampling are the sampling parameters that both engines take under the same
// names. Absent and null mean the engine's default.
type sampling struct {
	N                 *int     `json:"n"`
	Temperature       *float64 `json:"temperature"`
	TopP              *float64 `json:"top_p"`
	TopK              *int     `json:"top_k"`
	MinP              *float64 `json:"min_p"`
	PresencePenalty   *float64 `json:"presence_penalty"`
	FrequencyPenalty  *float64 `json:"frequency_penalty"`
	RepetitionPenalty *float64 `json:"repetition_penalty"`
	IgnoreEOS         bool     `json:"ignore_eos"`
}

// check applies the engines' own rules; the messages are those of vLLM 0.32 and
// SGLang 0.5.23.
func (s *sampling) check(p Protocol) *apiError {
	temperature, topP, minP := value(s.Temperature, 1), value(s.TopP, 1), value(s.MinP, 0)
	presence, frequency, repetition := value(s.PresencePenalty, 0), value(s.FrequencyPenalty, 0), value(s.RepetitionPenalty, 1)
	topK, repetitionMax, repetitionRange := value(s.TopK, -1), math.Inf(1), "greater than zero, got"
	topKBad, topKRange := topK < -1 || topK < 0 && s.TopK != nil && p == TRTLLM, "top_k must be 0 (disable), or at least 1, got"
	if p == SGLang {
		repetitionMax, repetitionRange = 2, "in (0, 2] (1.0 = no penalty), got"
		topKBad, topKRange = topK < -1 || topK == 0, "top_k must be -1 (disable) or at least 1, got"
	}
	switch {
	case temperature < 0 && p == SGLang:
		return badRequest("", "temperature must be a non-negative finite number, got %s.", python.Float(temperature))
	case temperature < 0:
		return badRequest("temperature", "temperature must be non-negative, got %s.", python.Float(temperature))
	case temperature > 2 && p == VLLM:
		return badRequest("temperature", "temperature must be in [0, 2], got %s.", python.Float(temperature))
	case topP <= 0 || topP > 1:
		return badRequest("top_p", "top_p must be in (0, 1], got %s.", python.Float(topP))
	case topKBad:
		return badRequest("", "%s %d.", topKRange, topK)
	case minP < 0 || minP > 1:
		return badRequest("", "min_p must be in [0, 1], got %s.", python.Float(minP))
	case presence < -2 || presence > 2:
		return badRequest("", "presence_penalty must be in [-2, 2], got %s.", python.Float(presence))
	case frequency < -2 || frequency > 2:
		return badRequest("", "frequency_penalty must be in [-2, 2], got %s.", python.Float(frequency))
	case repetition <= 0 || repetition > repetitionMax:
		return badRequest("", "repetition_penalty must be %s %s.", repetitionRange, python.Float(repetition))
	}
	if n := value(s.N, 1); n < 1 {
		return badRequest("n", "n must be at least 1, got %d.", n)
	} else if n > 1 {
		return notSimulated("n", "n above 1")
	}
	return nil
}

func value[T any](p *T, or T) T {
	if p == nil {
		return or
	}
	return *p
}

// parsePrompt takes a prompt as text or as token ids; a list that holds one
// prompt counts as that prompt.
func parsePrompt(raw json.RawMessage, param string) ([]int, *apiError) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil, badRequest(param, "Either prompt or prompt_embeds must be provided and non-empty.")
		}
		return tokenize(text), nil
	}
	var ids []int
	if json.Unmarshal(raw, &ids) == nil {
		for _, id := range ids {
			// Upwards nothing is refused: the model's own vocabulary is not known.
			if id < 0 {
				return nil, badRequest(param, "Token id %d is out of vocabulary", id)
			}
		}
		if len(ids) == 0 {
			return nil, badRequest(param, "Prompt cannot be empty")
		}
		return ids, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, badRequest(param, "%s must be text, a list of token ids, or a list of either", param)
	}
	if len(list) > 1 {
		return nil, notSimulated(param, "more than one prompt in a request")
	}
	if len(list[0]) > 0 && list[0][0] == '[' && strings.HasPrefix(strings.TrimSpace(string(list[0][1:])), "[") {
		return nil, badRequest(param, "%s is nested too deep", param)
	}
	return parsePrompt(list[0], param)
}
