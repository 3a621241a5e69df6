package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

const jsonl = `{"tok_input": [1, 2,3], "input": "a", "gt_output": 18, "dataset": "GSM8K", "max_tokens": 5, "stop_sequence": "</s>"}

{"question": "later", "input": "b", "output": "x", "extra": {"a": [1, {"b": null}]}, "messages": [{"role": "user", "content": "hé"}]}
{"prompt": "c", "text": {"output": "deep"}, "stop": ["p", "q"], "gt_output": 0.5, "tok_input": []}
`

var wantJSONL = []Sample{
	{Tokens: []int32{1, 2, 3}, Prompt: "a", Reference: "18", Source: "GSM8K", MaxTokens: 5, Stop: []string{"</s>"}},
	{Prompt: "b", Reference: "x", Messages: []Message{{Role: "user", Content: "hé"}}},
	{Prompt: "c", Reference: "0.5", Stop: []string{"p", "q"}, Tokens: []int32{}},
}

func TestFormats(t *testing.T) {
	records := "[" + strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(jsonl, "\n\n", "\n")), "\n", ",\n") + "]"
	two := []Sample{{Tokens: []int32{1, 2}, Reference: "p"}, {Tokens: []int32{3}, Reference: "q"}}
	tests := []struct {
		name, file, text, format string
		want                     []Sample
	}{
		{"json lines", "x.jsonl", jsonl, "jsonl", wantJSONL},
		{"byte order mark", "x.jsonl", "\xef\xbb\xbf" + jsonl, "jsonl", wantJSONL},
		{"windows line ends", "x.jsonl", strings.ReplaceAll(jsonl, "\n", "\r\n"), "jsonl", wantJSONL},
		{"compressed", "x.jsonl.gz", gzipped(jsonl), "jsonl", wantJSONL},
		{"no extension", "x", jsonl, "jsonl", wantJSONL},
		{"objects in a .json", "x.json", jsonl, "json", wantJSONL},
		{"array", "x.json", records, "json", wantJSONL},
		{"columns", "x.json", `{"tok_input": {"0": [1, 2], "1": [3]}, "n": {"0": 1, "1": 2}, "output": {"0": "p", "1": "q"}}`, "json", two},
		{"preferred column later", "x.json", `{"output": {"0": "no", "1": "no"}, "gt_output": {"0": "p", "1": "q"}, "tok_input": {"0": [1, 2], "1": [3]}}`, "json", two},
	}
	csv := "tok_input,output,extra,messages\n\"[1, 2]\",p,,\n[3],\"q\",z,\n"
	tests = append(tests, []struct {
		name, file, text, format string
		want                     []Sample
	}{
		{"csv", "x.csv", csv, "csv", two},
		{"csv with byte order mark", "x.csv", "\xef\xbb\xbf" + csv, "csv", two},
		{"csv compressed", "x.csv.gz", gzipped(csv), "csv", two},
		{"tsv", "x.tsv", "tok_input\toutput\n1 2\tp\n3\tq\n", "csv", two},
		{
			"csv messages", "x.csv", "messages,prompt\n\"[{\"\"from\"\": \"\"human\"\", \"\"value\"\": \"\"h\"\"}]\",\"a\nb\"\n", "csv",
			[]Sample{{Prompt: "a\nb", Messages: []Message{{Role: "user", Content: "h"}}}},
		},
	}...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := Read(t.Context(), write(t, tt.file, tt.text), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if set.Format != tt.format {
				t.Errorf("format %s, want %s", set.Format, tt.format)
			}
			if d := cmp.Diff(tt.want, set.Samples); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"line", "x.jsonl", "{\"input\": \"a\"}\n{\"input\": }\n", "line 2: "},
		{"no object", "x.jsonl", "[1]\n", "line 1: a value of kind ["},
		{"two values", "x.jsonl", `{"input": "a"} {"input": "b"}`, "line 1: more than one value"},
		{"wrong type", "x.jsonl", `{"tok_input": ["a"]}`, `line 1: key "tok_input", tokens: place 0 holds the text "a", want a token id`},
		{"negative", "x.jsonl", `{"tok_input": [4, -1]}`, "token id -1 at place 1 is negative"},
		{"too large", "x.jsonl", `{"tok_input": [3000000000]}`, "place 0 holds 3000000000, want a token id"},
		{"no prompt column", "x.jsonl", `{"a": 1}`, "no column holds prompts: found a;"},
		{"cut short", "x.json", `[{"input": "a"}, {"inp`, "element 1 (byte "},
		{"empty", "x.jsonl", "\n", "it holds no samples"},
		{"nested", "x.jsonl", `{"messages": ` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`, "nested more than 16 deep"},
		{"unknown format", "x.bin", "hello", "the format is not known"},
		{"rows differ", "x.json", `{"input": {"0": "a", "1": "b"}, "output": {"0": "c"}}`, `column "output" has 1 rows, those before it 2`},
		{"csv place", "x.csv", "prompt,tok_input\n\"a\nb\",1 2\nc,x y\n", `line 4, column 3: key "tok_input", tokens: the text "x y", want a list of token ids`},
		{"csv list cut short", "x.csv", "tok_input\n[1 2 ... 9 10]\n", "was cut short (...)"},
		{"csv fields", "x.csv", "prompt,b\na\n", "line 2: 1 cells, the header has 2"},
		{"csv quote", "x.csv", "prompt\n\"a\n", "line 2, column 1: a quoted cell that is not closed"},
		{"csv same name", "x.csv", "prompt,prompt\na,b\n", "line 1: two columns are named \"prompt\""},
		{"csv header", "x.csv", "", "line 1: no header"},
		{"parquet cut", "x.parquet", "PAR1\xff\xff\xff\x0fPAR1", "a footer of 268435455 bytes in a file of 12"},
		{"not gzip", "x.jsonl", "\x1f\x8b123", "decompressing"},
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

func TestOptions(t *testing.T) {
	ctx := context.Background()
	path := write(t, "x.jsonl", jsonl)
	set, err := Read(ctx, path, Options{Only: []Role{RolePrompt}, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Sample{{Prompt: "a"}, {Prompt: "b"}}, set.Samples); d != "" {
		t.Error(d)
	}
	set, err = Read(ctx, write(t, "y.jsonl", `{"mine": "q", "input": "not this"}`), Options{Columns: map[Role]string{RolePrompt: "mine"}})
	if err != nil {
		t.Fatal(err)
	}
	if set.Samples[0].Prompt != "q" {
		t.Errorf("prompt %q, want q", set.Samples[0].Prompt)
	}
}

// TestPickle reads the frames that package pandas keeps as test data.
func TestPickle(t *testing.T) {
	paths, _ := filepath.Glob("pandas/testdata/*_mlperf_*.pkl")
	if len(paths) == 0 {
		t.Fatal("no pickles")
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, write(t, "x.pkl.gz", gzipped(string(raw)))} {
			t.Run(filepath.Base(name), func(t *testing.T) { checkMLPerf(t, name) })
		}
	}
}

func checkMLPerf(t *testing.T, path string) {
	opt := Options{AllowEmpty: true}
	_, err := Read(context.Background(), path, opt)
	if err == nil || !strings.Contains(err.Error(), `row 1, column "tok_input", tokens: token id -1 at place 1 is negative`) {
		t.Fatalf("error %v, want one about the negative token id", err)
	}
	opt.Columns = map[Role]string{RoleTokens: "tok_tuple", RolePrompt: "question"}
	set, err := Read(context.Background(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	if set.Len() != 4 || set.Format != "pickle" {
		t.Fatalf("%d samples of %s", set.Len(), set.Format)
	}
	if d := cmp.Diff([]int32{4, 5, 6}, set.Samples[3].Tokens); d != "" {
		t.Error(d)
	}
	s := set.Samples[1]
	if s.Prompt != "héllo 世界 😀" || s.Reference != "3.5" || s.Source != "OpenOrca" || s.ID != "flan.2" {
		t.Errorf("sample 1: %+v", s)
	}
	if m := set.Samples[0].Messages; len(m) != 1 || m[0].Role != "user" || set.Samples[0].Answer != "ok" {
		t.Errorf("messages %v, answer %q", m, set.Samples[0].Answer)
	}
	if len(set.Notes) != 2 || !strings.Contains(set.Notes[0], "4 samples have another number of token ids") {
		t.Errorf("notes %q", set.Notes)
	}
	for _, c := range set.Columns {
		if c.Name == "tok_tuple" && (c.Role != RoleTokens || c.Type != "object") {
			t.Errorf("column %+v", c)
		}
	}
}
