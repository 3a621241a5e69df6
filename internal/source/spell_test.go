package source

import "testing"

func TestSpell(t *testing.T) {
	tests := []struct{ in, want string }{
		{"~", "null"},
		{"", "null"},
		{"NULL", "null"},
		{"None", "None"},
		{"yes", "true"},
		{"Off", "false"},
		{"010", "8"},
		{"1_000", "1000"},
		{"0x1F", "0x1F"},
		{"0b11", "3"},
		{"1:30", "90"},
		{"-7", "-7"},
		{"+7", "+7"},
		{"08", `"08"`},
		{"0o17", `"0o17"`},
		{"-.5", `"-.5"`},
		{".5", ".5"},
		{"0.90", "0.90"},
		{"30.", "30."},
		{"1e3", "1.0e+3"},
		{"1.5E3", "1.5e+3"},
		{"2.e-7", "2.e-7"},
		{"1_0.5", "10.5"},
		{"1:30.5", "90.5"},
		{".inf", ".inf"},
		{"-.INF", "-.INF"},
		{".NaN", ".NaN"},
		{"!!float .inf", ".inf"},
		{"!!float 1", "1.0"},
		{"y", `"y"`},
		{"N", `"N"`},
		{"2024-01-31", `"2024-01-31"`},
		{"2024-01-31x", "2024-01-31x"},
		{"'x'", `"x"`},
		{`"ERROR"`, `"ERROR"`},
		{`'a\b'`, `'a\b'`},
		{`'say "it''s"'`, `'say "it''s"'`},
		{`"\u00e9\x07"`, `"é\x07"`},
		{"!!str 5", `"5"`},
		{"!!int '7'", "7"},
		{"a b", "a b"},
		{"${a.b}", "${a.b}"},
		{"!!float 1e300", "1.0e+300"},
	}
	for _, tt := range tests {
		n, found := ParseValue("x", tt.in)
		if found.HasErrors() {
			t.Fatalf("%q: %v", tt.in, found)
		}
		if got := n.Spell(); got != tt.want {
			t.Errorf("%q is spelt %s, want %s", tt.in, got, tt.want)
		}
		again, _ := ParseValue("x", n.Spell())
		if again.Kind != n.Kind || again.PyStr() != n.PyStr() {
			t.Errorf("%q as %s reads as %v %s", tt.in, n.Spell(), again.Kind, again.PyStr())
		}
	}
	if got := Text("010").Spell() + Text("a/b-c.d").Spell() + Text("a: b").Spell(); got != `"010"a/b-c.d"a: b"` {
		t.Errorf("texts are spelt %s", got)
	}
}
