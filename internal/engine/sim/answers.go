package sim

import (
	"encoding/json"
	"fmt"
	"strconv"

	"mlcfg/internal/backend"
)

// openaiAnswer writes the parts that completions and chat have in common.
type openaiAnswer struct {
	g    *generation
	form backend.Answers
	head []byte // id, object, created, model of a stream's chunks, up to the choices
}

func (s *Server) openAIAnswer(g *generation, object string) openaiAnswer {
	return openaiAnswer{
		g: g, form: s.engine.Server.Answers,
		head: fmt.Appendf(nil, `{"id":%s,"object":%q,"created":%d,"model":%s,"choices":`, quote(g.id), object, g.created, quote(s.cfg.Name())),
	}
}

// quote makes a JSON string of any text.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`)
	}
	return b
}

// ending appends finish_reason and what belongs to it; j is the number of tokens
// sent by then.
func (a *openaiAnswer) ending(b []byte, j int) []byte {
	reason, end := "null", "null"
	if j == a.g.out.n {
		reason = `"length"`
		if a.g.out.stop {
			reason = `"stop"`
			if a.form.StopID {
				end = strconv.Itoa(a.g.out.end())
			}
		}
	}
	return fmt.Appendf(b, `"logprobs":null,"finish_reason":%s,"%s":%s`, reason, a.form.StopKey, end)
}

// tokenIDs appends the ids of the tokens from i to before j, and the prompt's
// where they are the first.
func (a *openaiAnswer) tokenIDs(b []byte, i, j int) []byte {
	switch {
	case a.g.tokenIDs:
		b = append(b, `,"token_ids":`...)
		return a.g.out.appendIDs(b, i, j)
	case a.form.NullIDs:
		return append(b, `,"token_ids":null`...)
	}
	return b
}

func (a *openaiAnswer) promptIDs(b []byte, first bool) []byte {
	switch {
	case !a.form.PromptIDs:
		return b
	case a.g.tokenIDs && first:
		b = append(b, `,"prompt_token_ids":`...)
		return appendInts(b, a.g.prompt)
	case a.form.NullIDs:
		return append(b, `,"prompt_token_ids":null`...)
	}
	return b
}

func appendInts(b []byte, ids []int) []byte {
	b = append(b, '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return append(b, ']')
}

// appendIDs appends the tokens from i to before j as a JSON list.
func (o output) appendIDs(b []byte, i, j int) []byte {
	b = append(b, '[')
	for k := i; k < j; k++ {
		if k > i {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(o.id(k)), 10)
	}
	return append(b, ']')
}

// usage appends the token counts after n tokens.
func (a *openaiAnswer) usage(b []byte, n int) []byte {
	p, c := len(a.g.prompt), a.g.completionTokens(n)
	b = fmt.Appendf(b, `"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d`, p, p+c, c)
	if a.form.Usage != "" {
		b = append(append(b, ','), a.form.Usage...)
	}
	return append(b, '}')
}

// endChunk appends what follows the choices of a chunk.
func (a *openaiAnswer) endChunk(b []byte, n int) []byte {
	b = append(b, ']')
	if a.g.continuousUsage {
		b = append(b, ',')
		b = a.usage(b, n)
	} else if a.form.NullUsage {
		b = append(b, `,"usage":null`...)
	}
	return append(b, "}\n\n"...)
}

func (a *openaiAnswer) close(b []byte) []byte {
	if a.g.usage {
		b = append(b, "data: "...)
		b = append(b, a.head...)
		b = append(b, "[],"...)
		b = a.usage(b, a.g.out.n)
		b = append(b, "}\n\n"...)
	}
	return append(b, "data: [DONE]\n\n"...)
}

// completionAnswer is the form of /v1/completions.
type completionAnswer struct{ openaiAnswer }

func (a *completionAnswer) open(b []byte) []byte { return b }

func (a *completionAnswer) chunk(b []byte, i, j int) []byte {
	b = append(b, "data: "...)
	b = append(b, a.head...)
	b = append(b, '[')
	b = a.choice(b, i, j)
	return a.endChunk(b, j)
}

func (a *completionAnswer) choice(b []byte, i, j int) []byte {
	b = append(b, `{"index":0,"text":"`...)
	if !a.form.IDsForText || !a.g.tokenIDs {
		b = a.g.out.appendText(b, i, j)
	}
	b = append(b, `",`...)
	b = a.ending(b, j)
	b = a.promptIDs(b, i == 0)
	b = a.tokenIDs(b, i, j)
	return append(b, '}')
}

func (a *completionAnswer) whole(b []byte) []byte {
	b = append(b, a.head...)
	b = append(b, '[')
	b = a.choice(b, 0, a.g.out.n)
	b = append(b, "],"...)
	b = a.usage(b, a.g.out.n)
	return append(b, '}')
}

// chatAnswer is the form of /v1/chat/completions.
type chatAnswer struct {
	openaiAnswer
	wholeHead []byte
}

// open sends the role before the first token, as both engines do.
func (a *chatAnswer) open(b []byte) []byte {
	b = append(b, "data: "...)
	b = append(b, a.head...)
	b = append(b, `[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`...)
	b = append(b, ']')
	b = a.promptIDs(b, true)
	if a.g.continuousUsage {
		b = append(b, ',')
		b = a.usage(b, 0)
	}
	return append(b, "}\n\n"...)
}

func (a *chatAnswer) chunk(b []byte, i, j int) []byte {
	b = append(b, "data: "...)
	b = append(b, a.head...)
	b = append(b, `[{"index":0,"delta":{"content":"`...)
	b = a.g.out.appendText(b, i, j)
	b = append(b, `"},`...)
	b = a.ending(b, j)
	b = a.tokenIDs(b, i, j)
	b = append(b, '}')
	return a.endChunk(b, j)
}

func (a *chatAnswer) whole(b []byte) []byte {
	n := a.g.out.n
	b = append(b, a.wholeHead...)
	b = append(b, `[{"index":0,"message":{"role":"assistant","content":"`...)
	b = a.g.out.appendText(b, 0, n)
	b = append(b, `","tool_calls":[]},`...)
	b = a.ending(b, n)
	b = a.tokenIDs(b, 0, n)
	b = append(b, "}],"...)
	b = a.usage(b, n)
	b = a.promptIDs(b, true)
	return append(b, '}')
}
