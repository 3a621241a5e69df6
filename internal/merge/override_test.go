package merge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/source"
)

func TestParseArgs(t *testing.T) {
	for _, c := range []struct {
		args string // split at |
		want string // texts of the overrides, then the messages
	}{
		{"a.b=c", "a.b=c"},
		{"--set|a.b=c", "a.b=c"},
		{"--set=a.b=c=d", "a.b=c=d"},
		{"--scenario|server", "scenario=server"},
		{"--scenario=server", "scenario=server"},
		{"--harness_config.target_qps|-1", "harness_config.target_qps=-1"},
		{"--a|b=c", "a=b=c"},
		{"--a=|b=", "a= b="},
		{"a=[1, 2]|--b|{x: 1}|c=3", "a=[1, 2] b={x: 1} c=3"},
		{"--set|a", "a override-without-value: a has no value and sets null"},
		{"--a|--b|1", "b=1 bad-override: --a has no value"},
		{"--set", "bad-override: --set has no value"},
		{"--a", "bad-override: --a has no value"},
		{"a.b", `bad-override: "a.b" is not an override`},
		{"-x=1", `bad-override: "-x=1" is not an override`},
		{"--", `bad-override: "--" names no key`},
		{"--=1", `bad-override: "--=1" names no key`},
		{"", `bad-override: "" is not an override`},
		{"+a.b=1|~c|d=1", `d=1 bad-override: "+a.b=1" has the form in which Hydra adds a key bad-override: "~c" has the form in which Hydra removes a key`},
		{"a=[1|b=1", "b=1 syntax: the bracket [ that opens here is not closed"},
		{"a=!!python/name:x y", "bad-tag: tag !!python/name:x is not read here"},
	} {
		overrides, found := ParseArgs(strings.Split(c.args, "|"), source.OmegaConf23)
		var got []string
		for _, o := range overrides {
			got = append(got, o.Text)
		}
		for _, d := range found {
			got = append(got, d.Code+": "+d.Message)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.args, diff)
		}
	}
	if overrides, found := ParseArgs(nil, source.OmegaConf23); overrides != nil || found != nil {
		t.Error("something of nothing")
	}
}

// TestLayers holds what the real OmegaConf makes of overrides of one place
// (TestOmegaConf at the root runs it on many more).
func TestLayers(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"a=1", "{'a': 1}"},
		{"a=|a.x=2", "{'a': {'b': 1, 'c': {'d': 2}, 'x': 2}}"},
		{"a=5|a={x: 2}", "{'a': {'b': 1, 'c': {'d': 2}, 'x': 2}}"},
		{"a.x=2|a=", "{'a': None}"},
		{"a.b=3|a=5|a.x=2", "{'a': {'b': 1, 'c': {'d': 2}, 'x': 2}}"},
		{"a.c=5|a.c.e=6|a.b=7", "{'a': {'b': 7, 'c': {'d': 2, 'e': 6}}}"},
		{"a={}|a.x=1", "{'a': {'b': 1, 'c': {'d': 2}, 'x': 1}}"},
		{"b=1|b=2", "{'a': {'b': 1, 'c': {'d': 2}}, 'b': 2}"},
	} {
		overrides, found := ParseArgs(strings.Split(c.args, "|"), source.OmegaConf23)
		if found.HasErrors() {
			t.Fatal(found)
		}
		all := append(layers(t, "a: {b: 1, c: {d: 2}}"), Layers(overrides)...)
		if got := pyStr(Merge(all...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.args, got, c.want)
		}
	}
}

// TestParseArgsNumbers counts every argument, so that a finding names its place.
func TestParseArgsNumbers(t *testing.T) {
	overrides, found := ParseArgs([]string{"a=1", "what", "--b", "2", "c=*x", "+d=1", "e=5"}, source.OmegaConf23)
	if len(overrides) != 3 || overrides[2].Index != 6 || overrides[1].Root.Fields[0].KeyPos.String() != "--set #3:1:1" {
		t.Errorf("%+v", overrides)
	}
	var places []string
	for _, d := range found {
		places = append(places, d.Pos.String())
	}
	if diff := cmp.Diff([]string{"--set #2:1:1", "--set #4:1:3", "--set #5:1:1"}, places); diff != "" {
		t.Error(diff)
	}
	if found[2].Suggestion != "d=1" {
		t.Error(found[2])
	}
}

// FuzzParseArgs holds that every argument becomes an override or a finding.
func FuzzParseArgs(f *testing.F) {
	f.Add("a.b=1\n--set\nc=2\n--d\n3\n--e=4")
	f.Add("--set\n--set\n--\n+a=1\n~b\n-c")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<10 {
			t.Skip()
		}
		args := strings.Split(s, "\n")
		overrides, found := ParseArgs(args, source.OmegaConf23)
		if len(overrides) == 0 && !found.HasErrors() {
			t.Errorf("nothing of %q", args)
		}
		tree := Merge(Layers(overrides)...)
		for l := range tree.Leaves() {
			if l.Value() == nil {
				t.Errorf("%q: no value at %s", args, l.Path)
			}
		}
	})
}

// FuzzMerge holds on any two files: merging a layer twice is merging it once,
// and with an empty one is the layer itself.
func FuzzMerge(f *testing.F) {
	f.Add("a: 1\nb: {c: [1]}", "b: {c: null, d: {}}")
	f.Add("a: &x {k: 1}\nb: *x", "<<: {a: 2}\nb: {k: ???}")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 1<<11 {
			t.Skip()
		}
		base, over := parseAny(a), parseAny(b)
		if base == nil || over == nil {
			t.Skip()
		}
		once := Merge(Layer{"base", base}, Layer{"overlay", over})
		if twice := Merge(Layer{"base", base}, Layer{"overlay", over}, Layer{"overlay", over}); pyStr(twice) != pyStr(once) {
			t.Errorf("%s merged twice gives %s", pyStr(once), pyStr(twice))
		}
		if alone := Merge(Layer{"base", base}); alone.Interface() == nil {
			t.Error("nothing")
		}
	})
}

func parseAny(text string) *source.Node {
	root, found := source.Parse("f", []byte(text))
	if found.HasErrors() {
		return nil
	}
	return root
}
