package diag

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const text = "vllm_engine_config:\n  max_num_seq: 256\n\tenforce_eager: Flase # x\r\n  model: 'a b' \n\n\n\n\n\n  TOKEN: secret\n"

func sample() List {
	return List{
		{Pos: Pos{"x.yaml", 2, 3}, Severity: Error, Code: "unknown-key", Key: "vllm_engine_config.max_num_seq", Message: "unknown key max_num_seq, did you mean max_num_seqs", Suggestion: "max_num_seqs"},
		{Pos: Pos{"x.yaml", 3, 17}, Severity: Warning, Code: "bool-text", Message: "Flase", Hint: "write false", Related: []Related{{Pos{"b.yaml", 1, 1}, "first set here"}}},
		{Pos: Pos{"x.yaml", 4, 10}, Severity: Info, Code: "c", Message: "quoted"},
		{Pos: Pos{"x.yaml", 99, 1}, Severity: Error, Code: "c", Message: "behind the end"},
		{Pos: Pos{File: "x.yaml"}, Severity: Error, Code: "c", Message: "whole file"},
		{Pos: Pos{"x.yaml", 10, 3}, Severity: Error, Code: "credential", Message: "TOKEN", Private: true},
		{Severity: Error, Code: "c", Message: "no place, \x1b[31m\nescaped \u202e"},
	}
}

func TestWriteText(t *testing.T) {
	var got bytes.Buffer
	if err := WriteText(&got, sample(), TextOptions{Source: func(file string) []byte {
		if file != "x.yaml" {
			t.Errorf("asked for %s", file)
		}
		return []byte(text)
	}}); err != nil {
		t.Fatal(err)
	}
	want := `x.yaml:2:3: error: unknown key max_num_seq, did you mean max_num_seqs [unknown-key]
    2 |   max_num_seq: 256
      |   ^~~~~~~~~~~
x.yaml:3:17: warning: Flase [bool-text]
    3 |  enforce_eager: Flase # x
      |                 ^~~~~
      = hint: write false
      = b.yaml:1:1: first set here
x.yaml:4:10: info: quoted [c]
    4 |   model: 'a b'
      |          ^~~~~
x.yaml:99:1: error: behind the end [c]
x.yaml: error: whole file [c]
x.yaml:10:3: error: TOKEN [credential]
error: no place, \u001b[31m\u000aescaped \u202e [c]
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWriteTextColor(t *testing.T) {
	var got bytes.Buffer
	if err := WriteText(&got, sample()[:1], TextOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1mx.yaml:2:3\x1b[0m: \x1b[1;31merror\x1b[0m: "; !strings.HasPrefix(got.String(), want) {
		t.Errorf("got %q", got.String())
	}
}

func TestWriteTextLongLine(t *testing.T) {
	line := strings.Repeat("a", 500) + "!" + strings.Repeat("b", 500)
	var got bytes.Buffer
	d := List{{Pos: Pos{"x", 1, 501}, Severity: Error, Code: "c", Message: "m"}}
	if err := WriteText(&got, d, TextOptions{Source: func(string) []byte { return []byte(line) }}); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(got.String(), "\n")
	at := []rune(rows[2])
	if caret := slices.Index(at, '^'); caret < 0 || []rune(rows[1])[caret] != '!' || len(rows[1]) > 200 {
		t.Errorf("caret is not under its place:\n%s", got.String())
	}
}

// FuzzWriteText: no place and no text makes the writer panic or print a control character.
func FuzzWriteText(f *testing.F) {
	f.Add("a: 1\n", 1, 3, "m")
	f.Add("\xff\x00\n", 1, 9, "\x1b")
	f.Fuzz(func(t *testing.T, src string, line, column int, msg string) {
		var got bytes.Buffer
		d := List{{Pos: Pos{msg, line, column}, Severity: Error, Code: "c", Message: msg}}
		if err := WriteText(&got, d, TextOptions{Source: func(string) []byte { return []byte(src) }}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(got.String(), "\x1b\x00\r") {
			t.Errorf("control characters in %q", got.String())
		}
	})
}

func TestWriteJSON(t *testing.T) {
	var got bytes.Buffer
	if err := WriteJSON(&got, sample()[:1]); err != nil {
		t.Fatal(err)
	}
	var parsed any
	if err := json.Unmarshal(got.Bytes(), &parsed); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"diagnostics": []any{map[string]any{
		"file": "x.yaml", "line": 2.0, "column": 3.0, "severity": "error", "code": "unknown-key", "key": "vllm_engine_config.max_num_seq",
		"backend": "", "message": "unknown key max_num_seq, did you mean max_num_seqs", "suggestion": "max_num_seqs",
	}}}
	if diff := cmp.Diff(want, parsed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got.Reset()
	if err := WriteJSON(&got, nil); err != nil || strings.Join(strings.Fields(got.String()), "") != `{"diagnostics":[]}` {
		t.Errorf("no findings give %q (%v)", got.String(), err)
	}
}

func TestSortAndCount(t *testing.T) {
	want := sample()
	want.Sort()
	for seed := range uint64(20) {
		got := append(sample(), sample()...)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		got.Sort()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-want +got)\n%s", seed, diff)
		}
	}
	if got := want.Summary(); got != "5 errors, 1 warning, 1 info" {
		t.Errorf("summary %q", got)
	}
	if List(nil).Summary() != "" || !want.HasErrors() || List(nil).HasErrors() {
		t.Error("summary or HasErrors")
	}
}
