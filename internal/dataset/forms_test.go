package dataset

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// TestForms holds the forms in which benchmarks, pandas and people write data sets.
func TestForms(t *testing.T) {
	user := func(text string) []Message { return []Message{{Role: "user", Content: text}} }
	tests := []struct {
		name, file, text string
		want             []Sample
	}{
		{"vllm custom", "x.jsonl", `{"prompt": "a", "output_tokens": 5}`, []Sample{{Prompt: "a", MaxTokens: 5}}},
		{"vllm custom, ids", "x.jsonl", `{"prompt": [1, 2], "output_tokens": 5}`, []Sample{{Tokens: []int32{1, 2}, MaxTokens: 5}}},
		{"reference ids", "x.jsonl", `{"prompt": "a", "output_tokens": [5, 6]}`, []Sample{{Prompt: "a", ReferenceTokens: []int32{5, 6}}}},
		{"both", "x.jsonl", `{"prompt": "a", "max_tokens": 7, "output_tokens": 5}`, []Sample{{Prompt: "a", MaxTokens: 7}}},
		{"vllm, csv", "x.csv", "prompt,output_tokens\na,5\n", []Sample{{Prompt: "a", MaxTokens: 5}}},
		{"aiperf", "x.jsonl", `{"text": "a", "output_length": 9, "input_length": 1}`, []Sample{{Prompt: "a", MaxTokens: 9}}},
		{"guidellm", "x.jsonl", `{"prompt": "a", "output_tokens_count": 9, "prompt_tokens_count": 3}`, []Sample{{Prompt: "a", MaxTokens: 9}}},
		{"vllm request", "x.jsonl", `{"prompt": "a", "expected_output_len": 9}`, []Sample{{Prompt: "a", MaxTokens: 9}}},
		{
			"openai batch", "x.jsonl", `{"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": "a"}], "max_tokens": 4}}`,
			[]Sample{{ID: "r1", Messages: user("a"), MaxTokens: 4}},
		},
		{
			"sharegpt", "x.json", `[{"id": "i", "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "q"}, {"from": "gpt", "value": "an answer"}, {"from": "human", "value": "more"}]}]`,
			[]Sample{{ID: "i", Messages: user("q"), Answer: "an answer"}},
		},
		{
			"recorded answer", "x.jsonl", `{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}`,
			[]Sample{{Messages: []Message{{Role: "user", Content: "q"}, {Role: "assistant", Content: "b"}, {Role: "user", Content: "c"}}, Answer: "d"}},
		},
		{
			"parts", "x.jsonl", `{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:"}, "text": null}, {"type": "text", "text": "b"}]}]}`,
			[]Sample{{Messages: []Message{{Role: "user", Content: "a\nb", Raw: `{"content":[{"text":"a","type":"text"},{"image_url":{"url":"data:"},"type":"image_url"},{"text":"b","type":"text"}],"role":"user"}`}}}},
		},
		{
			"tool calls", "x.jsonl", `{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c", "content": "1", "weight": 0}]}`,
			[]Sample{{Messages: []Message{
				{Role: "assistant", Raw: `{"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{}","name":"f"},"id":"c","type":"function"}]}`},
				{Role: "tool", Content: "1", Raw: `{"content":"1","role":"tool","tool_call_id":"c"}`},
			}}},
		},
		{"empty fields", "x.jsonl", `{"messages": [{"role": "user", "content": "a", "tool_calls": null, "name": null}]}`, []Sample{{Messages: user("a")}}},
		{"messages as python prints them", "x.csv", "messages\n\"[{'role': 'user', 'content': \"\"it's\"\"}]\"\n", []Sample{{Messages: user("it's")}}},
		{"messages as json in json", "x.jsonl", `{"messages": "[{\"role\": \"user\", \"content\": \"a\"}]"}`, []Sample{{Messages: user("a")}}},
		{"line ends in csv", "x.csv", "prompt\r\n\"a\r\nb\rc\nd\"\r\n", []Sample{{Prompt: "a\r\nb\rc\nd"}}},
		{"old line ends", "x.csv", "prompt,output\ra,b\rc,d\r", []Sample{{Prompt: "a", Reference: "b"}, {Prompt: "c", Reference: "d"}}},
		{"quotes in csv", "x.csv", "prompt,output\na 5\" pipe,\"say \"\"x\"\"\"\n\n", []Sample{{Prompt: `a 5" pipe`, Reference: `say "x"`}}},
		{"floats", "x.csv", "prompt,max_tokens\na,5.0\nb,\n", []Sample{{Prompt: "a", MaxTokens: 5}, {Prompt: "b"}}},
		{"numpy's numbers", "x.csv", "tok_input\n\"[np.int64(5), np.int64(6)]\"\n", []Sample{{Tokens: []int32{5, 6}}}},
		{"key twice", "x.jsonl", `{"prompt": "first", "prompt": "last", "Prompt": "other"}`, []Sample{{Prompt: "last"}}},
		{"key twice, then nothing", "x.jsonl", `{"question": "q", "messages": [{"role": "user", "content": "a"}], "messages": null}`, []Sample{{Prompt: "q"}}},
		{"column twice", "x.json", `{"prompt": {"0": "first", "1": "x"}, "prompt": {"0": "last", "1": null}, "output": {"0": "o", "1": "p"}}`, []Sample{{Prompt: "last", Reference: "o"}}},
		{"not a number", "x.jsonl", `{"prompt": "NaN \"-Infinity", "score": NaN, "more": [Infinity, -Infinity, -1], "max_tokens": NaN}`, []Sample{{Prompt: `NaN "-Infinity`}}},
		{"not a number, array", "x.json", `[{"prompt": "a", "score": NaN}, {"prompt": "b\\", "score": -Infinity}]`, []Sample{{Prompt: "a"}, {Prompt: `b\`}}},
		{"an empty row", "x.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"\"}\n{\"prompt\": \"c\"}\n", []Sample{{Prompt: "a"}, {Prompt: "c"}}},
		{"orient index", "x.json", `{"0": {"prompt": "a", "max_tokens": 3}, "1": {"prompt": "b", "max_tokens": 4}}`, []Sample{{Prompt: "a", MaxTokens: 3}, {Prompt: "b", MaxTokens: 4}}},
		{"orient split", "x.json", `{"columns": ["prompt", "n", "max_tokens"], "index": [0, 1], "data": [["a", null, 3], ["b", 1.5, null]]}`, []Sample{{Prompt: "a", MaxTokens: 3}, {Prompt: "b"}}},
		{"orient table", "x.json", `{"schema": {"fields": [{"name": "prompt", "type": "string"}]}, "data": [{"index": 0, "prompt": "a"}]}`, []Sample{{Prompt: "a"}}},
		{"zstd", "x.jsonl.zst", packed(t, "zst", `{"prompt": "a"}`), []Sample{{Prompt: "a"}}},
		{"xz", "x.csv.xz", packed(t, "xz", "prompt\na\n"), []Sample{{Prompt: "a"}}},
		{"bzip2", "x.jsonl.bz2", bzip2Line, []Sample{{Prompt: "a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := Read(t.Context(), write(t, tt.file, tt.text), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, set.Samples); d != "" {
				t.Error(d)
			}
		})
	}
}

// bzip2Line is {"prompt": "a"} and a line end.
const bzip2Line = "BZh91AY&SY\xf4\xacJ\xb0\x00\x00\x07Y\x80\x00\x10P\x00\x00\x10 \x02\xd4\x0a \x00\x22\x00\x98z\xa1\x03@\xd0'\xa4\xbbM\x1f\x84#\xe2\xeeH\xa7\x0a\x12\x1e\x95\x89V\x00"

func packed(t *testing.T, how, text string) string {
	var b bytes.Buffer
	var err error
	switch how {
	case "zst":
		var z *zstd.Encoder
		if z, err = zstd.NewWriter(&b); err == nil {
			_, _ = z.Write([]byte(text))
			err = z.Close()
		}
	case "xz":
		var z *xz.Writer
		if z, err = xz.NewWriter(&b); err == nil {
			_, _ = z.Write([]byte(text))
			err = z.Close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRefusedForms(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"latin-1", "x.csv", "prompt,x\nok,1\ncaf\xe9,2\n", `line 3, column 1: key "prompt", prompt: byte 4 of the text, 0xe9, is not UTF-8 (Latin-1 or the like?)`},
		{"latin-1 header", "x.csv", "prompt,caf\xe9\n", "line 1: the name of column 2: byte 4"},
		{"utf-16", "x.csv", "\xff\xfep\x00", "the text is UTF-16"},
		{"values", "x.json", `[["a", 1]]`, `pandas' orient="values"`},
		{"index", "x.json", `{"0": {"prompt": "a", "max_tokens": 3}, "1": {"prompt": "b", "max_tokens": "x"}}`, `row "1" (byte 78): key "max_tokens"`},
		{"all empty", "x.jsonl", `{"prompt": ""}`, "no column holds prompts"},
		{"split, two of a name", "x.json", `{"columns": ["a", "a"], "data": []}`, "one name"},
		{"behind a quote", "x.csv", "prompt\n\"a\"b\n", "line 2, column 4: 'b' behind a closing quote"},
		{"null content", "x.jsonl", `{"messages": [{"role": "user", "content": null}]}`, "message 0: want role and content as texts, and content is nothing"},
		{"part", "x.jsonl", `{"messages": [{"role": "user", "content": ["a"]}]}`, `part 0 of its content is the text "a", want an object`},
		{"cut zstd", "x.jsonl.zst", packed(t, "zst", strings.Repeat(`{"prompt": "a"}`+"\n", 100))[:30], "line 1: "},
		{"python", "x.csv", "messages\n\"[{'role': user}]\"\n", "want a JSON list of messages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(t.Context(), write(t, tt.file, tt.text), Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestLeftOut holds that rows without prompts are counted, and refused where that is
// asked for, and that what a run reads has the same rows as what scores it.
func TestLeftOut(t *testing.T) {
	path := write(t, "x.jsonl", "{\"input\": \"a\", \"output\": \"x\"}\n{\"b\": 1, \"output\": \"y\"}\n{\"input\": \"c\", \"output\": \"z\"}\n")
	set, err := Read(t.Context(), path, Options{AllowEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Notes) != 1 || set.Notes[0] != "1 of 3 rows have neither token ids nor text and are left out, the first is row 1" || set.Samples[1].Reference != "z" {
		t.Errorf("notes %q, samples %v", set.Notes, set.Samples)
	}
	if _, err := Read(t.Context(), path, Options{Strict: true}); err == nil || !strings.Contains(err.Error(), "sample 1 has neither token ids nor text (1 of 3 samples have none)") {
		t.Errorf("error %v", err)
	}
}

// TestOutputTokens holds that a run, which asks for no reference ids, reads the number of
// output tokens where they may stand, and passes over ids.
func TestOutputTokens(t *testing.T) {
	set, err := Read(t.Context(), write(t, "x.jsonl", "{\"prompt\": \"a\", \"output_tokens\": 5}\n{\"prompt\": \"b\", \"output_tokens\": [1, 2]}"), Options{Only: RequestRoles()})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Sample{{Prompt: "a", MaxTokens: 5}, {Prompt: "b"}}, set.Samples); d != "" {
		t.Error(d)
	}
	if c := set.Columns[1]; c.Role != RoleMaxTokens {
		t.Errorf("column %+v", c)
	}
}

type wordIDs struct{}

func (wordIDs) Encode(text string, special bool) ([]int32, error) {
	n := len(strings.Fields(text))
	if special {
		n++
	}
	return make([]int32, n), nil
}

// TestAnswers holds that the answer's length becomes the output's.
func TestAnswers(t *testing.T) {
	set := &Set{Samples: []Sample{
		{Messages: []Message{{Role: "user", Content: "q"}}, Answer: "three words here"},
		{Messages: []Message{{Role: "user", Content: "q"}}, Answer: "two words", MaxTokens: 50},
		{Prompt: "a b"},
	}}
	if n := set.Answers(); n != 1 {
		t.Errorf("%d answers", n)
	}
	n, err := set.Tokenize(context.Background(), wordIDs{}, true)
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if a, b := set.Samples[0].MaxTokens, set.Samples[1].MaxTokens; a != 4 || b != 50 || set.Answers() != 0 || set.Samples[0].Tokens != nil || len(set.Samples[2].Tokens) != 3 {
		t.Errorf("%+v", set.Samples)
	}
}
