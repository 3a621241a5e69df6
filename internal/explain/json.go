package explain

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

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
		Takes       string     `json:"takes"`
		Minimum     *jsonBound `json:"minimum,omitempty"`
		Maximum     *jsonBound `json:"maximum,omitempty"`
		Enum        []any      `json:"enum,omitempty"`
		Default     *any       `json:"default,omitempty"`
		DefaultNote string     `json:"default_note,omitempty"`
		Required    bool       `json:"required,omitempty"`
		Deprecated  string     `json:"deprecated,omitempty"`
		Releases    []jsonSpan `json:"releases,omitempty"`
		Flags       []string   `json:"flags,omitempty"`
		Help        string     `json:"help,omitempty"`
	}
	jsonBound struct {
		Value     float64 `json:"value"`
		Exclusive bool    `json:"exclusive,omitempty"`
	}
	jsonSpan struct {
		First string `json:"first"`
		Last  string `json:"last"`
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
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
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
			Takes: k.Want(), Minimum: bound(k.Min), Maximum: bound(k.Max), Enum: k.Enum, DefaultNote: k.DefaultNote, Required: k.Required,
			Deprecated: k.Deprecated, Flags: k.Flags(), Help: k.Doc,
		}
		if k.HasDefault {
			j.Schema.Default = &k.Default
		}
		if k.First != "" {
			for _, span := range schema.History(v.Backend.Engine, k.Section, k.Name) {
				j.Schema.Releases = append(j.Schema.Releases, jsonSpan(span))
			}
		}
	}
	for _, d := range value.Found {
		j.Found = append(j.Found, jsonFound{d.Severity, d.Code, secret.Hide(d.Message)})
	}
	return j
}

func bound(b *schema.Bound) *jsonBound {
	if b == nil {
		return nil
	}
	return &jsonBound{b.Value, b.Exclusive}
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
