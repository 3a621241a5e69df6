package diff

import (
	"io"

	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag/secret"
	"mlcfg/internal/explain"
)

// The form that scripts read. Fields may be added; none is renamed or dropped.
type (
	jsonDocument struct {
		Equal       bool         `json:"equal"`
		Comparisons []jsonReport `json:"comparisons"`
		Only        []Only       `json:"only"`
	}
	jsonReport struct {
		Sides       []Head    `json:"sides"`
		Differences []jsonRow `json:"differences"`
		Ignored     int       `json:"ignored"`
	}
	jsonRow struct {
		Key      string        `json:"key"`
		Group    explain.Group `json:"group"`
		Change   Change        `json:"change"`
		Backends []string      `json:"backends"`
		Values   []jsonCell    `json:"values"`
		Ratio    float64       `json:"ratio,omitempty"`
	}
	jsonCell struct {
		Set     bool   `json:"set"`
		Value   any    `json:"value"`
		Layer   string `json:"layer,omitempty"`
		Note    string `json:"note,omitempty"`
		File    string `json:"file,omitempty"`
		Line    int    `json:"line,omitempty"`
		Column  int    `json:"column,omitempty"`
		Default *any   `json:"default,omitempty"`
	}
)

// WriteJSON writes reports as one JSON object; "equal" reports whether there is
// no difference at all.
func WriteJSON(w io.Writer, reports []*Report, only []Only) error {
	doc := jsonDocument{Equal: len(only) == 0, Comparisons: []jsonReport{}, Only: append([]Only{}, only...)}
	for _, r := range reports {
		doc.Equal = doc.Equal && !r.Differs()
		j := jsonReport{Sides: append([]Head{}, r.Sides...), Differences: []jsonRow{}, Ignored: r.Ignored}
		for _, row := range r.Rows {
			out := jsonRow{Key: secret.Hide(row.Key), Group: row.Group, Change: row.Change, Backends: row.Backends, Ratio: row.Ratio}
			for _, c := range row.Cells {
				out.Values = append(out.Values, c.json())
			}
			j.Differences = append(j.Differences, out)
		}
		doc.Comparisons = append(doc.Comparisons, j)
	}
	return output.JSON(w, doc)
}

func (c Cell) json() jsonCell {
	j := jsonCell{Set: c.Set}
	if c.Set {
		o := c.Origin
		j.Value, j.Layer, j.Note, j.File, j.Line, j.Column = explain.Finite(c.Value), o.Layer, o.Note, o.Pos.File, o.Pos.Line, o.Pos.Column
	}
	if c.HasDefault {
		j.Default = &c.Default
	}
	return j
}
