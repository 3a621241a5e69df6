package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// JSONSchema returns a JSON Schema (draft 7, which editors know) of overlays that
// are checked against the given releases, at most one an engine. It refuses
// what lint refuses for a name, a type, a range or an enum of a single key; it
// knows no rule over several keys. Two things it can not tell: JSON Schema
// takes 3.0 for an integer, and it does not require keys, since an overlay
// leaves to the base what it does not change.
func JSONSchema(engines ...*Schema) ([]byte, error) {
	x := exporter{definitions: map[string]any{
		"unset":    map[string]any{"description": "must be set before a run", "enum": []any{"MISSING", "???"}},
		"nullWord": map[string]any{"description": "taken as null, with a warning", "type": "string", "pattern": ecma(`^(?i:none|null|nil|nan|n/a|undefined)$`)},
	}}
	title := "mlcfg configuration"
	shared := Shared()
	top := x.section(shared, "config", "")
	properties, _ := top["properties"].(map[string]any)
	properties["harness_config"] = x.reference(shared, "harness_config", "")
	for _, s := range engines {
		title += fmt.Sprintf(", %s %s", s.Engine, s.Release)
		for _, section := range []string{EngineConfig, SamplingConfig, EnvConfig} {
			properties[s.Engine+"_"+section] = x.reference(s, section, s.Engine+".")
		}
	}
	top["$schema"] = "http://json-schema.org/draft-07/schema#"
	top["title"] = title
	top["definitions"] = x.definitions
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the JSON Schema: %w", err)
	}
	return append(text, '\n'), nil
}

type exporter struct{ definitions map[string]any }

// reference puts a section among the definitions and refers to it.
func (x *exporter) reference(s *Schema, section, prefix string) map[string]any {
	name := prefix + section
	if _, done := x.definitions[name]; !done {
		x.definitions[name] = nil // sections may name one another
		x.definitions[name] = x.section(s, section, prefix)
	}
	return map[string]any{"$ref": "#/definitions/" + name}
}

func (x *exporter) section(s *Schema, section, prefix string) map[string]any {
	properties := map[string]any{}
	for _, k := range s.Section(section).Keys() {
		properties[k.Name] = x.key(s, k, prefix)
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if section == EngineConfig || section == SamplingConfig || section == EnvConfig {
		out["type"] = []any{"object", "null"} // an empty section
	}
	if section == EnvConfig {
		// Any program may read a variable.
		out["additionalProperties"] = map[string]any{"type": []any{"boolean", "null", "number", "string"}}
	}
	return out
}

func (x *exporter) key(s *Schema, k *Key, prefix string) map[string]any {
	forms := x.alternatives(k.alts, func() map[string]any { return x.nested(s, k, prefix) })
	if k.AnyCase {
		var words []string
		for _, word := range k.Enum {
			words = append(words, fmt.Sprint(word))
		}
		forms = append(forms, map[string]any{"type": "string", "pattern": "^" + ecma("(?i:"+strings.Join(words, "|")+")") + "$"})
	}
	if k.Kinds != AnyKind {
		forms = append(forms, map[string]any{"$ref": "#/definitions/unset"})
		if k.Kinds&Null != 0 && k.Kinds&String == 0 || k.Kinds&Null != 0 && len(k.Enum) > 0 {
			forms = append(forms, map[string]any{"$ref": "#/definitions/nullWord"})
		}
	}
	out := map[string]any{}
	if k.Kinds != AnyKind {
		out["anyOf"] = forms
	}
	if k.Doc != "" {
		out["description"] = k.Doc
	}
	if k.HasDefault {
		out["default"] = k.Default
	}
	if k.Deprecated != "" {
		out["deprecated"] = true
		out["deprecationMessage"] = k.Deprecated
	}
	return out
}

// nested is the schema of a key's maps, nil where they are free.
func (x *exporter) nested(s *Schema, k *Key, prefix string) map[string]any {
	if k.Union == nil {
		if s.Section(k.Config) == nil {
			return nil
		}
		return x.reference(s, k.Config, prefix)
	}
	var cases []any
	for _, value := range k.Union.Values() {
		says := map[string]any{"properties": map[string]any{k.Union.By: map[string]any{"const": value}}}
		if k.Union.Cases[value] != k.Config {
			says["required"] = []any{k.Union.By}
		}
		cases = append(cases, map[string]any{"allOf": []any{x.reference(s, k.Union.Cases[value], prefix), says}})
	}
	return map[string]any{"anyOf": cases}
}

var jsonTypes = []struct {
	kind Kind
	name string
}{{Null, "null"}, {Bool, "boolean"}, {Int, "integer"}, {Float, "number"}, {String, "string"}, {List, "array"}, {Map, "object"}}

// alternatives writes each form that a value may have. config gives the schema
// of a nested map, nil for a free one.
func (x *exporter) alternatives(alts []Alternative, config func() map[string]any) []any {
	var forms, literals []any
	var types []any
	for i := range alts {
		a := &alts[i]
		switch {
		case a.IsLiteral && a.Kinds&(List|Map|Bool) != 0 && generalBeside(alts, a.Kinds):
			// a default of which the general form is beside it
		case a.IsLiteral:
			if !slices.ContainsFunc(literals, func(l any) bool { return sameJSON(l, a.Literal) }) {
				literals = append(literals, a.Literal)
			}
		case a.Pattern != "":
			forms = append(forms, map[string]any{"type": "string", "pattern": ecma(a.Pattern)})
		case a.Min != nil || a.Max != nil || a.Not != nil:
			forms = append(forms, a.jsonRange())
		case a.Elem != nil && a.Kinds == List:
			forms = append(forms, map[string]any{"type": "array", "items": x.inner(a.Elem)})
		case a.Elem != nil:
			forms = append(forms, map[string]any{"type": "object", "additionalProperties": x.inner(a.Elem)})
		case a.Kinds == Map && config() != nil:
			forms = append(forms, config())
		default:
			for _, t := range jsonTypes {
				if a.Kinds&t.kind != 0 && !slices.Contains(types, any(t.name)) {
					types = append(types, t.name)
				}
			}
		}
	}
	if len(literals) > 0 {
		forms = append([]any{map[string]any{"enum": literals}}, forms...)
	}
	if len(types) > 0 {
		forms = append(forms, map[string]any{"type": types})
	}
	return forms
}

func (x *exporter) inner(alts []Alternative) map[string]any {
	return map[string]any{"anyOf": x.alternatives(alts, func() map[string]any { return nil })}
}

// sameJSON compares as JSON does, to which -1 and -1.0 are the same.
func sameJSON(a, b any) bool {
	x, okX := Number(a)
	y, okY := Number(b)
	return okX && okY && x == y || equal(a, b)
}

// generalBeside reports whether another alternative takes the kinds in general.
func generalBeside(alts []Alternative, kinds Kind) bool {
	return slices.ContainsFunc(alts, func(b Alternative) bool { return !b.IsLiteral && b.Kinds&kinds != 0 })
}

func (a *Alternative) jsonRange() map[string]any {
	out := map[string]any{"type": "integer"}
	if a.Kinds&Float != 0 {
		out["type"] = "number"
	}
	var not []any
	for _, n := range a.Not {
		not = append(not, plainNumber(n))
	}
	if not != nil {
		out["not"] = map[string]any{"enum": not}
	}
	for _, side := range []struct {
		b    *Bound
		open string
		shut string
	}{{a.Min, "exclusiveMinimum", "minimum"}, {a.Max, "exclusiveMaximum", "maximum"}} {
		switch {
		case side.b == nil:
		case side.b.Exclusive:
			out[side.open] = plainNumber(side.b.Value)
		default:
			out[side.shut] = plainNumber(side.b.Value)
		}
	}
	return out
}

// plainNumber writes a whole bound without an exponent.
func plainNumber(f float64) any {
	if n, accuracy := big.NewFloat(f).Int(nil); accuracy == big.Exact {
		return n
	}
	return f
}

var caseless = lazyregexp.New(`\(\?i:[^()]*\)`)

// ecma rewrites a pattern for ECMAScript, which JSON Schema uses and which has
// no (?i:...): each letter becomes [aA].
func ecma(pattern string) string {
	return caseless.ReplaceAllStringFunc(pattern, func(group string) string {
		var b strings.Builder
		b.WriteString("(")
		for _, r := range strings.TrimSuffix(strings.TrimPrefix(group, "(?i:"), ")") {
			lower, upper := strings.ToLower(string(r)), strings.ToUpper(string(r))
			if lower == upper {
				b.WriteRune(r)
			} else {
				b.WriteString("[" + lower + upper + "]")
			}
		}
		return b.String() + ")"
	})
}
