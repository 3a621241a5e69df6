package lsp

import (
	"cmp"
	"slices"
	"strings"

	"mlcfg/internal/compile"
	"mlcfg/internal/explain"
)

// at resolves the key that a request is about; path is nil where there is none.
func (s *Server) at(p *documentParams) (d *document, r *resolved, path []string, start int, err error) {
	if d, err = s.find(p); err != nil {
		return nil, nil, nil, 0, err
	}
	path, start = d.keyAt(p.Position, s.dialect(d))
	if path == nil {
		if c := d.cursorAt(p.Position); c.key != "" {
			path, start = c.path(), c.start
		}
	}
	if path == nil || s.isBase(d) {
		return d, nil, nil, 0, nil
	}
	if r, err = s.resolve(d); err != nil {
		return d, nil, nil, 0, nil //nolint:nilerr // publish said why
	}
	return d, r, path, start, nil
}

// hover says of a key what it is and where its value is from.
func (s *Server) hover(p *documentParams) (any, error) {
	if d, err := s.find(p); err == nil {
		if h, err := s.hoverLaunch(d, p.Position); h != nil || err != nil {
			return h, err
		}
	}
	d, r, path, start, err := s.at(p)
	if err != nil || path == nil {
		return nil, err
	}
	key := strings.Join(path, ".")
	var text strings.Builder
	for _, target := range readersFirst(r.outcome.Targets, path[0]) {
		if target.Values == nil {
			continue
		}
		view := explain.Of(r.config, r.outcome, target)
		values, err := view.Find(key, true)
		if err != nil || len(values) != 1 {
			continue
		}
		if err := explain.WriteText(&text, view, values, explain.TextOptions{}); err != nil {
			return nil, err
		}
		break // what a key is differs between engines, and their keys do too
	}
	if want, comment := r.session.Site.Want(path...); want != "" {
		text.WriteString("\nthe site wants " + want + "\n")
		if comment != "" {
			text.WriteString("  " + comment + "\n")
		}
	}
	if text.Len() == 0 {
		return nil, nil
	}
	over := d.word(p.Position.Line+1, start)
	return hover{markup{"markdown", fenced(text.String())}, &over}, nil
}

// readersFirst are the targets, those whose engine has the section first: to the others it
// is nothing.
func readersFirst(targets []compile.Target, section string) []compile.Target {
	return slices.SortedStableFunc(slices.Values(targets), func(a, b compile.Target) int {
		return cmp.Compare(rank(a, section), rank(b, section))
	})
}

func rank(t compile.Target, section string) int {
	if strings.HasPrefix(section, t.Backend.Engine+"_") {
		return 0
	}
	return 1
}

// fenced puts text into a block that none of its lines can end.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence
}

// definition leads to the base's line of a key, else to the first layer's in
// another file.
func (s *Server) definition(p *documentParams) (any, error) {
	_, r, path, _, err := s.at(p)
	if err != nil || path == nil {
		return nil, err
	}
	t := r.config.Tree.Lookup(path...)
	if t == nil {
		return nil, nil
	}
	for _, setting := range t.Chain {
		if setting.Layer == "base" && setting.KeyPos.Line > 0 {
			return []location{s.location(setting.KeyPos)}, nil
		}
	}
	return nil, nil
}
