package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/schema"
	"mlcfg/tools/docmark"
	"mlcfg/tools/exact/omegaconf"
	"mlcfg/tools/sharedata"
)

// TestPage holds that the page has a row for each kind and release that is compared.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(sharedata.Root(t), "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := docmark.Part(string(page), mark)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(part, "no reason is known") {
		t.Error("the page has a refusal without a reason")
	}
	specs, err := specsOf("")
	if err != nil || len(specs) != 2*len(old) {
		t.Fatalf("%v, %v", specs, err)
	}
	for _, spec := range specs {
		for _, k := range kinds {
			if row := "| " + spec.String() + " | " + k.name + " | "; !strings.Contains(part, row) {
				t.Errorf("the page has no row %q: make exact writes it", row)
			}
		}
	}
	for _, version := range omegaconf.Versions() {
		if row := "| omegaconf==" + version + " | " + documents + " | "; !strings.Contains(part, row) {
			t.Errorf("the page has no row %q: make exact writes it", row)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		ours, code string
		written    any
		a          answer
		want       verdict
	}{
		{"", "", int64(7), answer{Value: json.Number("7.0")}, equal},
		{"", "", int64(7), answer{Value: "7"}, silent},
		{"", "", "x", answer{Error: "no"}, silent},
		{"a warning", "", "x", answer{Error: "no"}, told},
		{"", "wrong-type", "x", answer{Error: "no"}, refused},
		{"", "wrong-type", "x", answer{Value: "y"}, refused},
		{"", "wrong-type", "x", answer{Value: "x"}, stricter},
		{"", "", map[string]any{"a": 1.0}, answer{Value: map[string]any{"a": json.Number("1"), "b": true}}, equal},
		{"", "", map[string]any{"a": 1.0}, answer{Value: map[string]any{"b": true}}, silent},
		{"", "", []any{"a", "b"}, answer{Value: map[string]any{"set": []any{"b", "a"}}}, equal},
		{"", "", `{"a": 1}`, answer{Value: map[string]any{"a": json.Number("1")}}, equal},
		{"", "", false, answer{Value: nil}, silent},
		{"", "", 0.1, answer{Value: json.Number("0.10000000000000001")}, silent},
	} {
		if got := judge(tried{ours: c.ours}, c.written, c.a, c.code).verdict; got != c.want {
			t.Errorf("%v read as %v %s: %s, want %s", c.written, c.a.Value, c.a.Error, got, c.want)
		}
	}
}

func TestMeans(t *testing.T) {
	for _, c := range []struct {
		text        string
		read, unset any
		want        bool
	}{
		{"1", true, false, true},
		{"yes", false, false, false},
		{"no", true, false, false},
		{"abc", false, false, false},
		{"7", json.Number("7"), nil, true},
		{"-1", json.Number("10.0"), nil, false},
		{"true", json.Number("1"), nil, true},
		{"", json.Number("3"), json.Number("3"), true},
		{"abc", "ABC", nil, true},
		{"abc", nil, nil, false},
	} {
		if got := means(c.text, c.read, c.unset); got != c.want {
			t.Errorf("%q read as %v: %t", c.text, c.read, got)
		}
	}
}

// TestValues: a key is tried with what its type lists, with slips of it, and with each
// key of its class.
func TestValues(t *testing.T) {
	newest := schema.Releases("vllm")
	s, err := schema.Load("vllm", newest[len(newest)-1])
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"all2all_backend": `"deepep_v2x"`, "compilation_config": `{"mode": `, "max_num_seqs": "4294967297"} {
		k, known := s.Section(schema.EngineConfig).Key(key)
		if !known {
			t.Fatalf("no key %s", key)
		}
		found := false
		for _, v := range values(s, k) {
			found = found || strings.HasPrefix(yamlText(v), want)
		}
		if !found {
			t.Errorf("%s is not tried with %s", key, want)
		}
	}
}
