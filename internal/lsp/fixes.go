package lsp

import (
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// codeAction offers an edit for each finding of the lines asked for that has a suggestion. Only
// what mends the finding is offered: the edit is made and the document looked at again.
func (s *Server) codeAction(p *documentParams) (any, error) {
	d, err := s.find(p)
	if err != nil {
		return nil, err
	}
	actions := []codeAction{}
	found := s.shown(d)
	for _, f := range found {
		line := f.Pos.Line - 1
		if f.Suggestion == "" || f.Pos.File != d.path || line < p.Range.Start.Line || line > p.Range.End.Line {
			continue
		}
		edit, mended, ok := d.mend(f)
		if !ok || !fewer(found, s.shown(mended), f.Code) {
			continue
		}
		action := codeAction{Title: "write " + f.Suggestion, Kind: "quickfix", Mends: []diagnostic{s.diagnostic(d, f)}, Preferred: true}
		action.Edit.Changes = map[string][]textEdit{d.uri: {edit}}
		if !slices.ContainsFunc(actions, func(a codeAction) bool { return a.Edit.Changes[d.uri][0] == edit }) {
			actions = append(actions, action)
		}
	}
	return actions, nil
}

// mend is the edit that puts a suggestion in its place, and the document with it.
func (d *document) mend(f diag.Diagnostic) (textEdit, *document, bool) {
	from, to, ok := source.Instead(d.text, f.Pos, f.Suggestion)
	if ok && f.Suggestion[0] == '-' {
		// A flag of a command line ends before the value that a = joins to it.
		if end := strings.IndexAny(d.text[from:to], " \t=\"'\\"); end > 0 {
			to = from + end
		}
	}
	if !ok {
		return textEdit{}, nil, false
	}
	mended, ok := newDocument(d.uri, d.version, d.text[:from]+f.Suggestion+d.text[to:])
	return textEdit{span{d.positionAt(from), d.positionAt(to)}, f.Suggestion}, mended, ok
}

// fewer reports whether an edit took away a finding of a code and brought no error that was
// not there.
func fewer(before, after diag.List, code string) bool {
	count := func(l diag.List, counts func(diag.Diagnostic) bool) (n int) {
		for _, f := range l {
			if counts(f) {
				n++
			}
		}
		return n
	}
	of := func(f diag.Diagnostic) bool { return f.Code == code }
	isError := func(f diag.Diagnostic) bool { return f.Severity == diag.Error }
	return count(after, of) < count(before, of) && count(after, isError) <= count(before, isError)
}
