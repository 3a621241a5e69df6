package diag

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/goldenfile"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// findings has what every format has to get right: each severity, places of all
// kinds, hints, related places, and text that would break out of a format.
func findings() List {
	return append(sample(),
		Diagnostic{Pos: Pos{"--set #2", 1, 5}, Severity: Error, Code: "wrong-type", Key: "a.b", Backend: "vllm", Message: "a.b is 1"},
		Diagnostic{Pos: Pos{"/abs/dir with space/é.yaml", 7, 0}, Severity: Warning, Code: "null-text", Message: "50% <off> & \"quoted\" ]]> ::error::x", Hint: "write, null: now"},
		Diagnostic{Pos: Pos{"a,b:c.yaml", 1, 2}, Severity: Info, Code: "c", Message: "line\nbreak \x00\x1b[2J\r::set-output name=x::y", Related: []Related{{Pos{"r.yaml", 3, 4}, "first\nset"}}},
	)
}

func TestGoldenFormats(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			var got bytes.Buffer
			if err := Write(&got, format, findings(), Options{Tool: "mlcfg", Version: "v1", Files: []string{"clean.yaml", "x.yaml"}}); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(got.String(), "\x00\x1b\r") {
				t.Error("control characters in the output")
			}
			golden := filepath.Join("testdata", format+".golden")
			goldenfile.Check(t, golden, got.String())
		})
	}
	if err := Write(io.Discard, "html", nil, Options{}); err == nil || err.Error() != `no output format "html"` {
		t.Error(err)
	}
}

// TestSARIFForGitHub: GitHub wants a description and a help text of each rule, and a region
// of each place.
func TestSARIFForGitHub(t *testing.T) {
	var text bytes.Buffer
	notice := Diagnostic{Pos: Pos{File: "a.yaml"}, Severity: Info, Code: "engine-version-assumed", Message: "assumed"}
	if err := WriteSARIF(&text, List{notice}, "mlcfg", "v1"); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(text.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	rule := log.Runs[0].Tool.Driver.Rules[0]
	if rule.FullDescription == nil || rule.Help == nil || !strings.HasSuffix(rule.FullDescription.Text, ".") {
		t.Errorf("the rule is %+v", rule)
	}
	place := log.Runs[0].Results[0].Locations[0].Physical
	if place == nil || place.Region == nil || place.Region.StartLine != 1 {
		t.Errorf("the place is %+v", place)
	}
}

// TestSARIFSchema holds the output to the official JSON schema of SARIF 2.1.0.
// The schema is no part of the repository: it comes out of a Go module that
// ships it, whose sum pins its bytes.
func TestSARIFSchema(t *testing.T) {
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/securego/gosec/v2@v2.30.0").Output()
	var module struct{ Dir, Sum string }
	if err != nil || json.Unmarshal(out, &module) != nil {
		t.Skipf("SKIPPED: the module with the official schema cannot be had here: %v", err)
	}
	if want := "h1:67aF6LHa7SAL6QEc4es857GrXTT50gUqmrl0XPhtDx0="; module.Sum != want {
		t.Fatalf("the module's sum is %s, want %s", module.Sum, want)
	}
	f, err := os.Open(filepath.Join(module.Dir, "report", "sarif", "testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(parsed)
	}
	for name, l := range map[string]List{"findings": findings(), "none": nil} {
		var got bytes.Buffer
		if err := WriteSARIF(&got, l, "mlcfg", "v1"); err != nil {
			t.Fatal(err)
		}
		if err := valid(got.String()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "findings" && valid(strings.Replace(got.String(), `"level": "error"`, `"level": "fatal"`, 1)) == nil {
			t.Error("the schema takes a level that SARIF does not have: it checks nothing")
		}
	}
}

// TestJUnitParses reads the report back: text comes through, counts agree.
func TestJUnitParses(t *testing.T) {
	var got bytes.Buffer
	if err := WriteJUnit(&got, findings(), []string{"clean.yaml"}); err != nil {
		t.Fatal(err)
	}
	var parsed junitSuites
	if err := xml.Unmarshal(got.Bytes(), &parsed); err != nil {
		t.Fatal(err)
	}
	tests, failures := 0, 0
	for _, s := range parsed.Suites {
		tests += len(s.Cases)
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
		}
	}
	if tests != parsed.Tests || failures != parsed.Failures || failures != findings().Count(Error) || tests != len(findings())+1 {
		t.Errorf("%d tests, %d failures; the report says %d, %d", tests, failures, parsed.Tests, parsed.Failures)
	}
}

// FuzzFormats: whatever a finding holds, each output is well-formed.
func FuzzFormats(f *testing.F) {
	f.Add("x.yaml", "message", "hint", 1, 1)
	f.Add("\xff\x00:,%\n", "::error::\r\n]]>\ufffe", "\x1b", -1, 1<<40)
	f.Fuzz(func(t *testing.T, file, message, hint string, line, column int) {
		l := List{{Pos: Pos{file, line, column}, Severity: Error, Code: "c", Key: message, Message: message, Hint: hint, Related: []Related{{Pos{hint, 1, 1}, message}}}}
		var got bytes.Buffer
		for _, format := range Formats() {
			got.Reset()
			if err := Write(&got, format, l, Options{}); err != nil {
				t.Fatal(err)
			}
			switch format {
			case "github":
				if strings.Count(got.String(), "\n") != 1 || strings.ContainsAny(got.String(), "\x00\x1b\r") {
					t.Errorf("more than one command: %q", got.String())
				}
			case "junit":
				if err := xml.Unmarshal(got.Bytes(), new(junitSuites)); err != nil {
					t.Errorf("%v: %q", err, got.String())
				}
			case "json", "sarif":
				if !json.Valid(got.Bytes()) {
					t.Errorf("%s: %q", format, got.String())
				}
			}
		}
	})
}
