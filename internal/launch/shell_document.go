package launch

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// joinedDocument is a document that stands in the script, with its variables put in.
func (r *run) joinedDocument(from *syntax.Redirect) Word {
	b := fieldBuilder{open: true}
	escaped := inDocument
	for _, part := range from.Word.Parts {
		if end, ok := part.(*syntax.Lit); !ok || strings.Contains(end.Value, `\`) {
			escaped = asItStands
		}
	}
	r.quotedParts(&b, from.Hdoc.Parts, escaped)
	b.end()
	return Join(b.out...)
}

// written keeps the text that a command writes into a file of a name, and what a document starts:
// one that is a script, or a file of another kind (kubectl apply -f -).
func (r *run) written(s *syntax.Stmt) {
	var text *syntax.Redirect
	var name *syntax.Word
	for _, redirect := range s.Redirs {
		switch {
		case redirect.Hdoc != nil:
			text = redirect
		case redirect.Op == syntax.RdrOut || redirect.Op == syntax.RdrClob:
			name = redirect.Word
		}
	}
	if text == nil {
		return
	}
	document := r.joinedDocument(text)
	if !r.documents[document.Text] && mentioned(document.Text) {
		r.documents[document.Text] = true
		r.found = append(r.found, r.document(document)...)
	}
	if name != nil {
		if to := r.joined(name); to.Known() {
			r.files[to.Text] = document
		}
	}
}

// document returns what a document starts. Its lines are the script's.
func (r *run) document(text Word) []Launch {
	f := written(text)
	if len(f.Documents()) == 0 {
		return r.file.shell(text, nil, r.depth+1)
	}
	if runManifest.Claims(f) {
		return runManifest.Read(f)
	}
	for _, a := range r.file.kinds {
		if a.Name != shellName && a.Claims(f) {
			return a.Read(f)
		}
	}
	return nil
}
