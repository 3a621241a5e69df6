package tokenizer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mlcfg/tools/sharedata"
)

// TestPublished compares with what the tokenizers library makes of 4,600 texts with the
// published files that TOKENIZER_FILES lists (a path list of tokenizer.json).
// scripts/formats.sh fetches them and runs it.
func TestPublished(t *testing.T) {
	paths := filepath.SplitList(os.Getenv("TOKENIZER_FILES"))
	if len(paths) == 0 {
		t.Skip("TOKENIZER_FILES names no files")
	}
	python := sharedata.Python(t, "tokenizers")
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tok, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			out := sharedata.Generate(t, python, "testdata/make_ids.py", filepath.Join(t.TempDir(), "ids.jsonl"), path, "1", "4600")
			comparePublished(t, tok, out)
		})
	}
}

func comparePublished(t *testing.T, tok *Tokenizer, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	texts, differ := 0, 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for ; lines.Scan(); texts++ {
		var text, decoded string
		var want []int32
		var row [3]json.RawMessage
		err := json.Unmarshal(lines.Bytes(), &row)
		for i, to := range []any{&text, &want, &decoded} {
			if err == nil {
				err = json.Unmarshal(row[i], to)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := tok.Encode(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if back := tok.Decode(want, false); !slices.Equal(got, want) || back != decoded {
			if differ++; differ <= 5 {
				t.Errorf("%+q: ids %v, want %v; decoded %+q, want %+q", text, got, want, back, decoded)
			}
		}
	}
	t.Logf("%d texts, %d differ", texts, differ)
	if texts == 0 {
		t.Error("no texts")
	}
}
