package dataset

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// wantParquet is what testdata/make_parquet.py writes.
func wantParquet() []Sample {
	var want []Sample
	for i := range 50 {
		s := Sample{
			Prompt:          strings.Repeat(fmt.Sprintf("p%d ", i), 20),
			ReferenceTokens: []int32{int32(i), int32(2 * i)},
			Source:          []string{"b", "a"}[i%2],
			Stop:            []string{"x", "y"},
		}
		if i != 7 {
			s.Tokens = []int32{}
		}
		for j := range i % 5 * 30 {
			if i != 7 {
				s.Tokens = append(s.Tokens, int32(i+j))
			}
		}
		if i%3 != 0 {
			s.Reference, _ = text(float64(i) / 4)
			s.Messages = []Message{{Role: "user", Content: fmt.Sprintf("u%d", i)}}[:min(i%3, 1)]
			if i%3 == 2 {
				s.Answer = "a"
			}
		}
		if i%4 != 0 {
			s.MaxTokens = i
		}
		want = append(want, s)
	}
	return want
}

func TestParquet(t *testing.T) {
	dirs := []string{"testdata"}
	if exec.Command("python3", "-c", "import pyarrow").Run() == nil {
		dir := t.TempDir()
		if out, err := exec.Command("python3", "testdata/make_parquet.py", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		paths, _ := filepath.Glob(filepath.Join(dir, "*.parquet"))
		if len(paths) == 0 {
			t.Fatal("no files")
		}
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				set, err := Read(t.Context(), path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(wantParquet(), set.Samples); d != "" {
					t.Error(d)
				}
				if c := set.Columns[0]; c.Type != "list of int64" || c.Role != RoleTokens {
					t.Errorf("column %+v", c)
				}
				set, err = Read(context.Background(), path, Options{Limit: 3, Only: []Role{RolePrompt}})
				if err != nil || set.Len() != 3 || set.Samples[2].Prompt != wantParquet()[2].Prompt {
					t.Errorf("limit: %v, %v", set, err)
				}
			})
		}
	}
}

type parquetRow struct {
	Tokens []int64 `parquet:"tok_input,list,zstd"`
	Prompt string  `parquet:"prompt"`
}

// TestParquetHostile holds that files which decompress to far more than they
// are, or that are damaged anywhere, give errors.
func TestParquetHostile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := parquet.WriteFile(path, []parquetRow{{make([]int64, 9<<20), "p"}}); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() > 64<<10 {
		t.Fatalf("%v, %v: want a small file of many values", st, err)
	}
	if _, err := Read(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "damaged or hostile") {
		t.Errorf("error %v", err)
	}

	if err := parquet.WriteFile(path, []parquetRow{{[]int64{1, 1 << 40}, "p"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), `column "tok_input": row 0, tokens: place 1 holds 1099511627776, want a token id`) {
		t.Errorf("error %v", err)
	}
	good, err := os.ReadFile("testdata/snappy_v1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(good); i += 13 { // any byte wrong: no panic, no endless loop
		bad := append([]byte(nil), good...)
		bad[i] ^= 0xff
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _ = Read(t.Context(), path, Options{})
		if err := os.WriteFile(path, good[:i], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), path, Options{}); err == nil {
			t.Errorf("the first %d bytes of %d read without complaint", i, len(good))
		}
	}
}

// TestCheckPage holds that a page which decompresses to more than its header
// says is refused before the library sees it.
func TestCheckPage(t *testing.T) {
	plain := bytes.Repeat([]byte("a"), 1<<20)
	for _, codec := range []compress.Codec{&parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli, &parquet.Lz4Raw} {
		t.Run(codec.String(), func(t *testing.T) {
			packed, err := codec.Encode(nil, plain)
			if err != nil {
				t.Fatal(err)
			}
			check := func(size int64) error {
				r := bufio.NewReader(bytes.NewReader(packed))
				return checkPage(r, codec.CompressionCodec(), int64(len(packed)), size)
			}
			if err := check(1 << 20); err != nil {
				t.Error(err)
			}
			if err := check(1<<20 - 1); err == nil {
				t.Error("a page that lies about its size is let pass")
			}
		})
	}
}

type chatPart struct {
	Type string  `parquet:"type"`
	Text *string `parquet:"text,optional"`
}

type chatCall struct {
	ID       string `parquet:"id"`
	Function struct {
		Name      string            `parquet:"name"`
		Arguments map[string]string `parquet:"arguments"`
	} `parquet:"function"`
}

type chatTurn struct {
	Role    string     `parquet:"role"`
	Content []chatPart `parquet:"content,optional,list"`
	Calls   []chatCall `parquet:"tool_calls,optional,list"`
	Scores  []int64    `parquet:"scores,list"` // not passed on, so not read
}

type chatRow struct {
	Messages []chatTurn `parquet:"messages,optional,list"`
	Prompt   string     `parquet:"prompt"`
}

func chatRows() []chatRow {
	text := func(s string) chatPart { return chatPart{"text", &s} }
	call := chatCall{ID: "c"}
	call.Function.Name, call.Function.Arguments = "f", map[string]string{"x": "1", "y": "2"}
	return []chatRow{
		{Messages: []chatTurn{{Role: "user", Content: []chatPart{text("a"), {Type: "image"}, text("b")}}}},
		{Prompt: "none"},
		{Messages: []chatTurn{{Role: "system", Content: []chatPart{text("s")}, Scores: []int64{1, 2}}, {Role: "user", Content: []chatPart{text("c")}}, {Role: "assistant", Calls: []chatCall{call, {ID: "d"}}}, {Role: "tool", Content: []chatPart{text("1")}}}},
	}
}

// TestParquetMessages holds that lists and structures inside of messages are put
// together, row groups and nulls between them.
func TestParquetMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := parquet.WriteFile(path, chatRows(), parquet.MaxRowsPerRowGroup(2)); err != nil {
		t.Fatal(err)
	}
	set, err := Read(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{`{"content":[{"text":"a","type":"text"},{"type":"image"},{"text":"b","type":"text"}],"role":"user"}`},
		nil,
		{
			`{"content":[{"text":"s","type":"text"}],"role":"system"}`, `{"content":[{"text":"c","type":"text"}],"role":"user"}`,
			`{"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":{"x":"1","y":"2"},"name":"f"},"id":"c"},{"function":{"arguments":{},"name":""},"id":"d"}]}`,
			`{"content":[{"text":"1","type":"text"}],"role":"tool"}`,
		},
	}
	var got [][]string
	for _, s := range set.Samples {
		var raw []string
		for _, m := range s.Messages {
			raw = append(raw, m.Raw)
		}
		got = append(got, raw)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if m := set.Samples[0].Messages[0]; m.Content != "a\nb" {
		t.Errorf("its text is %q", m.Content)
	}
	set, err = Read(t.Context(), path, Options{Limit: 1})
	if err != nil || set.Len() != 1 || len(set.Samples[0].Messages) != 1 {
		t.Errorf("limit: %v, %v", set, err)
	}
}
