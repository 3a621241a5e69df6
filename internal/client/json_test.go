package client

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// seeds are events of engines, and things that could mislead a reader of them.
var seeds = []string{
	tokenEvent("a", "stop", 1, 2), tokenEvent("\\\"\n", "null"), usageEvent,
	`{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`,
	`{"choices":[{"index":0,"delta":{"content":"x","reasoning_content":null,"tool_calls":[{}]},"finish_reason":null}],"usage":null}`,
	`{"choices":[{"message":{"role":"assistant","content":"abc"},"token_ids":[1,-2,3.0],"finish_reason":{"type":"length"}}]}`,
	`{"text":"abc","output_ids":[7,8],"meta_info":{"prompt_tokens":4,"completion_tokens":2,"finish_reason":{"type":"length","length":2}}}`,
	`{"text":"","output_ids":[],"meta_info":{"id":"x","finish_reason":"stop","e2e_latency":1.5e-3}}`,
	`{"error":{"message":"no","code":400}}`, `{"error":null}`, `{"object":"error","message":"x"}`, `{"error":"no"}`,
	`{"\u0075sage":{"prompt\u005ftokens":1,"completion_tokens":2}}`, `{"ch\oices":[]}`,
	`{"choices":[{"text":"{\"usage\":{\"completion_tokens\":9}}","logprobs":{"a":[1,{"b":[]}]}}]}`,
	`{"choices":[[1]],"usage":[{"completion_tokens":3}]}`, `{"choices":{"text":"a"}}`, `{"choices":[null,{"text":"b"}]}`,
	`{"usage":{"prompt_tokens":-1,"completion_tokens":99999999999999999999}}`, `{"usage":{"completion_tokens":01}}`,
	` { } `, `{}x`, `{"a":1,}`, `{,}`, `[]`, `{"a":[1,]}`, `{"a":"\ud83d\ude00\ud83d\u00zz"}`, "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", `{"a":tru}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":1E+2}`,
}

// TestSkip holds that the scanner takes what encoding/json takes.
func TestSkip(t *testing.T) {
	for _, text := range append(seeds, `"a"`, `1`, `-0`, `[[],{"a":{}}]`, `nul`, ``, ` `, `{"a"}`, `["a":1]`, `]`, `[1 2]`, `"\u12"`, `"abcdefghijkl\`) {
		s := scanner{b: []byte(text)}
		if got, want := s.skip() && s.end(), json.Valid([]byte(text)); got != want {
			t.Errorf("%q: %t, encoding/json says %t", text, got, want)
		}
	}
	deep := strings.Repeat("[", maxDepth+1)
	s := scanner{b: []byte(deep)}
	if s.skip() {
		t.Error("no limit of depth")
	}
}

func FuzzSkip(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := scanner{b: data}
		if got, want := s.skip() && s.end(), json.Valid(data); got != want && depth(data) < maxDepth {
			t.Fatalf("%q: %t, encoding/json says %t", data, got, want)
		}
	})
}

// FuzzEvent compares what is read with what encoding/json finds.
func FuzzEvent(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, generate bool) {
		got := event{most: 1 << 20}
		read := got.openAI
		if generate {
			read = got.generate
		}
		ok := read(data, true)
		var top map[string]any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		wantOK := json.Valid(data) && d.Decode(&top) == nil && top != nil
		if depth(data) >= maxDepth-8 || repeated(data) {
			return // refused, or the last one counts, which a map cannot tell
		}
		if ok != wantOK {
			t.Fatalf("%q: %t, encoding/json says %t", data, ok, wantOK)
		}
		if !ok {
			return
		}
		want := reference(top, generate)
		if want.skip {
			return
		}
		if got.choice != want.choice || got.hasIDs != want.hasIDs || got.finish != want.finish || got.failed != want.failed ||
			got.prompt != want.prompt || got.completion != want.completion ||
			!(len(got.ids) == 0 && len(want.ids) == 0 || equal(got.ids, want.ids)) || string([]rune(string(got.text))) != want.text {
			t.Fatalf("%q:\n got %+v, text %q\nwant %+v", data, got, got.text, want)
		}
	})
}

func equal(a, b []int32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// expected is an event as encoding/json sees it.
type expected struct {
	choice, hasIDs, failed, skip bool
	finish, text                 string
	prompt, completion           int64
	ids                          []int32
}

func reference(top map[string]any, generate bool) expected {
	e := expected{prompt: -1, completion: -1}
	e.failed = top["error"] != nil
	counts := func(v any) {
		m, _ := v.(map[string]any)
		e.prompt, e.completion = countOf(m["prompt_tokens"]), countOf(m["completion_tokens"])
	}
	finish := func(v any) {
		if m, ok := v.(map[string]any); ok {
			v = m["type"]
		}
		s, _ := v.(string)
		e.finish = s
		e.skip = e.skip || len(s) > 64 || !json.Valid([]byte(strconv.Quote(s)))
	}
	if generate {
		e.text, _ = top["text"].(string)
		e.ids, e.hasIDs = idsOf(top["output_ids"])
		counts(top["meta_info"])
		m, _ := top["meta_info"].(map[string]any)
		finish(m["finish_reason"])
		e.choice = e.hasIDs || e.completion >= 0
		return e
	}
	e.failed = e.failed || top["object"] == "error"
	counts(top["usage"])
	choices, _ := top["choices"].([]any)
	if len(choices) == 0 {
		return e
	}
	c, ok := choices[0].(map[string]any)
	if !ok {
		return e
	}
	e.choice = true
	e.ids, e.hasIDs = idsOf(c["token_ids"])
	finish(c["finish_reason"])
	texts := 0
	if v, ok := c["text"]; ok {
		texts++
		e.text, _ = v.(string)
	}
	for _, name := range []string{"delta", "message"} {
		if v, ok := c[name]; ok {
			texts++
			m, _ := v.(map[string]any)
			e.text, _ = m["content"].(string)
		}
	}
	e.skip = e.skip || texts > 1
	return e
}

func countOf(v any) int64 {
	n, ok := v.(json.Number)
	if !ok {
		return -1
	}
	i, err := strconv.ParseInt(n.String(), 10, 32)
	if err != nil || i < 0 {
		return -1
	}
	return i
}

func idsOf(v any) ([]int32, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	var ids []int32
	for _, v := range list {
		n, ok := v.(json.Number)
		if !ok {
			return nil, false
		}
		i, err := strconv.ParseInt(n.String(), 10, 32)
		if err != nil {
			return nil, false
		}
		ids = append(ids, int32(i))
	}
	return ids, true
}

// depth is how deep brackets nest, those in strings included.
func depth(data []byte) int {
	at, most := 0, 0
	for _, c := range data {
		switch c {
		case '{', '[':
			at++
			most = max(most, at)
		case '}', ']':
			at--
		}
	}
	return most
}

// repeated reports whether an object of data, which is valid JSON, has a key twice.
func repeated(data []byte) bool {
	if !json.Valid(data) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var walk func() bool
	walk = func() (found bool) {
		t, err := d.Token()
		open, ok := t.(json.Delim)
		if err != nil || !ok {
			return false
		}
		seen := map[any]bool{}
		for d.More() {
			if open == '{' {
				key, _ := d.Token()
				found = found || seen[key]
				seen[key] = true
			}
			found = walk() || found
		}
		_, _ = d.Token()
		return found
	}
	return walk()
}

func BenchmarkEvent(b *testing.B) {
	data := []byte(`{"id":"cmpl-4cf0a7e1d3b74a0e9c1f6a2b8d5e7f90","object":"text_completion","created":1763900000,"model":"mock","choices":[{"index":0,"text":" t17","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":[1017]}]}`)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	e := event{most: 1 << 20}
	for b.Loop() {
		if !e.openAI(data, false) {
			b.Fatal("not read")
		}
	}
}

func BenchmarkResponse(b *testing.B) {
	var events []string
	for i := range 128 {
		events = append(events, tokenEvent(" t", "null", i))
	}
	data := []byte(streamHead + chunked(append(events, tokenEvent("", "length"), `{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":128}}`, "[DONE]")...))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var r response
	for b.Loop() {
		r.reset(true, 0)
		r.feed(data, 1)
		if r.answer.check(4, 128); r.answer.err != NoError {
			b.Fatal(r.answer.message)
		}
	}
}
