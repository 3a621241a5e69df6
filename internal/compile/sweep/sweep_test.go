package sweep

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseAxis(t *testing.T) {
	for text, want := range map[string][]string{
		"a.b=1,2":                 {"1", "2"},
		"a.b= 1 , x y":            {"1", "x y"},
		"a.b=[1,2],[3]":           {"[1,2]", "[3]"},
		`a.b={"x": [1,2]},null`:   {`{"x": [1,2]}`, "null"},
		`a.b='a,b',"c,d",''`:      {"'a,b'", `"c,d"`, "''"},
		"a.b=-1":                  {"-1"},
		"a.b=x=y,z":               {"x=y", "z"},
		"a.b=],[1,2]":             {"]", "[1,2]"},
		"a.b=0.9,0.90,0.95,1e-05": {"0.9", "0.90", "0.95", "1e-05"},
	} {
		if a, err := ParseAxis(text); err != nil || a.Key != "a.b" || !slices.Equal(a.Values, want) {
			t.Errorf("%s: %q, %v; want %q", text, a, err, want)
		}
	}
	for text, want := range map[string]string{
		"a.b": "is not KEY=VALUE,VALUE", "=1": "is not KEY=VALUE,VALUE", "a=": "a has an empty value", "a=1,,2": "a has an empty value", "a=1, 1": "a has the value 1 twice",
	} {
		if _, err := ParseAxis(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestGrid(t *testing.T) {
	got, err := Grid([]Axis{{"a", []string{"1", "2"}}, {"b", []string{"x", "y"}}})
	if want := [][]string{{"a=1", "b=x"}, {"a=1", "b=y"}, {"a=2", "b=x"}, {"a=2", "b=y"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if _, err := Grid([]Axis{{"a", []string{"1"}}, {"a", []string{"2"}}}); err == nil {
		t.Error("an axis is taken twice")
	}
	many := make([]string, 101)
	if _, err := Grid([]Axis{{"a", many}, {"b", many}}); err == nil || !strings.Contains(err.Error(), "more than 10000 points") {
		t.Errorf("%v", err)
	}
}

func TestParsePoints(t *testing.T) {
	got, err := ParsePoints("# trials\n\n a.b=1 c=[1, 2]\t d='x y'\r\na.b=2\n")
	if want := [][]string{{"a.b=1", "c=[1, 2]", "d='x y'"}, {"a.b=2"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for text, want := range map[string]string{"": "no point", "# a\n": "no point", "a=1\nb": `line 2: "b" is not KEY=VALUE`, "=1": "line 1", strings.Repeat("a=1\n", Most+1): "more than"} {
		if _, err := ParsePoints(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func TestNames(t *testing.T) {
	got := Names([][]string{
		{"vllm_engine_config.max_num_seqs=256", "harness_config.target_qps=4.5"}, {"a.b=../../x"}, {`a.b={"k": "\x1b[2J"}`}, {"a=" + strings.Repeat("long", 40)}, {"a=é"},
	})
	want := []string{"001-max_num_seqs-256_target_qps-4.5", "002-b-..-..-x", `003-b---k-----x1b-2J`, "004-a-" + strings.Repeat("long", 20)[:78], "005-a"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if many := Names(make([][]string, 1000)); many[0] != "0001" || many[999] != "1000" {
		t.Errorf("%q", many[0])
	}
}

// Whatever a list holds is read or refused; points have overrides, and names are file names.
func FuzzParsePoints(f *testing.F) {
	for _, text := range []string{"a.b=1 c=2\n", "# x\na='b c'\n", "a=[1, {2: 3}]", "a=\x00=", "=", "a=]] b=1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		points, err := ParsePoints(text)
		if err != nil {
			return
		}
		for i, name := range Names(points) {
			if len(points[i]) == 0 || name == "" || strings.ContainsAny(name, "/\\\x00 ") || strings.HasPrefix(name, ".") {
				t.Errorf("point %d, %q, is named %q", i, points[i], name)
			}
		}
	})
}

func FuzzParseAxis(f *testing.F) {
	for _, text := range []string{"a=1,2", "a=[1,2],{x: 3}", "a='", "a=]],"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAxis(text)
		if err != nil {
			return
		}
		if a.Key == "" || len(a.Values) == 0 || slices.Contains(a.Values, "") {
			t.Errorf("%q is read as %q", text, a)
		}
	})
}
