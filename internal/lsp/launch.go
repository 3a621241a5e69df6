package lsp

import (
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
	"mlcfg/internal/launch"
)

// launches are what a document starts; none for an overlay, and for other files.
func (d *document) launches() (*launch.File, []launch.Launch) {
	f := launch.NewFile(d.path, []byte(d.text))
	return f, launch.ReadOther(f)
}

// started are the findings of a document that starts engines; ok is false for others.
func (s *Server) started(d *document) (found diag.List, ok bool) {
	f, launches := d.launches()
	if len(launches) == 0 {
		return nil, false
	}
	session, err := s.session(d)
	if err != nil {
		return nil, false // what reads overlays says why
	}
	return session.launches().File(f, launches), true
}

// launches is the session's checker of launches.
func (s *Session) launches() *check.LaunchChecker {
	if s.Launches == nil {
		s.Launches = check.NewLaunchChecker(check.LaunchOptions{})
	}
	return s.Launches
}

// hoverLaunch says of the argument or variable under the cursor what it is.
func (s *Server) hoverLaunch(d *document, p position) (any, error) {
	_, launches := d.launches()
	session, err := s.session(d)
	if err != nil || len(launches) == 0 {
		return nil, nil //nolint:nilerr // publish said why
	}
	for i := range launches {
		r, err := session.launches().Resolve(&launches[i])
		if err != nil {
			continue
		}
		name, at := under(r, d, p)
		if name == "" {
			continue
		}
		view := explain.OfLaunch(r)
		values, err := view.Find(name, true)
		if err != nil || len(values) != 1 {
			continue
		}
		var text strings.Builder
		if err := explain.WriteText(&text, view, values, explain.TextOptions{}); err != nil {
			return nil, err
		}
		over := d.word(at.Line, at.Column)
		return hover{markup{"markdown", fenced(text.String())}, &over}, nil
	}
	return nil, nil
}

// under is the key of the word under the cursor, and where the word stands.
func under(r *check.Resolved, d *document, p position) (name string, at diag.Pos) {
	covers := func(at diag.Pos) bool {
		over := d.word(at.Line, at.Column)
		return at.Line == p.Line+1 && over.Start.Character <= p.Character && p.Character <= over.End.Character
	}
	for _, a := range r.Line.Arguments {
		section, key := check.NameOf(r.Launch, a)
		if covers(a.Pos) {
			return section + "." + key, a.Pos
		}
		if a.Value != nil && covers(a.Value.Pos) {
			return section + "." + key, a.Value.Pos
		}
	}
	for _, v := range r.Launch.Variables {
		if covers(v.Pos) {
			return "env_config." + v.Name, v.Pos
		}
	}
	return "", diag.Pos{}
}
