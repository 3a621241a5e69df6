package source

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The patterns of PyYAML's resolver and of OmegaConf's loader, in the order in which
// they are asked.
var (
	pyyamlFloat = regexp.MustCompile(`^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?` +
		`|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*` +
		`|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	pyyamlInt = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)` +
		`|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	omegaFloat = regexp.MustCompile(`^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?` +
		`|[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?` +
		`|[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
)

func patternTag(s string) tag {
	switch {
	case pyyamlFloat.MatchString(s):
		return tagFloat
	case pyyamlInt.MatchString(s):
		return tagInt
	case omegaFloat.MatchString(s):
		return tagFloat
	}
	return tagString
}

// TestResolveNumbers compares the resolver with the patterns on every text up to
// four characters of a small alphabet, and on random longer ones.
func TestResolveNumbers(t *testing.T) {
	check := func(s string) {
		got := resolvePlain(s)
		if want := patternTag(s); got != want {
			t.Fatalf("%q resolves to %d, the patterns say %d", s, got, want)
		}
	}
	const small = "0179_.:+-eExb"
	var all func(s string, n int)
	all = func(s string, n int) {
		if s != "" {
			check(s)
		}
		for i := 0; n > 0 && i < len(small); i++ {
			all(s+small[i:i+1], n-1)
		}
	}
	all("", 4)
	random := rand.New(rand.NewPCG(1, 2))
	pieces := strings.Split("0 1 6 59 60 8 0x 0b _ __ . : + - e E e+ E- a F inf .inf nan .nan 30 00", " ")
	for range 50_000 {
		var b strings.Builder
		for range 1 + random.IntN(7) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		check(b.String())
	}
}

// TestScalarValues has what OmegaConf 2.3 with PyYAML 6 makes of texts beside the shared rows.
func TestScalarValues(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "+0x1F": "31", "-0b11": "-3", "0_7": "7", "00": "0", "0__": "0", "1_": "1",
		"1:00": "60", "-1:30": "-90", "1_0:30": "630", "1:2:3:4": "223384", "0:30": "'0:30'", "1:60": "'1:60'",
		"1:30.": "90.0", "0:30.5": "30.5", "-1:30.5": "-90.5", "1:30._5": "90.5",
		".5e3": "'.5e3'", ".5e+3": "500.0", "+.5": "'+.5'", "1.e3": "1000.0", "1__0.5": "10.5", "1__0e5": "'1__0e5'",
		"1_0e5": "1000000.0", "09e1": "90.0", "09": "'09'", "09.5": "9.5", "-.inf": "-inf", "+.INF": "inf", "+.nan": "'+.nan'",
		"1e5_0": "'1e5_0'", "0x": "'0x'", "0o7": "'0o7'", "-0.0": "-0.0", "1e-400": "0.0", "-1e400": "-inf",
		"Yes": "True", "yEs": "'yEs'", "OFF": "False", "Y": "'Y'", "nULL": "'nULL'",
		"!!int '12'": "12", "!!int 0o17": "15", "!!float 1": "1.0", "!!float .5e3": "500.0", "!!float inf": "inf",
		"!!bool YES": "True", "!!null x": "None", "!!str": "''", "!!str 1": "'1'", "! 1": "1", `"\/"`: "'/'", `"a\/b\x41\/"`: "'a/bA/'",
		"!!map {}": "{}", "!!seq []": "[]", "!<tag:yaml.org,2002:int> 3": "3", "[1:2]": "[62]", "{a:}": "{'a': None}", "{a:, b}": "{'a': None, 'b': None}",
		"a\n  b": "'a b'", "\"a\\\n  b\"": "'ab'", "2001-01-01 10:00:00": "'2001-01-01 10:00:00'",
	} {
		n, found := ParseValue("v", text)
		if found.HasErrors() {
			t.Errorf("%q: %v", text, found)
			continue
		}
		var b strings.Builder
		n.pyRepr(&b)
		if b.String() != want {
			t.Errorf("%q is %s, want %s", text, b.String(), want)
		}
	}
	for _, text := range []string{
		"=", "<<", "0b_", "0x_", "-0x__", "!!int x", "!!int 1.5", "!!int ''", "!!int 08", "!!float x", "!!float 0x10",
		"!!bool maybe", "!!set {a}", "!!timestamp 2001-01-01", "!!python/name:os.system", "!x y", "[a", "{a", "a: b: c", "@a", "%a", "`a", "*a", "a\tb", "${", "${}", "\"a", "--- 1\n--- 2", "\x01", "\xff",
	} {
		if n, found := ParseValue("v", text); !found.HasErrors() {
			t.Errorf("%q is read as %v", text, n.Interface())
		}
	}
}

// TestPyStrAgainstPython compares with a real Python, where there is one.
func TestPyStrAgainstPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED: no python3 on PATH")
	}
	random := rand.New(rand.NewPCG(3, 4))
	var in strings.Builder
	var want, got []string
	for range 5000 {
		bits := random.Uint64()
		if random.IntN(2) == 0 { // ordinary sizes too
			bits = math.Float64bits(math.Round(random.NormFloat64()*1e6) / math.Pow10(random.IntN(12)))
		}
		in.WriteString("f" + strconv.FormatUint(bits, 10) + "\n")
		got = append(got, Of(math.Float64frombits(bits)).PyStr())
	}
	for _, s := range []string{"", "a", "it's", `say "x"`, `'"`, "\\", "a\tb\nc\r", "\x00\x1f\x7f", "é日\u00a0\u0085", "\u200b\ufeff", "😀", "\u0378"} {
		in.WriteString("s" + strconv.QuoteToASCII(s) + "\n")
		got = append(got, Of([]any{s}).PyStr())
	}
	cmd := exec.Command(python, "-c", `
import sys, struct, ast
for line in sys.stdin:
    line = line.rstrip("\n")
    if line[0] == "f":
        print(str(struct.unpack("<d", int(line[1:]).to_bytes(8, "little"))[0]))
    else:
        print(str([ast.literal_eval(line[1:])]))
`)
	cmd.Env = append(cmd.Environ(), "PYTHONIOENCODING=utf-8")
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want = strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-Python +ours)\n%s", diff)
	}
}

// TestVersionDirective: PyYAML reads any YAML 1.x as 1.1.
func TestVersionDirective(t *testing.T) {
	for text, fine := range map[string]bool{
		"%YAML 1.1\n---\na: off\n": true, "%YAML 1.2\n---\na: off\n": true, "# c\n\n%YAML 1.3\r\n---\r\na: off\r\n": true,
		"%YAML 2.0\n---\na: off\n": false, "a: off\n%YAML 1.2\n": false,
	} {
		root, found := Parse("x.yaml", []byte(text))
		if found.HasErrors() == fine {
			t.Errorf("%q: %v", text, found)
		}
		if fine && (root == nil || root.Field("a").Value.Kind != Bool) {
			t.Errorf("%q is not a boolean", text)
		}
	}
}
