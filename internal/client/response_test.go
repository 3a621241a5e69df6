package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
	usageEvent = `{"id":"x","object":"text_completion","choices":[],"usage":{"prompt_tokens":4,"total_tokens":7,"completion_tokens":3}}`
)

// tokenEvent is a completions event with text and token ids (none: null).
func tokenEvent(text string, finish string, ids ...int) string {
	list := "null"
	if len(ids) > 0 {
		list = strings.ReplaceAll(fmt.Sprint(ids), " ", ",")
	}
	if finish != "null" {
		finish = `"` + finish + `"`
	}
	return fmt.Sprintf(`{"id":"x","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":%q,"logprobs":null,"finish_reason":%s,"token_ids":%s}]}`, text, finish, list)
}

// chunked is the body of a stream in which each event is a chunk, as the
// engines' servers send it.
func chunked(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(chunk("", "data: "+e+"\n\n"))
	}
	return b.String() + "0\r\n\r\n"
}

func chunk(extension, data string) string {
	return fmt.Sprintf("%x%s\r\n%s\r\n", len(data), extension, data)
}

func whole(status, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// outcome is what a test looks at.
type outcome struct {
	First, Last  int // the number of the piece, from 1; 0: none
	Chunks       int
	IDs          []int32
	Text         string
	Input        int64
	Output       int64
	Finish       string
	Status       int
	Error        ErrorClass
	Done, Reuse  bool
	AfterClosing bool // it took the end of the connection to be done
}

// receive feeds the pieces, one time unit apart, then closes the connection if
// the response is not done by then.
func receive(o Options, pieces []string, end error, sent, most int) outcome {
	var r response
	r.answer.protocol, r.answer.keepText = o.Protocol, true
	r.reset(o.Stream, 0)
	done := false
	for i, p := range pieces {
		if done = r.feed([]byte(p), time.Duration(i+1)); done {
			break
		}
	}
	out := outcome{Done: done}
	if !done {
		r.closed(end, time.Duration(len(pieces)+1))
		out.AfterClosing = r.at == complete
	}
	a := &r.answer
	if a.err == NoError {
		a.check(sent, most)
	}
	out.First, out.Last, out.Chunks = int(a.first), int(a.last), a.chunks
	out.IDs, out.Text = append([]int32(nil), a.ids...), string(a.text)
	out.Input, out.Output, out.Finish = a.prompt, a.completion, a.finish
	out.Status, out.Error, out.Reuse = r.status, a.err, r.keepAlive
	return out
}

var responses = []struct {
	name     string
	protocol Protocol
	whole    bool // not a stream
	bytes    string
	sent     int
	most     int
	want     outcome
}{
	{
		name:  "stream with ids",
		bytes: streamHead + chunked(tokenEvent("a", "null", 7), tokenEvent("", "null", 8), tokenEvent(" \"b\n", "length", 9), usageEvent, "[DONE]"),
		sent:  4,
		want:  outcome{Chunks: 3, IDs: []int32{7, 8, 9}, Text: "a \"b\n", Input: 4, Output: 3, Finish: "length", Status: 200, Done: true, Reuse: true},
	},
	{
		name:  "several tokens in a chunk, early end",
		bytes: streamHead + chunked(tokenEvent("ab", "null", 7, 8), tokenEvent("", "stop", 2), usageEvent, "[DONE]"),
		want:  outcome{Chunks: 2, IDs: []int32{7, 8, 2}, Text: "ab", Input: 4, Output: 3, Finish: "stop", Status: 200, Done: true, Reuse: true},
	},
	{
		name:  "no ids, usage at the end, empty text counts",
		bytes: streamHead + chunked(tokenEvent("", "null"), tokenEvent("b", "null"), tokenEvent("", "stop"), usageEvent, "[DONE]"),
		want:  outcome{Chunks: 3, Text: "b", Input: 4, Output: 3, Finish: "stop", Status: 200, Done: true, Reuse: true},
	},
	{
		name:  "text that looks like JSON and like the end mark",
		bytes: streamHead + chunked(tokenEvent(`"token_ids":[1,2],"usage":{"completion_tokens":99}`, "null", 7), tokenEvent("data: [DONE]\n\ndata: ", "null", 8), tokenEvent("[DONE]", "stop", 9), usageEvent, "[DONE]"),
		want: outcome{
			Chunks: 3, IDs: []int32{7, 8, 9}, Text: `"token_ids":[1,2],"usage":{"completion_tokens":99}` + "data: [DONE]\n\ndata: [DONE]",
			Input: 4, Output: 3, Finish: "stop", Status: 200, Done: true, Reuse: true,
		},
	},
	{
		name: "comments, other fields, CRLF, data in two lines, chunk extensions, trailer, interim response",
		bytes: "HTTP/1.1 100 Continue\r\n\r\n" + streamHead + chunk(";name=value", ": ping\r\n\r\nevent: token\r\nid: 1\r\ndata: {\"choices\":\r\ndata:[{\"text\":\"") +
			chunk("", "a\"}]}\r\n\r\ndata:[DONE]\r\n") + chunk(" ", "\n\n") + "0\r\nX-Trailer: 1\r\n\r\n",
		want: outcome{Chunks: 1, Text: "a", Input: -1, Output: -1, Status: 200, Done: true, Reuse: true, Error: CountsError},
	},
	{
		name: "continuous usage", bytes: streamHead + chunked(
			`{"choices":[{"index":0,"text":""}],"usage":{"prompt_tokens":4,"completion_tokens":0}}`,
			`{"choices":[{"index":0,"text":""}],"usage":{"prompt_tokens":4,"completion_tokens":2}}`,
			`{"choices":[{"index":0,"text":"","finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":2}}`, "[DONE]"),
		want: outcome{Chunks: 1, Input: 4, Output: 2, Finish: "stop", Status: 200, Done: true, Reuse: true},
	},
	{
		name: "chat", protocol: Chat,
		bytes: streamHead + chunked(
			`{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`,
			`{"choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}]}`,
			`{"choices":[{"index":0,"delta":{"content":"\u00e9\ud83d\ude00\ud83d"},"finish_reason":null}]}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, usageEvent, "[DONE]"),
		want: outcome{Chunks: 3, Text: "é😀\uFFFD", Input: 4, Output: 3, Finish: "stop", Status: 200, Done: true, Reuse: true},
	},
	{
		name: "generate, cumulative", protocol: Generate,
		bytes: streamHead + chunked(
			`{"text":"a","output_ids":[7],"meta_info":{"id":"q","prompt_tokens":4,"completion_tokens":1,"finish_reason":null}}`,
			`{"text":"ab","output_ids":[7,8],"meta_info":{"id":"q","prompt_tokens":4,"completion_tokens":2,"finish_reason":null}}`,
			`{"text":"abc","output_ids":[7,8,9],"meta_info":{"id":"q","prompt_tokens":4,"completion_tokens":3,"finish_reason":{"type":"length","length":3}}}`, "[DONE]"),
		sent: 4,
		want: outcome{Chunks: 3, IDs: []int32{7, 8, 9}, Text: "abc", Input: 4, Output: 3, Finish: "length", Status: 200, Done: true, Reuse: true},
	},
	{
		name: "generate, incremental", protocol: Generate,
		bytes: streamHead + chunked(
			`{"text":"a","output_ids":[7],"meta_info":{"prompt_tokens":4,"completion_tokens":1}}`,
			`{"text":"b","output_ids":[8],"meta_info":{"prompt_tokens":4,"completion_tokens":2}}`,
			`{"text":"cd","output_ids":[9,10],"meta_info":{"prompt_tokens":4,"completion_tokens":4,"finish_reason":{"type":"length"}}}`, "[DONE]"),
		want: outcome{Chunks: 3, IDs: []int32{7, 8, 9, 10}, Text: "abcd", Input: 4, Output: 4, Finish: "length", Status: 200, Done: true, Reuse: true},
	},
	{
		name: "generate, aborted", protocol: Generate,
		bytes: streamHead + chunked(`{"text":"","output_ids":[],"meta_info":{"completion_tokens":0,"finish_reason":{"type":"abort","message":"out of memory"}}}`, "[DONE]"),
		want:  outcome{Input: -1, Finish: "abort", Status: 200, Error: EngineError, Done: true, Reuse: true},
	},
	{
		name: "not streamed", whole: true,
		bytes: whole("200 OK", `{"choices":[{"index":0,"text":"abc","finish_reason":"length","token_ids":[7,8,9]}],"usage":{"prompt_tokens":4,"completion_tokens":3}}`),
		want:  outcome{Last: 1, Chunks: 1, IDs: []int32{7, 8, 9}, Text: "abc", Input: 4, Output: 3, Finish: "length", Status: 200, Done: true, Reuse: true},
	},
	{
		name: "not streamed, chat, until the connection closes", whole: true, protocol: Chat,
		bytes: "HTTP/1.0 200 OK\r\n\r\n" + `{"choices":[{"message":{"role":"assistant","content":"abc"},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":3}}`,
		want:  outcome{Last: 1, Chunks: 1, Text: "abc", Input: 4, Output: 3, Finish: "stop", Status: 200, AfterClosing: true},
	},
	{
		name: "not streamed, generate", whole: true, protocol: Generate,
		bytes: whole("200 OK", `{"text":"abc","output_ids":[7,8,9],"meta_info":{"prompt_tokens":4,"completion_tokens":3,"finish_reason":{"type":"stop","matched":2}}}`),
		want:  outcome{Last: 1, Chunks: 1, IDs: []int32{7, 8, 9}, Text: "abc", Input: 4, Output: 3, Finish: "stop", Status: 200, Done: true, Reuse: true},
	},

	{
		name: "status", bytes: whole("503 Service Unavailable", `{"error":{"message":"busy"}}`),
		want: outcome{Status: 503, Input: -1, Output: -1, Error: StatusError, Done: true, Reuse: true},
	},
	{
		name: "error in the stream", bytes: streamHead + chunked(tokenEvent("a", "null", 7), `{"error":{"message":"CUDA out of memory","code":500}}`, "[DONE]"),
		want: outcome{Chunks: 1, IDs: []int32{7}, Text: "a", Input: -1, Output: -1, Status: 200, Error: EngineError, Done: true, Reuse: true},
	},
	{
		name: "error object", bytes: streamHead + chunked(`{"object":"error","message":"bad"}`, "[DONE]"),
		want: outcome{Input: -1, Output: -1, Status: 200, Error: EngineError, Done: true, Reuse: true},
	},
	{
		name: "counts", bytes: streamHead + chunked(tokenEvent("a", "null", 7), usageEvent, "[DONE]"),
		want: outcome{Chunks: 1, IDs: []int32{7}, Text: "a", Input: 4, Output: 3, Status: 200, Error: CountsError, Done: true, Reuse: true},
	},
	{
		name: "prompt count", bytes: streamHead + chunked(tokenEvent("a", "stop", 7, 8, 9), usageEvent, "[DONE]"), sent: 5,
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: 4, Output: 3, Finish: "stop", Status: 200, Error: CountsError, Done: true, Reuse: true},
	},
	{
		name: "no token", bytes: streamHead + chunked("[DONE]"),
		want: outcome{Input: -1, Output: -1, Status: 200, Error: NoTokenError, Done: true, Reuse: true},
	},
	{
		name: "as many tokens as were asked for", bytes: streamHead + chunked(tokenEvent("a", "length", 7, 8, 9), usageEvent, "[DONE]"), most: 3,
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: 4, Output: 3, Finish: "length", Status: 200, Done: true, Reuse: true},
	},
	{
		name: "more tokens than were asked for, by their ids", bytes: streamHead + chunked(tokenEvent("a", "length", 7, 8, 9), "[DONE]"), most: 2,
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: -1, Output: -1, Finish: "length", Status: 200, Error: LongError, Done: true, Reuse: true},
	},
	{
		name: "more tokens than were asked for, by usage", bytes: streamHead + chunked(tokenEvent("a", "length"), usageEvent, "[DONE]"), most: 2,
		want: outcome{Chunks: 1, Text: "a", Input: 4, Output: 3, Finish: "length", Status: 200, Error: LongError, Done: true, Reuse: true},
	},
	{
		name: "ended by an error", bytes: streamHead + chunked(tokenEvent("a", "error", 7, 8, 9), usageEvent, "[DONE]"),
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: 4, Output: 3, Finish: "error", Status: 200, Error: EngineError, Done: true, Reuse: true},
	},
	{
		name: "aborted with tokens", bytes: streamHead + chunked(tokenEvent("a", "abort", 7, 8, 9), usageEvent, "[DONE]"),
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: 4, Output: 3, Finish: "abort", Status: 200, Error: EngineError, Done: true, Reuse: true},
	},
	{
		name: "no finish reason", bytes: streamHead + chunked(tokenEvent("a", "null", 7, 8, 9), usageEvent, "[DONE]"), most: 3,
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: 4, Output: 3, Status: 200, Error: UnendedError, Done: true, Reuse: true},
	},
	{
		name: "not streamed, no finish reason", whole: true,
		bytes: whole("200 OK", `{"choices":[{"index":0,"text":"abc","finish_reason":null,"token_ids":[7,8,9]}],"usage":{"prompt_tokens":4,"completion_tokens":3}}`),
		want:  outcome{Last: 1, Chunks: 1, IDs: []int32{7, 8, 9}, Text: "abc", Input: 4, Output: 3, Status: 200, Error: UnendedError, Done: true, Reuse: true},
	},
	{
		name: "no end mark", bytes: streamHead + chunked(tokenEvent("a", "stop", 7, 8, 9), usageEvent),
		want: outcome{Chunks: 1, IDs: []int32{7, 8, 9}, Text: "a", Input: 4, Output: 3, Finish: "stop", Status: 200, Error: UnendedError, Done: true, Reuse: true},
	},
	{
		name: "late event", bytes: streamHead + chunked(tokenEvent("a", "stop", 7), "[DONE]", tokenEvent("b", "null", 8)),
		want: outcome{Chunks: 1, IDs: []int32{7}, Text: "a", Input: -1, Output: -1, Finish: "stop", Status: 200, Error: LateError, Done: true, Reuse: true},
	},
	{
		name: "malformed event", bytes: streamHead + chunked(`{"choices":[{"text":"a"]}`, "[DONE]"),
		want: outcome{Input: -1, Output: -1, Status: 200, Error: MalformedError, Done: true, Reuse: true},
	},
	{
		name: "cut short", bytes: strings.TrimSuffix(streamHead+chunked(tokenEvent("a", "null", 7)), "0\r\n\r\n"),
		want: outcome{Chunks: 1, IDs: []int32{7}, Text: "a", Input: -1, Output: -1, Status: 200, Error: BrokenError},
	},
	{
		name: "not HTTP", bytes: "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		want: outcome{Input: -1, Output: -1, Error: ProtocolError, Done: true},
	},
	{
		name: "no event stream", bytes: whole("200 OK", "{}"),
		want: outcome{Input: -1, Output: -1, Status: 200, Error: ProtocolError, Done: true},
	},
	{
		name: "chunk size", bytes: streamHead + "zz\r\n",
		want: outcome{Input: -1, Output: -1, Status: 200, Error: ProtocolError, Done: true},
	},
	{
		name: "chunk too short", bytes: streamHead + "4\r\ndata: x\r\n",
		want: outcome{Input: -1, Output: -1, Status: 200, Error: ProtocolError, Done: true},
	},
	{
		name: "gzip", bytes: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x08",
		want: outcome{Input: -1, Output: -1, Status: 200, Error: ProtocolError, Done: true},
	},
	{
		name:  "byte-order mark, lines that end with CR",
		bytes: strings.Replace(streamHead, "Transfer-Encoding: chunked", "Connection: close", 1) + "\xef\xbb\xbfdata: " + tokenEvent("a", "null", 7) + "\r\rdata: " + tokenEvent("b", "stop", 8) + "\r\n\r: c\rdata: [DONE]\n\n",
		want:  outcome{Chunks: 2, IDs: []int32{7, 8}, Text: "ab", Input: -1, Output: -1, Finish: "stop", Status: 200, AfterClosing: true},
	},
	{
		name: "two lengths", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
		want: outcome{Input: -1, Output: -1, Status: 200, Error: ProtocolError, Done: true},
	},
}

// TestResponse feeds every response whole, byte by byte, and cut in two at every
// place: the outcome must not depend on it.
// An answer is whole where it ends as the request asked, and by no other word in
// whatever case.
func TestFinishReasons(t *testing.T) {
	for finish, ok := range map[string]bool{
		"stop": true, "length": true, "tool_calls": true, "function_call": true, "repetition": true,
		"abort": false, "ABORT": false, "error": false, "Error": false, "cancelled": false, "timeout": false, "content_filter": false, "Stop": false, "not_finished": false, "x": false,
	} {
		for name, protocol := range map[string]Protocol{"completions": Completions, "generate": Generate} {
			data := fmt.Sprintf(`{"choices":[{"text":"a","token_ids":[7],"finish_reason":%q}]}`, finish)
			if protocol == Generate {
				data = fmt.Sprintf(`{"text":"a","output_ids":[7],"meta_info":{"completion_tokens":1,"finish_reason":{"type":%q}}}`, finish)
			}
			a := answer{protocol: protocol, bounds: bounds{tokens: 10}}
			a.reset()
			a.add([]byte(data), 5)
			a.add([]byte("[DONE]"), 6)
			a.finishStream()
			a.check(0, 0)
			if want := map[bool]ErrorClass{true: NoError, false: EngineError}[ok]; a.err != want || a.finish != finish || !ok && !strings.Contains(a.message, "its finish reason is "+strconv.Quote(finish)) {
				t.Errorf("%s, %s: %q, %q %s; want %q", name, finish, a.finish, a.err, a.message, want)
			}
		}
	}
}

func TestResponse(t *testing.T) {
	for _, c := range responses {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Protocol: c.protocol, Stream: !c.whole}
			check := func(how string, pieces []string) {
				t.Helper()
				got := receive(o, pieces, nil, c.sent, c.most)
				want := c.want
				if how != "whole" { // the times depend on the pieces
					got.First, got.Last, want.First, want.Last = 0, 0, 0, 0
				} else if want.Chunks > 0 && !c.whole {
					want.First, want.Last = 1, 1
				} else if want.AfterClosing {
					want.Last = 2
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s (-want +got):\n%s", how, diff)
				}
			}
			check("whole", []string{c.bytes})
			check("byte by byte", strings.Split(c.bytes, ""))
			for i := 1; i < len(c.bytes); i++ {
				check(fmt.Sprintf("cut at %d", i), []string{c.bytes[:i], c.bytes[i:]})
			}
		})
	}
}

// TestFirstTokenTime holds that the first token's time is that of the piece in
// which its event is complete, and that a chat's role is no token.
func TestFirstTokenTime(t *testing.T) {
	for _, c := range []struct {
		name        string
		protocol    Protocol
		pieces      []string
		first, last int
	}{
		{"apart from the head", Completions, []string{streamHead, chunked(tokenEvent("a", "null", 7), tokenEvent("a", "null", 7))}, 2, 2},
		{"empty ids are no token", Completions, []string{
			streamHead + chunk("", ": "),
			chunk("", "\n"+`data: {"choices":[{"text":"a","token_ids":[],"finish_reason":null}]}`+"\n\n"),
			chunk("", `data: {"choices":[{"text":"a","token_ids":[1],"finish_reason":null}]}`+"\n\n"),
		}, 3, 3},
		{"role", Chat, []string{
			streamHead,
			strings.TrimSuffix(chunked(`{"choices":[{"delta":{"role":"assistant","content":""}}]}`), "0\r\n\r\n"),
			strings.TrimSuffix(chunked(`{"choices":[{"delta":{"content":""}}]}`), "0\r\n\r\n"),
			chunked(`{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}`),
		}, 3, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := receive(Options{Protocol: c.protocol, Stream: true}, c.pieces, nil, 0, 0)
			if got.First != c.first || got.Last != c.last {
				t.Errorf("first token in piece %d, last in %d; want %d and %d (%+v)", got.First, got.Last, c.first, c.last, got)
			}
		})
	}
}

func TestBytesAfterTheResponse(t *testing.T) {
	good := streamHead + chunked(tokenEvent("a", "stop", 7), "[DONE]")
	got := receive(Options{Protocol: Completions, Stream: true}, []string{good + "HTTP/1.1 200 OK\r\n"}, nil, 0, 0)
	if got.Error != LateError || got.Reuse {
		t.Errorf("got %+v, want a late error and no further use", got)
	}
}

func TestClosedWithError(t *testing.T) {
	got := receive(Options{Protocol: Completions, Stream: true}, nil, errors.New("connection reset by peer"), 0, 0)
	if got.Error != BrokenError || got.Done {
		t.Errorf("got %+v, want broken", got)
	}
}

// TestLimits holds that what a broken server sends cannot fill the memory.
func TestLimits(t *testing.T) {
	long := strings.Repeat("x", maxHead+1)
	if got := receive(Options{Stream: true}, []string{"HTTP/1.1 200 OK\r\nX: " + long}, nil, 0, 0); got.Error != ProtocolError {
		t.Errorf("endless head: %+v", got)
	}
	var r response
	r.reset(true, 0)
	r.feed([]byte("HTTP/1.1 500 Oops\r\n\r\n"), 0)
	for range 100 {
		r.feed([]byte(long), 0)
	}
	if len(r.body) > maxErrorBody {
		t.Errorf("%d bytes of an error's body kept", len(r.body))
	}
	var e events
	ok := true
	for piece := make([]byte, 1<<20); ok && len(e.line) <= 2*maxEvent; {
		ok = e.feed(piece, func([]byte) {})
	}
	if ok {
		t.Error("an endless line was taken")
	}
}

// A message never shows half of a character; bytes that are none stay visible.
func TestExcerpt(t *testing.T) {
	for text, want := range map[string]string{
		"short":                           `"short"`,
		strings.Repeat("x", 201):          `"` + strings.Repeat("x", 200) + `" and 1 bytes more`,
		strings.Repeat("x", 199) + "€y":   `"` + strings.Repeat("x", 199) + `" and 4 bytes more`,
		strings.Repeat("x", 197) + "€y":   `"` + strings.Repeat("x", 197) + `€" and 1 bytes more`,
		strings.Repeat("x", 197) + "😀":    `"` + strings.Repeat("x", 197) + `" and 4 bytes more`,
		strings.Repeat("\xbf", 201) + "x": `"` + strings.Repeat(`\xbf`, 196) + `" and 6 bytes more`,
	} {
		if got := excerpt([]byte(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// What an engine says of a credential does not get into a record.
func TestExcerptHidesCredentials(t *testing.T) {
	for in, want := range map[string]string{
		`{"error":"Incorrect API key sk-0123456789s3cretWord"}`: `"{\"error\":\"Incorrect API key ***\"}"`,
		"Authorization: Bearer 0123456789s3cretWord":            `"Authorization: Bearer ***"`,
		strings.Repeat("a ", 95) + "sk-0123456789s3cretWord":    `"` + strings.Repeat("a ", 95) + `***"`,
		strings.Repeat("a", 5000):                               `"` + strings.Repeat("a", 200) + `" and 4800 bytes more`,
	} {
		if got := excerpt([]byte(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
