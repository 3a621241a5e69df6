package spell

import (
	"math/big"
	"strings"
	"testing"

	"mlcfg/schema"
)

func TestArguments(t *testing.T) {
	flags := map[string]schema.Flag{
		"size":  {Names: []string{"--size", "-s"}, Action: "store"},
		"eager": {Names: []string{"--eager"}, Negative: "--no-eager", Action: "bool"},
		"quiet": {Names: []string{"--quiet"}, Action: "store_true", Nargs: "0"},
		"old":   {Names: []string{"--old"}, Action: "DeprecatedStoreTrueAction", Nargs: "0"},
		"off":   {Names: []string{"--off"}, Action: "store_false"},
		"names": {Names: []string{"--names"}, Action: "store", Nargs: "+"},
		"paths": {Names: []string{"--paths"}, Action: "LoRAPathAction", Nargs: "*"},
		"layer": {Names: []string{"--layer"}, Action: "append"},
		"maybe": {Names: []string{"--maybe"}, Action: "store", Nargs: "?"},
		"pairs": {Names: []string{"--pairs"}, Action: schema.Pairs},
		"words": {Names: []string{"--words"}, Action: "StoreBoolean", Nargs: "?"},
	}
	for _, c := range []struct {
		key   string
		value any
		want  string // words joined by |; an error begins with !
	}{
		{"size", int64(8), "--size|8"},
		{"size", 8, "--size|8"},
		{"size", new(big.Int).Lsh(big.NewInt(1), 80), "--size|1208925819614629174706176"},
		{"size", int64(-1), "--size=-1"},
		{"size", 0.9, "--size|0.9"},
		{"size", 1.0, "--size|1.0"},
		{"size", 1e-5, "--size|1e-05"},
		{"size", 1e22, "--size|1e+22"},
		{"size", "auto", "--size|auto"},
		{"size", "", "--size|"},
		{"pairs", map[string]any{"video": int64(2), "image": int64(4)}, "--pairs|image=4,video=2"},
		{"pairs", map[string]any{}, "!at least one value"},
		{"pairs", map[string]any{"A": int64(4)}, "!lower case"},
		{"size", "--eager", "--size=--eager"},
		{"size", "a b; rm -rf /", "--size|a b; rm -rf /"},
		{"size", true, "--size|true"},
		{"size", map[string]any{"b": int64(1), "a": []any{nil, "<x>"}}, `--size|{"a":[null,"<x>"],"b":1}`},
		{"size", []any{"*"}, `--size|["*"]`},
		{"size", "a\x00b", "!NUL"},
		{"eager", true, "--eager"},
		{"eager", false, "--no-eager"},
		{"eager", int64(1), "!--eager is a switch, and 1 no boolean"},
		{"quiet", true, "--quiet"},
		{"quiet", false, ""},
		{"old", true, "--old"},
		{"old", false, ""},
		{"off", false, "--off"},
		{"off", true, ""},
		{"names", []any{"a", int64(2), map[string]any{"k": "v"}}, `--names|a|2|{"k":"v"}`},
		{"names", []any{int64(-1), 0.5}, "--names|-1|0.5"},
		{"names", []any{"--eager"}, "!would be read as another argument"},
		{"names", []any{}, "!needs at least one value"},
		{"names", []any{nil}, "!null inside a list"},
		{"names", "one", "--names|one"},
		{"paths", []any{}, "--paths"},
		{"layer", []any{"a", "-b"}, "--layer|a|--layer=-b"},
		{"maybe", "x", "--maybe|x"},
		{"words", true, "--words|true"},
		{"words", false, "--words|false"},
		{"names", map[string]any{}, "!needs at least one value"},
		{"maybe", true, "--maybe"},
		{"maybe", false, ""},
		{"size", "/model/x", "--size|{path:/model/x}"},
		{"size", "/a{port}b%", "--size|{path:/a%7Bport%7Db%25}"},
		{"size", "{port}", "--size|{brace}port}"},
		{"size", map[string]any{"dir": "/cache", "{x": "{y"}, `--size|{"dir":"{path:/cache}","{brace}x":"{brace}y"}`},
		{"names", []any{"/a", "b"}, "--names|{path:/a}|b"},
	} {
		got, err := argument(flags[c.key], c.value)
		if fault, bad := strings.CutPrefix(c.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s %v: error %v, want %s", c.key, c.value, err, fault)
			}
			continue
		}
		if err != nil || strings.Join(got, "|") != c.want {
			t.Errorf("%s %v: %q, %v, want %s", c.key, c.value, got, err, c.want)
		}
	}
}
