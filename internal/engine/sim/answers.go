package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// openaiAnswer writes the parts that completions and chat have in common.
type openaiAnswer struct {
	g      *generation
	sglang bool
	trtllm bool
	head   []byte // id, object, created, model of a stream's chunks, up to the choices
}

func newOpenAIAnswer(cfg Config, g *generation, object string) openaiAnswer {
	return openaiAnswer{
		g: g, sglang: cfg.Protocol == SGLang, trtllm: cfg.Protocol == TRTLLM,
		head: fmt.Appendf(nil, `{"id":%s,"object":%q,"created":%d,"model":%s,"choices":`, quote(g.id), object, g.created, quote(cfg.Name())),
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
	key, end := "stop_reason", "null"
	if a.sglang {
		key = "matched_stop"
	}
	reason := "null"
	if j == a.g.out.n {
		reason = `"length"`
		if a.g.out.stop {
			reason = `"stop"`
			if a.sglang {
				end = strconv.Itoa(endOfText)
			}
		}
	}
	return fmt.Appendf(b, `"logprobs":null,"finish_reason":%s,"%s":%s`, reason, key, end)
}

// tokenIDs appends the ids of the tokens from i to before j, and the prompt's
// where they are the first. vLLM sends null where they were not asked for.
func (a *openaiAnswer) tokenIDs(b []byte, i, j int) []byte {
	if !a.g.tokenIDs {
		if a.sglang {
			return b
		}
		return append(b, `,"token_ids":null`...)
	}
	b = append(b, `,"token_ids":`...)
	return a.g.out.appendIDs(b, i, j)
}

func (a *openaiAnswer) promptIDs(b []byte, first bool) []byte {
	if !a.g.tokenIDs || !first || a.trtllm {
		if a.sglang || a.trtllm {
			return b
		}
		return append(b, `,"prompt_token_ids":null`...)
	}
	b = append(b, `,"prompt_token_ids":`...)
	return appendInts(b, a.g.prompt)
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
	if a.sglang {
		b = append(b, `,"prompt_tokens_details":null,"reasoning_tokens":0`...)
	}
	return append(b, '}')
}

// endChunk appends what follows the choices of a chunk.
func (a *openaiAnswer) endChunk(b []byte, n int) []byte {
	b = append(b, ']')
	if a.g.continuousUsage {
		b = append(b, ',')
		b = a.usage(b, n)
	} else if a.sglang {
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

func newCompletionAnswer(cfg Config, g *generation) *completionAnswer {
	return &completionAnswer{newOpenAIAnswer(cfg, g, "text_completion")}
}

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
	if !a.trtllm || !a.g.tokenIDs { // ids stand in the place of the text
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

func newChatAnswer(cfg Config, g *generation) *chatAnswer {
	return &chatAnswer{newOpenAIAnswer(cfg, g, "chat.completion.chunk"), newOpenAIAnswer(cfg, g, "chat.completion").head}
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
