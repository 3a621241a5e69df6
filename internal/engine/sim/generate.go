package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// generateRequest is the body of SGLang's own /generate, as far as it is simulated.
type generateRequest struct {
	Text           json.RawMessage `json:"text"`
	InputIDs       json.RawMessage `json:"input_ids"`
	Stream         bool            `json:"stream"`
	ReturnLogprob  bool            `json:"return_logprob"`
	RequestID      string          `json:"rid"`
	SamplingParams struct {
		sampling
		MaxNewTokens *int `json:"max_new_tokens"`
		MinNewTokens int  `json:"min_new_tokens"`
	} `json:"sampling_params"`
}

func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	var q generateRequest
	if err := s.decode(r, &q, nil); err != nil {
		s.refuse(w, err)
		return
	}
	g, err := s.acceptGenerate(r, &q)
	switch {
	case err == nil:
		s.serve(w, r, g, &generateAnswer{g: g, incremental: s.cfg.IncrementalStream, start: time.Now()})
	case q.Stream:
		// The stream has begun by the time SGLang looks at the request.
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		fmt.Fprintf(w, "data: {\"error\":{\"message\":%s}}\n\ndata: [DONE]\n\n", quote(err.message))
	default:
		writeJSON(w, err.status, map[string]any{"error": map[string]any{"message": err.message}})
	}
}

func (s *Server) acceptGenerate(r *http.Request, q *generateRequest) (*generation, *apiError) {
	text, ids := len(q.Text) > 0 && string(q.Text) != "null", len(q.InputIDs) > 0 && string(q.InputIDs) != "null"
	if text == ids {
		return nil, badRequest("", "Either text, input_ids or input_embeds should be provided.")
	}
	raw, name := q.Text, "text"
	if ids {
		raw, name = q.InputIDs, "input_ids"
	}
	prompt, err := s.parsePrompt(raw, name)
	if err != nil {
		return nil, err
	}
	if q.ReturnLogprob {
		return nil, notSimulated("return_logprob", "return_logprob")
	}
	p := &q.SamplingParams
	if err := s.check(&p.sampling); err != nil {
		return nil, err
	}
	most := value(p.MaxNewTokens, 128)
	limit, err := s.limits(len(prompt), &most, p.MinNewTokens)
	if err != nil {
		return nil, err
	}
	g := &generation{prompt: prompt, stream: q.Stream}
	s.begin(r, "", g, p.MinNewTokens, limit, p.IgnoreEOS)
	if q.RequestID != "" {
		g.id = q.RequestID
	}
	return g, nil
}

// generateAnswer is the form of /generate.
type generateAnswer struct {
	g           *generation
	incremental bool
	start       time.Time
}

func (a *generateAnswer) open(b []byte) []byte { return b }

func (a *generateAnswer) chunk(b []byte, i, j int) []byte {
	if !a.incremental {
		i = 0
	}
	b = append(b, "data: "...)
	b = a.object(b, i, j)
	return append(b, "\n\n"...)
}

func (a *generateAnswer) close(b []byte) []byte { return append(b, "data: [DONE]\n\n"...) }

func (a *generateAnswer) whole(b []byte) []byte { return a.object(b, 0, a.g.out.n) }

// object holds the tokens from i to before j; the counts are of all so far.
func (a *generateAnswer) object(b []byte, i, j int) []byte {
	g := a.g
	b = append(b, `{"text":"`...)
	b = g.out.appendText(b, i, j)
	b = append(b, `","output_ids":`...)
	b = g.out.appendIDs(b, i, j)
	b = fmt.Appendf(b, `,"meta_info":{"id":%s,"finish_reason":`, quote(g.id))
	switch {
	case j < g.out.n:
		b = append(b, "null"...)
	case g.out.stop:
		b = fmt.Appendf(b, `{"type":"stop","matched":%d}`, g.out.end())
	default:
		b = fmt.Appendf(b, `{"type":"length","length":%d}`, g.out.n)
	}
	b = fmt.Appendf(b, `,"prompt_tokens":%d,"weight_version":"simulated","total_retractions":0,"completion_tokens":%d,"cached_tokens":0`, len(g.prompt), g.completionTokens(j))
	if j == g.out.n {
		b = fmt.Appendf(b, `,"e2e_latency":%g`, time.Since(a.start).Seconds())
	}
	return append(b, "}}"...)
}
