package merge

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/diag"
	"mlcfg/tools/goldenfile"

	"mlcfg/internal/source"
)

func tree(t testing.TB, texts ...string) *Tree {
	t.Helper()
	var layers []Layer
	for i, text := range texts {
		root, found := source.Parse(fmt.Sprintf("layer%d", i), []byte(text))
		if found.HasErrors() {
			t.Skip(found)
		}
		layers = append(layers, Layer{Name: "overlay", Root: root})
	}
	return Merge(layers...)
}

func resolved(tr *Tree, t testing.TB, texts []string) (*Tree, diag.List) {
	layer, found := Resolve(tr, source.OmegaConf23)
	if layer == nil {
		return tr, found
	}
	var layers []Layer
	for i, text := range texts {
		root, _ := source.Parse(fmt.Sprintf("layer%d", i), []byte(text))
		layers = append(layers, Layer{Name: "overlay", Root: root})
	}
	return Merge(append(layers, *layer)...), found
}

// TestAgainstOmegaConf holds every case against what OmegaConf 2.3 makes of it:
// its values, which are checked in and made anew where it is installed, or a refusal.
func TestAgainstOmegaConf(t *testing.T) {
	const casesFile, golden = "testdata/cases.yaml", "testdata/omegaconf.json"
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	python := "python3"
	if p := os.Getenv("OMEGACONF_PYTHON"); p != "" {
		python = p
	}
	if exec.Command(python, "-c", "import omegaconf").Run() == nil {
		now, err := exec.Command(python, "testdata/reference.py", casesFile).Output()
		if err != nil {
			t.Fatal(err)
		}
		if *goldenfile.Update {
			if err := os.WriteFile(golden, now, 0o644); err != nil {
				t.Fatal(err)
			}
			want = now
		}
		if diff := cmp.Diff(string(want), string(now)); diff != "" {
			t.Errorf("%s is stale (-file +now)\n%s", golden, diff)
		}
	}
	var wants []any
	if err := json.Unmarshal(want, &wants); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(casesFile)
	if err != nil {
		t.Fatal(err)
	}
	root, found := source.Parse(casesFile, data)
	if found.HasErrors() {
		t.Log(found)
	}
	cases := root.Lookup("cases").Items
	if len(cases) != len(wants) {
		t.Fatalf("%d cases, %d results: run -update with OmegaConf installed", len(cases), len(wants))
	}
	for i, c := range cases {
		var texts []string
		for _, item := range c.Lookup("layers").Items {
			texts = append(texts, item.Str)
		}
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			tr, found := resolved(tree(t, texts...), t, texts)
			if refused := wants[i] == nil; refused != found.HasErrors() {
				t.Fatalf("%q: OmegaConf refuses: %v, findings %v", texts, refused, found)
			}
			if wants[i] == nil {
				return
			}
			got, err := json.Marshal(tr.Interface())
			if err != nil {
				t.Fatal(err)
			}
			var values any
			if err := json.Unmarshal(got, &values); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wants[i], values); diff != "" {
				t.Errorf("%q (-OmegaConf +got)\n%s", texts, diff)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: {max_num_seqs: 1}\nx: ${a.max_num_seq}", "layer0:2:4 x x: ${a.max_num_seq} names a.max_num_seq, which is not there, did you mean a.max_num_seqs"},
		{"a: ${b}\nb: ${c}\nc: ${a}", "layer0:1:4 a a: ${b} leads back to itself: a -> b -> c -> a"},
		{"a: x\nb: ${a.c}", "layer0:2:4 b b: ${a.c} names a.c, but a is no map"},
		{"m: {x: '${....y}'}", "layer0:1:8 m.x x: ${....y} leads out of the configuration"},
		{"x: ${oc.env:HOME,/root}", "layer0:1:4 x x: ${oc.env:HOME,/root} would take the value from the environment of the machine that compiles, and the manifest would depend on it"},
		{"x: a ${oc.env:HOME}", "layer0:1:4 x x: ${oc.env:HOME} would take the value from the environment of the machine that compiles, and the manifest would depend on it"},
		{"x: '${now:%Y}'", "layer0:1:4 x x: ${now:%Y} calls the resolver now, which is not known here: interpolations name keys"},
		{"backend: vllm\nx: ${backend}", "layer0:2:4 x x: ${backend} would be another value for each backend"},
		{"a: '???'\nx: ${a}", "layer0:2:4 x x: ${a} names a, which must still be set"},
		{"l: [1, '${nope}']\ny: ${l}", "layer0:1:8 l.1 1: ${nope} names nope, which is not there"},
	}
	for _, tt := range tests {
		_, found := Resolve(tree(t, tt.text), source.OmegaConf23)
		got := ""
		for _, d := range found {
			got += fmt.Sprintf("%s %s %s\n", d.Pos, d.Key, d.Message)
		}
		if strings.TrimSuffix(got, "\n") != tt.want {
			t.Errorf("%q:\n%swant\n%s", tt.text, got, tt.want)
		}
	}
	_, found := Resolve(tree(t, "a: ${b}\nb: {x: 1}", "a: {y: 2}"), source.OmegaConf23)
	if len(found) != 1 || !strings.Contains(found[0].Message, "not merged with") {
		t.Errorf("a map over an interpolation: %v", found)
	}
}

// TestBounds: what doubles itself ends in a finding.
func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("k0: {a: 1, b: 2}\ns0: text\n")
	for i := range 40 {
		fmt.Fprintf(&b, "k%d: {a: '${k%d}', b: '${k%d}'}\ns%d: ${s%d}${s%d}\n", i+1, i, i, i+1, i, i)
	}
	if _, found := Resolve(tree(t, b.String()), source.OmegaConf23); !found.HasErrors() {
		t.Error("no finding")
	}
	b.Reset()
	for i := range 300 {
		fmt.Fprintf(&b, "c%d: ${c%d}\n", i, i+1)
	}
	b.WriteString("c300: 1\n")
	if _, found := Resolve(tree(t, b.String()), source.OmegaConf23); !found.HasErrors() {
		t.Error("no finding for a long chain")
	}
	if _, f := parse(strings.Repeat("${", 1<<18) + strings.Repeat("}", 1<<18)); f == nil {
		t.Error("no fault for deep nesting")
	}
}

func left(tree *Tree) bool {
	for leaf := range tree.Leaves() {
		if leaf.Value().HasInterpolation() {
			return true
		}
	}
	return false
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"a: ${b}\nb: [1, '${.0}']", "x: 'a\\${b}${c.${d}}'", "m: {a: '${m}'}", "x: ${oc.env:A,${b}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tr := tree(t, s)
		after, found := resolved(tr, t, []string{s})
		if left(after) && !found.HasErrors() {
			t.Errorf("unresolved without a finding: %q", s)
		}
	})
}
