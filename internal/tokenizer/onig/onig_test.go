package onig

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// TestCases compares with what the tokenizers library makes of the same expressions:
// the committed ones, and where Python has the library, new random ones.
func TestCases(t *testing.T) { compare(t, "testdata/cases.jsonl") }

func TestCasesLocal(t *testing.T) {
	python := sharedata.Python(t, "tokenizers")
	compare(t, sharedata.Generate(t, python, "testdata/make_cases.py", filepath.Join(t.TempDir(), "cases.jsonl"), "2", "1500"))
}

func compare(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var equal, refused, failed int
	reasons := map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var c struct {
			Pattern string
			Error   string
			Cases   [][2]json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		e, err := Compile(c.Pattern)
		if err != nil {
			if c.Error == "" {
				refused++
				_, reason, _ := strings.Cut(err.Error()[len(c.Pattern):], ": ")
				reasons[reason]++
			}
			continue
		}
		if c.Error != "" {
			t.Errorf("%q is read, the library says: %s", c.Pattern, c.Error)
			continue
		}
		for _, pair := range c.Cases {
			var text string
			var want, got []string
			if err := json.Unmarshal(pair[0], &text); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(pair[1], &want); err != nil {
				t.Fatal(err)
			}
			err := e.Pieces(text, func(piece string, _ bool) {
				if piece != "" {
					got = append(got, piece)
				}
			})
			if err != nil { // the library bounds the ways that it tries too
				break
			}
			if equal++; !slices.Equal(got, want) {
				if failed++; failed < 12 {
					t.Errorf("%q of %q: %q, want %q", c.Pattern, text, got, want)
				}
				break
			}
		}
	}
	if equal == 0 {
		t.Fatal("no cases")
	}
	t.Logf("%d texts compared, %d expressions refused: %v", equal, refused, reasons)
}

func TestRefused(t *testing.T) {
	tests := []struct{ pattern, want string }{
		{`(a)\1`, `character 4: \1 refers to a group`},
		{`a\Kb`, `character 2: \K is not read here`},
		{`\X`, `\X is not read here`},
		{`(?~ab)`, `the group (?~a is not read`},
		{`(?W:\w)`, `the group (?W: is not read`},
		{`(?i)ß`, "equals several letters"},
		{`(?i:st)`, `ignoring case with "st", which equals one letter`},
		{`\p{Nothing}`, "the property Nothing is not known"},
		{`[[:foo:]]`, "[:foo:] is no POSIX bracket"},
		{`[\w-a]`, "a dash behind a class"},
		{`[b-a]`, "ends before it begins"},
		{`a{3,1}`, "bounds are swapped"},
		{`a{2000}`, "more than 1000 times"},
		{`(?:(?:a{1000}b){1000}){1000}`, "too large"},
		{`(?<=a+)b`, "look-behind without a bound"},
		{`[a`, "a class that is not closed"},
		{`(a`, "a parenthesis that is not closed"},
		{`a)`, "character 2: a closing parenthesis"},
		{`*`, "a repetition of nothing"},
		{strings.Repeat("(", 100), "nested too deep"},
	}
	for _, tt := range tests {
		if _, err := Compile(tt.pattern); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.pattern, err, tt.want)
		}
	}
}

// TestSteps holds that an expression that tries every way ends with an error.
func TestSteps(t *testing.T) {
	e, err := Compile("(?:a|aa)+$b|(?:(?:a*)*c)*d")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.Find(strings.Repeat("a", 60), 0); err == nil || !strings.Contains(err.Error(), "steps") {
		t.Errorf("error %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`(?i:'s|'t)|[^\r\n\p{L}&&[^a]]?+(?<=a|b)\p{L}++|(?:a*)*$|\s+(?!\S)`, "it's a b")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		e, err := Compile(pattern)
		if err != nil || len(text) > 40 {
			return
		}
		var all strings.Builder
		if e.Pieces(text, func(piece string, _ bool) { all.WriteString(piece) }) == nil && all.String() != text {
			t.Errorf("%q of %q: pieces make %q", pattern, text, all.String())
		}
	})
}

func BenchmarkPieces(b *testing.B) {
	e, err := Compile(`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`)
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("The quick brown fox jumps over 12345 lazy dogs, and it doesn't care.\n", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := e.Pieces(text, func(string, bool) {}); err != nil {
			b.Fatal(err)
		}
	}
}
