package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
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

// refusal words a refusal as the engine does; places are the values of the words'
// open places.
func (s *Server) refusal(why backend.Refusal, places ...string) *apiError {
	words := s.engine.Server.Refusals[why]
	return badRequest(words.Param, "%s", strings.NewReplacer(places...).Replace(words.Message))
}

// refuse writes the error in the engine's form.
func (s *Server) refuse(w http.ResponseWriter, e *apiError) {
	var param any
	if e.param != "" {
		param = e.param
	}
	body := map[string]any{"message": e.message, "type": e.kind, "param": param, "code": e.status}
	switch {
	case s.engine.Server.NestedErrors:
		body = map[string]any{"error": body}
	case s.engine.Server.BareValidation && e.kind == "Bad Request":
		body = map[string]any{"error": e.message}
	default:
		body["object"] = "error"
	}
	writeJSON(w, e.status, body)
}

// decode reads a JSON body into v. Fields that are not known are refused where the
// engine says which it knows, and let through without a word otherwise.
func (s *Server) decode(r *http.Request, v any, known []string) *apiError {
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
	if refused := strict(body, known); refused != nil {
		return refused
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

// strict refuses fields that are not known, as pydantic does where extra ones are
// forbidden; where known is empty, all pass.
func strict(body []byte, known []string) *apiError {
	var fields map[string]json.RawMessage
	if len(known) == 0 || json.Unmarshal(body, &fields) != nil {
		return nil // what is no object is refused by its types
	}
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			refused = append(refused, fmt.Sprintf("{'type': 'extra_forbidden', 'loc': ('body', '%s'), 'msg': 'Extra inputs are not permitted', 'input': %s}", name, fields[name]))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &apiError{status: http.StatusBadRequest, kind: "Bad Request", message: "[" + strings.Join(refused, ", ") + "]"}
}

// sampling are the sampling parameters that all engines take under the same
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

// check applies the engine's own rules.
func (s *Server) check(p *sampling) *apiError {
	engine := &s.engine.Server
	temperature, topP, minP := value(p.Temperature, 1), value(p.TopP, 1), value(p.MinP, 0)
	presence, frequency, repetition := value(p.PresencePenalty, 0), value(p.FrequencyPenalty, 0), value(p.RepetitionPenalty, 1)
	topK := value(p.TopK, 1)
	switch {
	case temperature < 0:
		return s.refusal(backend.ColdTemperature, "{value}", python.Float(temperature))
	case engine.MaxTemperature > 0 && temperature > engine.MaxTemperature:
		return badRequest("temperature", "temperature must be in [0, %g], got %s.", engine.MaxTemperature, python.Float(temperature))
	case topP <= 0 || topP > 1:
		return badRequest("top_p", "top_p must be in (0, 1], got %s.", python.Float(topP))
	case topK < 1 && !slices.Contains(engine.TopKOff, topK):
		return s.refusal(backend.WrongTopK, "{value}", strconv.Itoa(topK))
	case minP < 0 || minP > 1:
		return badRequest("", "min_p must be in [0, 1], got %s.", python.Float(minP))
	case presence < -2 || presence > 2:
		return badRequest("", "presence_penalty must be in [-2, 2], got %s.", python.Float(presence))
	case frequency < -2 || frequency > 2:
		return badRequest("", "frequency_penalty must be in [-2, 2], got %s.", python.Float(frequency))
	case repetition <= 0 || engine.MaxRepetitionPenalty > 0 && repetition > engine.MaxRepetitionPenalty:
		return s.refusal(backend.WrongRepetition, "{value}", python.Float(repetition))
	}
	if n := value(p.N, 1); n < 1 {
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

// encode returns the token ids of a text in the field param.
func (s *Server) encode(param, text string, special bool) ([]int, *apiError) {
	ids, err := s.words.encode(text, special)
	if err != nil {
		return nil, badRequest(param, "%v", err)
	}
	return ids, nil
}

// parsePrompt takes a prompt as text or as token ids; a list that holds one
// prompt counts as that prompt.
func (s *Server) parsePrompt(raw json.RawMessage, param string) ([]int, *apiError) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return nil, badRequest(param, "Either prompt or prompt_embeds must be provided and non-empty.")
		}
		return s.encode(param, text, true)
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
	return s.parsePrompt(list[0], param)
}
