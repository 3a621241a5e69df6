package punkt

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"

	"github.com/google/go-cmp/cmp"
)

// TestSplit compares with what NLTK makes of the same texts with a model that
// testdata/make_sentences.py trained; where Python has NLTK, with new random
// texts too, and with NLTK's own English model if it is installed.
func TestSplit(t *testing.T) {
	for _, name := range []string{"quotes-3.8.json", "quotes-3.10.json"} {
		if _, err := os.Stat(filepath.Join("testdata", name)); err != nil {
			t.Fatal(err)
		}
	}
	compareFolder(t, "testdata")
}

func TestSplitLocal(t *testing.T) {
	python := sharedata.Python(t, "nltk")
	models := []string{""}
	if english := Find(); english != "" {
		models = append(models, english)
	}
	for _, model := range models {
		args := []string{"5", "1500"}
		if model != "" {
			args = append(args, model)
		}
		compareFolder(t, sharedata.Generate(t, python, "testdata/make_sentences.py", t.TempDir(), args...))
	}
}

func compareFolder(t *testing.T, dir string) {
	s, err := Open(filepath.Join(dir, "model"))
	if err != nil {
		t.Fatal(err)
	}
	compareFile(t, s, filepath.Join(dir, "cases.json"))
	compareFile(t, s.With(NLTK310), filepath.Join(dir, "cases.json")) // they hold no quotes of which the rules differ
	for _, r := range []Rules{NLTK38, NLTK310} {
		path := filepath.Join(dir, "quotes"+strings.TrimPrefix(string(r), "nltk")+".json")
		if _, err := os.Stat(path); err == nil { // one NLTK writes one of the two
			compareFile(t, s.With(r), path)
		}
	}
}

func compareFile(t *testing.T, s *Splitter, path string) {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text      string
		Sentences []string
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, c := range cases {
		got := s.Split(c.Text)
		if d := cmp.Diff(strings.Join(c.Sentences, "|"), strings.Join(got, "|")); d != "" && failed < 10 {
			failed++
			t.Errorf("%s: %q:\n%s", s.Rules(), c.Text, d)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err == nil {
		t.Error("an empty folder is a model")
	}
	for _, n := range []string{"abbrev_types.txt", "sent_starters.txt", "collocations.tab"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte("a\tb\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ortho_context.tab"), []byte("a\t4\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "ortho_context.tab: line 2: want a word, a tab and a number") {
		t.Errorf("error %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	root := t.TempDir()
	dir := filepath.Join(root, "tokenizers", "punkt_tab", "english")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ortho_context.tab"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NLTK_DATA", t.TempDir()+string(os.PathListSeparator)+root)
	if got := Find(); got != dir {
		t.Errorf("%q, want %q", got, dir)
	}
}

func FuzzSplit(f *testing.F) {
	s, err := Open("testdata/model")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Dr. Smith left. \"He did.\" (Yes.) . . . J. Bach")
	f.Add(".)\" --")
	f.Fuzz(func(t *testing.T, text string) {
		// Nothing but blanks may be lost.
		keep := func(s string) string {
			return strings.Join(strings.FieldsFunc(s, space), "")
		}
		if got, want := keep(strings.Join(s.Split(text), " ")), keep(string([]rune(text))); len(got) > len(want) {
			t.Errorf("%q became longer: %q", text, got)
		}
	})
}
