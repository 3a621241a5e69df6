package explain

import (
	"io"
	"math"
	"strconv"

	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/diag/secret"
	"mlcfg/schema"
)

// The forms that scripts read. Fields may be added; none is renamed or dropped.
type (
	jsonView struct {
		Overlay string      `json:"overlay"`
		Base    string      `json:"base"`
		Backend string      `json:"backend"`
		Engine  string      `json:"engine"`
		Release string      `json:"release"`
		Values  []jsonValue `json:"values"`
	}
	jsonValue struct {
		Key    string      `json:"key"`
		Group  Group       `json:"group"`
		Set    bool        `json:"set"`
		Value  any         `json:"value"`
		Read   bool        `json:"read"`
		Unread string      `json:"unread,omitempty"`
		Chain  []jsonStep  `json:"chain"`
		Schema *jsonSchema `json:"schema,omitempty"`
		Found  []jsonFound `json:"findings,omitempty"`
	}
	jsonStep struct {
		Layer  string `json:"layer"`
		Key    string `json:"key"`
		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
		Value  any    `json:"value"`
		Note   string `json:"note,omitempty"`
		// Overwrites is the value of the step below.
		Overwrites *any `json:"overwrites,omitempty"`
	}
	jsonSchema struct {
		Takes       string        `json:"takes"`
		Minimum     *schema.Bound `json:"minimum,omitempty"`
		Maximum     *schema.Bound `json:"maximum,omitempty"`
		Enum        []any         `json:"enum,omitempty"`
		Default     *any          `json:"default,omitempty"`
		DefaultNote string        `json:"default_note,omitempty"`
		Required    bool          `json:"required,omitempty"`
		Deprecated  string        `json:"deprecated,omitempty"`
		// NoEffect is what mlrun does instead of what the harness does by the key.
		NoEffect string `json:"no_effect,omitempty"`
		// Releases are the engine's, or the harness's rounds.
		Releases []schema.Span `json:"releases,omitempty"`
		Flags    []string      `json:"flags,omitempty"`
		Help     string        `json:"help,omitempty"`
	}
	jsonFound struct {
		Severity diag.Severity `json:"severity"`
		Code     string        `json:"code"`
		Message  string        `json:"message"`
	}
)

// WriteJSON writes values of a view as one JSON object.
func WriteJSON(w io.Writer, v *View, values []Value) error {
	doc := jsonView{Overlay: v.Overlay, Base: v.Base, Backend: v.Backend.Name, Engine: v.Backend.Engine, Release: v.Release, Values: []jsonValue{}}
	for i := range values {
		doc.Values = append(doc.Values, v.json(&values[i]))
	}
	return output.JSON(w, doc)
}

func (v *View) json(value *Value) jsonValue {
	j := jsonValue{Key: secret.Hide(value.Name), Group: value.Group, Set: value.Set, Value: Finite(value.Value), Read: value.Unread == "", Unread: value.Unread, Chain: []jsonStep{}}
	for i, s := range value.Chain {
		step := jsonStep{Layer: s.Layer, Key: secret.Hide(s.Key), File: s.Pos.File, Line: s.Pos.Line, Column: s.Pos.Column, Value: Finite(s.Value), Note: s.Note}
		if i > 0 {
			below := Finite(value.Chain[i-1].Value)
			step.Overwrites = &below
		}
		j.Chain = append(j.Chain, step)
	}
	if k := value.Key; k != nil {
		j.Schema = &jsonSchema{
			Takes: k.Want(), Minimum: k.Min, Maximum: k.Max, Enum: k.Enum, DefaultNote: k.DefaultNote, Required: k.Required,
			Deprecated: k.Deprecated, Flags: k.Flags(), NoEffect: k.NotRun, Help: k.Doc,
		}
		if k.HasDefault {
			j.Schema.Default = &k.Default
		}
		if k.First != "" && !k.Own {
			j.Schema.Releases = schema.History(k.Engine(), k.Section, k.Name)
		}
	}
	for _, d := range value.Found {
		j.Found = append(j.Found, jsonFound{d.Severity, d.Code, secret.Hide(d.Message)})
	}
	return j
}

// Finite returns a value that JSON can hold: .nan and .inf, which no engine is
// given but a file may have, become text.
func Finite(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = Finite(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = Finite(item)
		}
		return out
	}
	return value
}
