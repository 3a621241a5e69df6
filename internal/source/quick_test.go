package source

import (
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestQuick holds that what is written by hand is read the quick way.
func TestQuick(t *testing.T) {
	files, err := filepath.Glob("../../examples/models/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range append(files, "../../examples/config.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := newText(path, data).quick(); !ok {
			t.Errorf("%s is left to the library", path)
		}
		sameQuick(t, data)
	}
}

// TestQuickLeaves holds texts that only the library may read.
func TestQuickLeaves(t *testing.T) {
	for _, text := range []string{
		"", "# only\n", "a", "a: 1\na: 2\n", "a: b\n  c\n", "a: b: c\n", "a: b:\n", "a:b\n", "a:#b\n", "on: 1\n", "1: a\n", "a: [1,]\n", "a: [1] 2\n", "a: [1 2]\n", "a: [[1]\n", "a: [1]]\n", "a: [b: 1]\n", "a: [,]\n", "a: [1, # c\n 2]\n", "a: [-]\n", "a: ['b']\n", "a: [1]b: 2\n", "a:\n- 1\n", "a:\n  - 1\n",
		"a: |\n  x\n", "a: &x 1\n", "a: *x\n", "a: !!str 1\n", "a: \"\\n\"\n", "a: 'it''s'\n", "a: \"x\" y\n", "a: 'x\n  y'\n", "---\na: 1\n", "a: 1\n...\n", "%YAML 1.1\n",
		"a:\t1\n", "a: 1\r\n", "a: \u00e9\n", "a: - 1\n", "a: -\n", "a: ? b\n", "a: @b\n", "a: `b`\n", "a: ${\n", "a:\n    b: 1\n  c: 2\n", "  a: 1\nb: 2\n", "a: 1\n  b: 2\n", "a: =\n", "a: 0x_\n",
	} {
		if _, ok := newText("f", []byte(text)).quick(); ok {
			t.Errorf("%q is read the quick way", text)
		}
	}
}

func FuzzQuick(f *testing.F) {
	for _, pattern := range []string{"../../examples/*.yaml", "../../examples/models/*/*.yaml", "testdata/err/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, path := range files {
			if data, err := os.ReadFile(path); err == nil {
				f.Add(data)
			}
		}
	}
	for _, s := range []string{
		"a:   \n  # c\n  b: 'x' # y\n  c:\n\n  d: \"z\"\ne: 1e3 #\nf: x#y", "a: ~\nb: $x\nc: .5\nd: -1\ne: <<\nf: 0o17\ng: 1:30\nh: a, b]}\n", "a: 1   \n   \n  # x\nb-c.d: x y  z # w\n", "a:\n  b:\n    c:\n  d:\ne:\n",
		" a: (x)\n b: \\x\n", "a: ''\nb: \"\"\nc: '#'\nd: ' # '\n", "a: b #\n#\nc: d\n    ", "a: x ? y\nb: x - y\nc: x & y\n", "a: ${b.c}\n", "a: \\???\nb: ???\n", "a: []\nb: [ ]\nc: [1,2 , 3e4,true, -8 ] # x\nd:\n  e: [[1, 2], x,\n\n    [3], y.z\n ]\n  f: 1\n", "a: [\n1\n]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) <= 1<<12 {
			sameQuick(t, data)
		}
	})
}

// sameQuick holds a text that is read the quick way against the library's reading.
func sameQuick(t *testing.T, data []byte) {
	t.Helper()
	opts := cmp.Options{cmp.AllowUnexported(Node{}), cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }), cmpopts.EquateNaNs()}
	for _, dialect := range []Dialect{OmegaConf23, OmegaConf24} {
		text := func() *text { t := newText("f", data); t.dialect = dialect; return t }
		got, ok := text().quick()
		if !ok {
			continue
		}
		want, found := text().slow()
		if len(found) > 0 {
			t.Fatalf("%q, OmegaConf %s: the library finds %v", data, dialect, found)
		}
		if diff := cmp.Diff(want, got, opts); diff != "" {
			t.Fatalf("%q, OmegaConf %s (-library +quick):\n%s", data, dialect, diff)
		}
	}
}
