package lsp

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/config"
	"mlcfg/internal/diag"
)

// Faulty is an error that has findings; they are shown instead of it.
type Faulty interface {
	error
	Findings() diag.List
}

// publish sends the findings of a document.
func (s *Server) publish(d *document) error {
	params := publishParams{URI: d.uri, Version: d.version, Diagnostics: []diagnostic{}}
	for _, f := range s.shown(d) {
		params.Diagnostics = append(params.Diagnostics, s.diagnostic(d, f))
	}
	return s.conn.write(notification{"2.0", "textDocument/publishDiagnostics", params})
}

// shown are the findings of a document that the project has not switched off.
func (s *Server) shown(d *document) diag.List {
	var silenced map[string]string
	if session, err := s.session(d); err == nil && session.Settings != nil {
		silenced = session.Settings.Silenced
	}
	return slices.DeleteFunc(s.findings(d), func(f diag.Diagnostic) bool { return silenced[f.Code] != "" })
}

// findings are lint's for an overlay, and for a file that starts engines; of a base those of reading it.
func (s *Server) findings(d *document) diag.List {
	if found, ok := s.started(d); ok {
		return found
	}
	if filepath.Ext(d.path) != ".yaml" && filepath.Ext(d.path) != ".yml" && filepath.Base(d.path) != config.FileName {
		return nil
	}
	if filepath.Base(d.path) == config.FileName {
		_, found, err := config.ReadSettings(d.path)
		if err != nil {
			return nil // not saved yet
		}
		return found
	}
	if s.isBase(d) {
		_, found := s.dialect(d).Parse(d.path, []byte(d.text))
		return found
	}
	r, err := s.resolve(d)
	var faulty Faulty
	switch {
	case errors.As(err, &faulty):
		return faulty.Findings()
	case errors.Is(err, config.ErrNoBase):
		return nil // a YAML file of another kind
	case err != nil:
		return diag.List{{Pos: diag.Pos{File: d.path}, Severity: diag.Error, Message: err.Error()}}
	}
	return r.outcome.Found
}

// diagnostic turns a finding into the protocol's form. One in another file stands
// at the document's top and leads there.
func (s *Server) diagnostic(d *document, f diag.Diagnostic) diagnostic {
	out := diagnostic{Severity: int(f.Severity), Code: f.Code, Source: "mlcfg", Message: f.Message}
	if f.Backend != "" {
		out.Message = f.Backend + ": " + out.Message
	}
	if f.Hint != "" {
		out.Message += "\nhint: " + f.Hint
	}
	if f.Pos.File == d.path {
		out.Range = d.word(f.Pos.Line, f.Pos.Column)
	} else {
		out.Message = f.Pos.String() + ": " + out.Message
		out.Related = append(out.Related, s.related(f.Pos, f.Message)...)
	}
	for _, r := range f.Related {
		out.Related = append(out.Related, s.related(r.Pos, r.Message)...)
	}
	return out
}

func (s *Server) related(p diag.Pos, message string) []related {
	if p.File == "" || strings.HasPrefix(p.File, "--") {
		return nil
	}
	return []related{{s.location(p), message}}
}

// location is a place in a file, open or not.
func (s *Server) location(p diag.Pos) location {
	uri := uriOf(p.File)
	at := position{max(0, p.Line-1), max(0, p.Column-1)}
	if d := s.documents[uri]; d != nil {
		at = d.position(p.Line, p.Column)
	}
	return location{uri, span{at, at}}
}

// word is the range of the key or value that begins at a place.
func (d *document) word(line, column int) span {
	if line < 1 {
		return span{}
	}
	runes := []rune(d.line(line - 1))
	end := max(0, min(column-1, len(runes)))
	for start := end; end < len(runes) && !strings.ContainsRune(" \t,]}", runes[end]) && (runes[end] != ':' || end == start); {
		end++
	}
	return span{d.position(line, column), d.position(line, end+1)}
}
