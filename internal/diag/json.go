package diag

import (
	"encoding/json"
	"io"
	"maps"

	"mlcfg/internal/diag/secret"
)

// jsonDiagnostic is the form that scripts read. Fields may be added; none is
// renamed or dropped.
type jsonDiagnostic struct {
	File       string    `json:"file"`
	Line       int       `json:"line"`
	Column     int       `json:"column"`
	Severity   Severity  `json:"severity"`
	Code       string    `json:"code"`
	Key        string    `json:"key"`
	Backend    string    `json:"backend"`
	Message    string    `json:"message"`
	Suggestion string    `json:"suggestion,omitempty"`
	Hint       string    `json:"hint,omitempty"`
	Related    []related `json:"related,omitempty"`
}

type related struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// MarshalJSON makes a list the array that WriteJSON writes.
func (l List) MarshalJSON() ([]byte, error) { return json.Marshal(records(l)) }

func records(l List) []jsonDiagnostic {
	all := make([]jsonDiagnostic, len(l))
	for i, d := range l {
		all[i] = jsonDiagnostic{
			File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Column, Severity: d.Severity, Code: d.Code,
			Key: secret.Hide(d.Key), Backend: d.Backend, Message: secret.Hide(d.Message), Suggestion: secret.Hide(d.Suggestion), Hint: secret.Hide(d.Hint),
		}
		for _, r := range d.Related {
			all[i].Related = append(all[i].Related, related{File: r.Pos.File, Line: r.Pos.Line, Column: r.Pos.Column, Message: secret.Hide(r.Message)})
		}
	}
	return all
}

// WriteJSON writes {"diagnostics": [...]}, in the order of l, indented, with a
// final newline. Line and column are 0 where the place is not known.
func WriteJSON(w io.Writer, l List) error { return writeJSON(w, l, nil) }

// writeJSON is WriteJSON with further members.
func writeJSON(w io.Writer, l List, also map[string]any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	document := map[string]any{"diagnostics": records(l)}
	maps.Copy(document, also)
	return enc.Encode(document)
}
