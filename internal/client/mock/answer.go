package mock

import (
	"bytes"
	"fmt"
	"strconv"
)

// ask is what matters of a request.
type ask struct {
	prompt, tokens int
	stream, ids    bool
	finish         string // of the answer, as JSON
}

// parse looks for the few fields. It takes the request for well-formed, and a
// prompt of text for one that does not look like JSON.
func parse(body []byte, tokens int) ask {
	a := ask{tokens: tokens, finish: `"length"`}
	if i := bytes.Index(body, []byte(`"prompt":[`)); i >= 0 {
		if ids := body[i+len(`"prompt":[`):]; bytes.IndexByte(ids, ']') > 0 {
			a.prompt = 1 + bytes.Count(ids[:bytes.IndexByte(ids, ']')], []byte(","))
		}
	}
	for _, name := range []string{`"max_tokens":`, `"max_completion_tokens":`} {
		if i := bytes.LastIndex(body, []byte(name)); i >= 0 {
			n := 0
			for _, c := range body[i+len(name):] {
				if c < '0' || c > '9' {
					break
				}
				n = n*10 + int(c-'0')
			}
			a.tokens = min(max(n, 1), 1<<20)
		}
	}
	a.stream = bytes.Contains(body, []byte(`"stream":true`))
	a.ids = bytes.Contains(body, []byte(`"return_token_ids":true`))
	return a
}

// answer is the events of a streamed answer, each as a chunk of the response.
type answer struct {
	of     ask
	events []byte
	ends   []int // where each event ends in events
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"

// The fields are those that vLLM 0.33 writes.
const eventForm = `{"id":"cmpl-4cf0a7e1d3b74a0e9c1f6a2b8d5e7f90","object":"text_completion","created":1763900000,"model":"mock","choices":[{"index":0,"text":%q,"logprobs":null,"finish_reason":%s,"stop_reason":null,"prompt_token_ids":null,"token_ids":%s}]}`

func makeAnswer(a ask, perEvent int) answer {
	out := answer{of: a}
	for from := 0; from < a.tokens; from += perEvent {
		to := min(from+perEvent, a.tokens)
		finish, ids, text := "null", "null", ""
		if to == a.tokens {
			finish = a.finish
		}
		if a.ids {
			ids = idList(from, to)
		}
		for i := range to - from {
			text += fmt.Sprintf(" t%d", from+i)
		}
		out.events = appendChunk(out.events, fmt.Sprintf(eventForm, text, finish, ids))
		out.ends = append(out.ends, len(out.events))
	}
	return out
}

// idList is the ids of the tokens from one to before another, as JSON.
func idList(from, to int) string {
	b := []byte{'['}
	for i := from; i < to; i++ {
		if i > from {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(1000+i), 10)
	}
	return string(append(b, ']'))
}

func appendChunk(b []byte, event string) []byte {
	data := "data: " + event + "\n\n"
	return fmt.Appendf(b, "%x\r\n%s\r\n", len(data), data)
}

// appendEnd is the usage, the end mark and the end of the response. It is made
// for each request without formatting, for the prompt's length is in it.
func appendEnd(b []byte, a ask) []byte {
	const before = `data: {"id":"cmpl-4cf0a7e1d3b74a0e9c1f6a2b8d5e7f90","object":"text_completion","created":1763900000,"model":"mock","choices":[],"usage":{"prompt_tokens":`
	var digits [3][20]byte
	prompt := strconv.AppendInt(digits[0][:0], int64(a.prompt), 10)
	total := strconv.AppendInt(digits[1][:0], int64(a.prompt+a.tokens), 10)
	output := strconv.AppendInt(digits[2][:0], int64(a.tokens), 10)
	n := len(before) + len(prompt) + len(`,"total_tokens":`) + len(total) + len(`,"completion_tokens":`) + len(output) + len("}}\n\n")
	b = append(strconv.AppendInt(b, int64(n), 16), "\r\n"...)
	b = append(append(b, before...), prompt...)
	b = append(append(b, `,"total_tokens":`...), total...)
	b = append(append(b, `,"completion_tokens":`...), output...)
	return append(b, "}}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"...)
}

func wholeAnswer(a ask) string {
	ids := "null"
	if a.ids {
		ids = idList(0, a.tokens)
	}
	return fmt.Sprintf(`{"id":"cmpl-4c","object":"text_completion","created":1763900000,"model":"mock","choices":[{"index":0,"text":" t","logprobs":null,"finish_reason":%s,"stop_reason":null,"token_ids":%s}],"usage":{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d}}`,
		a.finish, ids, a.prompt, a.prompt+a.tokens, a.tokens)
}
