package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/tools/sharedata"
)

// dumped is an argument as the running engine reports it.
type dumped struct {
	Type    string          `json:"type"`
	Default json.RawMessage `json:"default"`
	Choices []any           `json:"choices"`
	Flags   []string        `json:"flags"`
	Action  string          `json:"action"`
	Nargs   any             `json:"nargs"`
}

type dump struct {
	Engine, Version string
	AsyncEngineArgs map[string]dumped
	ServerArgs      map[string]dumped
	SamplingParams  map[string]dumped
	Serve           map[string]dumped `json:"cli_serve_args"`
	CLI             map[string]dumped `json:"cli_args"`
	Envs            map[string]dumped
}

// TestAgainstDumps holds the schemas, which were read out of source text,
// against what the running engines report of themselves.
func TestAgainstDumps(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedata.Engines(t), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no dumps", err)
	}
	for _, file := range files {
		base := filepath.Base(file)
		if strings.Contains(base, "constraints") || base == "schema_diffs.json" {
			continue
		}
		t.Run(base, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var d dump
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			s, err := Load(d.Engine, d.Version)
			if err != nil {
				t.Fatal(err)
			}
			compareNames(t, s, EngineConfig, d.AsyncEngineArgs)
			compareNames(t, s, EngineConfig, d.ServerArgs)
			compareNames(t, s, SamplingConfig, d.SamplingParams)
			if d.Engine == "vllm" {
				compareNames(t, s, EnvConfig, d.Envs)
			}
			compareValues(t, s, EngineConfig, d.AsyncEngineArgs, d.ServerArgs)
			compareValues(t, s, SamplingConfig, d.SamplingParams)
			compareFlags(t, s, d.Serve)
			compareFlags(t, s, d.CLI)
		})
	}
}

func compareNames(t *testing.T, s *Schema, section string, want map[string]dumped) {
	t.Helper()
	if want == nil {
		return
	}
	for name := range want {
		if _, ok := s.Section(section).Key(name); !ok && !strings.HasPrefix(name, "_") {
			t.Errorf("%s.%s is not in the schema", section, name)
		}
	}
	for _, name := range s.Section(section).Names() {
		// vllm/envs.py, which was dumped, does not list the variables that other files read.
		if _, ok := want[name]; !ok && section != EnvConfig {
			t.Errorf("%s.%s is not in the engine", section, name)
		}
	}
}

// compareValues checks types by probes, choices, and defaults.
func compareValues(t *testing.T, s *Schema, section string, groups ...map[string]dumped) {
	t.Helper()
	for _, group := range groups {
		for name, d := range group {
			k, ok := s.Section(section).Key(name)
			if !ok {
				continue // reported by compareNames
			}
			if want := kindsOfAnnotation(d.Type); want != 0 && k.Kinds&^Null != want&^Null {
				// An engine's choices are narrower than its annotation, and so is a parser that takes whole numbers.
				if whole := want&Float != 0 && k.Kinds&^Null == Int; len(k.Enum) == 0 && !whole {
					t.Errorf("%s.%s takes %s, its annotation is %s", section, name, k.Want(), d.Type)
				}
			}
			for _, c := range d.Choices {
				if name == "all2all_backend" && c == "passthrough" {
					continue // the parser takes it out of its list: another argument sets it
				}
				if v := fromJSON(c); v != "None" && v != nil && section == EngineConfig && len(k.Check(v)) > 0 && k.Kinds&List == 0 {
					t.Errorf("%s.%s refuses the engine's choice %v", section, name, c)
				}
			}
			compareDefault(t, k, d)
		}
	}
}

// computedDefaults are defaults that differ between machines or releases of
// Python, or that the engine reports by another name than a file would use.
var computedDefaults = []string{"max_queued_requests", "output_kind", "mamba_backend"}

func compareDefault(t *testing.T, k *Key, d dumped) {
	t.Helper()
	var v any
	dec := json.NewDecoder(bytes.NewReader(d.Default))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil || slices.Contains(computedDefaults, k.Name) {
		return
	}
	want := fromJSON(v)
	switch text, _ := want.(string); {
	case text == "<required>":
		if !k.Required {
			t.Errorf("%s.%s must be set", k.Section, k.Name)
		}
		return
	case strings.HasPrefix(text, "<"):
		return
	}
	if m, ok := want.(map[string]any); ok && (m["<object>"] != nil || len(m) == 0) {
		return // a settings object, which a file can not hold
	}
	if !k.HasDefault || !sameJSON(k.Default, want) {
		t.Errorf("%s.%s has the default %s (%s), the engine's is %s", k.Section, k.Name, Format(k.Default), k.DefaultNote, Format(want))
	}
}

func fromJSON(v any) any {
	switch x := v.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		f, _ := x.Float64()
		return f
	case float64:
		return int64(x)
	case []any:
		out := []any{}
		for _, e := range x {
			out = append(out, fromJSON(e))
		}
		return out
	}
	return v
}

// kindsOfAnnotation reads the top level of a Python annotation, 0 for what is not plain.
func kindsOfAnnotation(text string) Kind {
	text = strings.TrimSpace(text)
	for _, wrapper := range []string{"Optional", "Union"} {
		if inner, ok := strings.CutPrefix(text, wrapper+"["); ok && strings.HasSuffix(inner, "]") {
			parts := splitTop(strings.TrimSuffix(inner, "]"), ',')
			kinds := Kind(0)
			if wrapper == "Optional" {
				kinds = Null
			}
			return unionOf(kinds, parts)
		}
	}
	if parts := splitTop(text, '|'); len(parts) > 1 {
		return unionOf(0, parts)
	}
	plain := map[string]Kind{
		"str": String, "int": Int, "float": Int | Float, "bool": Bool, "None": Null, "NoneType": Null,
		"dict": Map, "list": List, "List[str]": List, "List[int]": List, "list[str]": List, "list[int]": List,
		"dict[str, Any]": Map, "Dict[str, Any]": Map,
	}
	return plain[text]
}

func unionOf(kinds Kind, parts []string) Kind {
	for _, p := range parts {
		k := kindsOfAnnotation(p)
		if k == 0 {
			return 0
		}
		kinds |= k
	}
	return kinds
}

// splitTop splits at a separator outside brackets.
func splitTop(text string, sep byte) []string {
	var parts []string
	depth, from := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		case sep:
			if depth == 0 {
				parts = append(parts, text[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, text[from:])
}

func compareFlags(t *testing.T, s *Schema, want map[string]dumped) {
	t.Helper()
	spelled := map[string]string{}
	for _, section := range []string{EngineConfig, CLIOnly} {
		for _, k := range s.Section(section).Keys() {
			for _, f := range k.Flags() {
				spelled[f] = section + "." + k.Name
			}
			if k.Flag != nil && k.Flag.Negative != "" {
				spelled[k.Flag.Negative] = section + "." + k.Name
			}
		}
	}
	for name, d := range want {
		for _, f := range d.Flags {
			if spelled[f] == "" {
				t.Errorf("the flag %s of %s is not in the schema", f, name)
			}
		}
	}
}
