package manifest

import (
	"errors"
	"strings"
	"testing"
)

// The readers say at which line the text is none of theirs, and why.
func TestReaders(t *testing.T) {
	const kind = "kind: mlcfg/manifest\n"
	for _, c := range []struct {
		text string
		line int
		want string
	}{
		{kind + "a: \"\xff\"\n", 0, "not UTF-8"},
		{kind + "a: 1\n  b: 2\n", 3, "unexpected indentation"},
		{kind + "a: 1\n- b\n", 3, "unexpected indentation"},
		{kind + "a:\n", 2, "a value is missing"},
		{kind + "a:\n   b: 1\n", 3, "a value is missing"},
		{kind + "a:\n  - 1\n  b: 2\n", 4, "a list item must start with a dash and a space"},
		{kind + "a:\n  - b:\n", 3, "a value is missing"},
		{kind + "a:\n  - {x}\n", 3, `"{x}" is neither a number nor a boolean nor quoted text`},
		{kind + "a\n", 2, "expected key: value"},
		{kind + "a:1\n", 2, "expected one space behind the colon"},
		{kind + "a: \n", 2, "expected one space behind the colon"},
		{kind + "a b: 1\n", 2, `"a b" cannot stand as a key without quotes`},
		{kind + "\"a: 1\n", 2, "a quotation mark is not closed"},
		{kind + "\"a\\\": 1\n", 2, "a quotation mark is not closed"},
		{kind + "\"\\x\": 1\n", 2, `"\x" is not a quoted text`},
		{kind + "\"a\" 1\n", 2, "expected key: value"},
		{kind + "a: \"b\n", 2, `"b is not a quoted text`},
		{kind + "a: 01\n", 2, `"01" is neither a number`},
		{kind + "a: 1\na: 2\n", 3, `the key "a" stands here a second time`},
		{`{"kind": "mlcfg/manifest` + "\xff" + `"}`, 0, "not UTF-8"},
		{"{\"kind\": \"mlcfg/manifest\",\n\"a\": [1,\n{\"b\": 1, \"b\": 2}]}", 3, `the key "b" stands here a second time`},
		{"{\"kind\": \"mlcfg/manifest\",\n\"a\": [1,\n1e999]}", 3, "1e999 is out of a float's range"},
		{"{\"kind\": \"mlcfg/manifest\",\n\"a\": 01}", 2, "invalid character"},
		{"{\"kind\": \"mlcfg/manifest\",\n2: 1}", 2, ""},
		{"{\"kind\": \"mlcfg/manifest\"}\n{}", 2, "something follows the manifest"},
	} {
		_, err := Decode("m", []byte(c.text))
		var bad *Error
		if !errors.As(err, &bad) || bad.Line != c.line || !strings.Contains(bad.Msg, c.want) || bad.Hint != hintRecompile {
			t.Errorf("%q: %v, want line %d, %q", c.text, err, c.line, c.want)
		}
	}
	// A quote within a quoted key does not end it.
	doc, bad := readYAML([]byte(`"a\"b\\": "c\"d"` + "\n"))
	if bad != nil || doc.fields[`a"b\`] != `c"d` {
		t.Errorf("%+v, %v", doc, bad)
	}
}

// Fields that are absent, too many or of another type are told by name; the
// first fault is the one that is told.
func TestFieldsRefused(t *testing.T) {
	good, err := example().YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"engine_version: null", `engine_version: ""`, "engine_version is empty"},
		{"engine_version: null", "engine_version: 1", "engine_version must be text, it is a whole number"},
		{"engine_version: null\n", "", "the field engine_version is missing"},
		{"scenario: offline", "scenario: {}", "scenario must be text, it is a map"},
		{"scenario: offline", `scenario: "offline"`, "not in canonical form"},
		{"backend: vllm\n", "backend: true\nbackends: 1\n", "backend must be text, it is a boolean"},
		{"  name: vllm\n", "  fork: a\n  forks: b\n  name: vllm\n", "an entry of engine must have exactly these texts: [name version fork]"},
		{"  name: vllm\n", "  name: vllm\n  other: x\n", "an entry of engine must have exactly these texts: [name version]"},
		{"  name: vllm\n", "  fork: \"\"\n  name: vllm\n", "an entry of engine must have exactly these texts"},
		{"  samples: 24576\n", "  rows: 1\n  samples: 24576\n", "data must have exactly samples"},
		{"  samples: 24576\n", "  samples: 24576.0\n", "data must have exactly samples"},
		{"  digest: \"sha256:bc", "  digest: 1\n  xdigest: \"sha256:bc", "data must have exactly samples"},
		{"    - max-tokens\n", "    - 1\n", "data must have exactly samples"},
		{"  digest: \"sha256:bc51e9e65d79e1c90ba544ab2eae1044ccdf8c1af7a559ba375cba4276f7d99e\"\n", "  digest: 1\n", "data must have exactly samples"},
		{"  columns:\n    - max-tokens\n    - tokens\n", "  columns: tokens\n", "data must have exactly samples"},
		{"overrides:\n  - ", "overrides:\n  - 1\n  - ", "overrides must be texts, one is a whole number"},
		{"roles:\n", "roles:\n  - 1\n", "roles: an entry must be a map, it is a whole number"},
		// Within a role.
		{"    devices: 2\n", "    devices: 2\n    device: 2\n", `roles: the field "device" is not known here`},
		{"        when: alone\n", "        when: alone\n        whenever: x\n", `roles: the field "whenever" is not known here`},
		{"      name: ray\n", "      name: ray\n      port: \"1\"\n", `roles: the field "port" is not known here`},
		{"      - key: model\n", "      - kay: x\n        key: model\n", `roles: the field "kay" is not known here`},
		{"      - key: model\n", "      - key: \"\"\n", "roles: key is empty"},
		{"      - words:\n          - \"--port\"\n          - \"{port}\"\n", "      - words: []\n", "roles: words is empty"},
		{"    model: \"{path", "    files:\n      - name: a/b\n        text: x\n    model: \"{path", `roles: "a/b" is no plain name of a file`},
		{"    model: \"{path", "    files:\n      - name: a\n        text: \"{prot}\"\n    model: \"{path", `the open place "prot"`},
		{"    model: \"{path", "    files:\n      - name: a\n        text: x\n        mode: x\n    model: \"{path", `roles: the field "mode" is not known here`},
		{"    model: \"{path", "    files: x\n    model: \"{path", "roles: files must be a list, it is text"},
	} {
		if !strings.Contains(string(good), c.old) {
			t.Errorf("%q is not in the example", c.old)
			continue
		}
		text := strings.Replace(string(good), c.old, c.new, 1)
		_, err := Decode("m.yaml", []byte(text))
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(bad.Msg, c.want) {
			t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
			continue
		}
		// The place is the line of the field at the top, or of the first difference.
		field := strings.Fields(c.want + " x")[0]
		if line := strings.Count(text[:max(strings.Index(text, "\n"+strings.TrimSuffix(field, ":")+":"), 0)], "\n") + 2; strings.HasPrefix(c.want, "roles:") && bad.Line != line {
			t.Errorf("%q for %q: line %d, want %d", c.new, c.old, bad.Line, line)
		}
		if at := strings.Index(string(good), c.old); c.want == "not in canonical form" && bad.Line != 1+strings.Count(string(good[:at]), "\n") {
			t.Errorf("not canonical: line %d", bad.Line)
		}
	}
}

// An old manifest's command is typed as a shell takes it.
func TestQuoted(t *testing.T) {
	for word, want := range map[string]string{
		"azAZ09-_./=+,:@": "azAZ09-_./=+,:@", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "a\x1bb\x7f\n": "'a?b??'", "é": "'é'", "a\x1f ": "'a? '",
		"[": "'['", "`": "'`'", "{": "'{'", ";": "';'",
	} {
		if got := quoted(word); got != want {
			t.Errorf("%q is typed %s, want %s", word, got, want)
		}
	}
	data, err := example().YAML()
	if err != nil {
		t.Fatal(err)
	}
	// With the shared configuration alone nobody knows what was compiled.
	_, err = Decode("m.yaml", []byte(strings.NewReplacer("format: 2\n", "format: 1\n", "  frozen: false\n", "  round: v5.1\n").Replace(string(data))))
	var bad *Error
	if !errors.As(err, &bad) || bad.Old != nil || bad.Hint != hintRecompile || !strings.Contains(bad.Msg, "format 1") {
		t.Errorf("%+v", bad)
	}
}
