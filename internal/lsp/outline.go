package lsp

import (
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/internal/source/layout"
	"mlcfg/schema"
)

// kinds are the protocol's kinds of symbols, by what a value is.
var kinds = map[source.Kind]int{
	source.Map: 2, source.List: 18, source.String: 15, source.Int: 16, source.Float: 16, source.Bool: 17, source.Null: 21,
}

// documentSymbol returns the sections and keys of an overlay or a base.
func (s *Server) documentSymbol(p *documentParams) (any, error) {
	d, err := s.find(p)
	if err != nil {
		return nil, err
	}
	session, ok := s.configuration(d)
	if !ok {
		return nil, nil
	}
	text, _ := d.readable(session.Files.OmegaConf)
	root, _ := session.Files.OmegaConf.Parse(d.path, []byte(text))
	if root == nil {
		return nil, nil
	}
	return d.symbols(root, diag.Pos{File: d.path, Line: len(d.lines), Column: len([]rune(d.line(len(d.lines)-1))) + 1}), nil
}

// symbols are a map's entries; end is where the map ends.
func (d *document) symbols(n *source.Node, end diag.Pos) []symbol {
	all := []symbol{}
	for i, f := range n.Fields {
		last := end
		if i+1 < len(n.Fields) && n.Fields[i+1].KeyPos.Compare(f.KeyPos) > 0 {
			last = n.Fields[i+1].KeyPos
			if last.Line > f.KeyPos.Line {
				last = diag.Pos{File: d.path, Line: last.Line - 1, Column: len([]rune(d.line(last.Line-2))) + 1}
			}
		}
		if f.Value == nil || f.KeyPos.Line < 1 || last.Compare(f.KeyPos) < 0 {
			continue // what an alias brings in stands elsewhere
		}
		name := d.word(f.KeyPos.Line, f.KeyPos.Column)
		one := symbol{Name: f.Key, Kind: kinds[f.Value.Kind], Range: span{name.Start, d.position(last.Line, last.Column)}, Selection: name}
		if f.Value.Kind == source.Map {
			one.Children = d.symbols(f.Value, last)
		} else {
			one.Detail = f.Value.Text
		}
		all = append(all, one)
	}
	return all
}

// formatting returns the edit that gives an overlay or a base the layout of mlcfg fmt; none
// where it has errors, which is not rewritten.
func (s *Server) formatting(p *documentParams) (any, error) {
	d, err := s.find(p)
	if err != nil {
		return nil, err
	}
	session, ok := s.configuration(d)
	if !ok {
		return nil, nil
	}
	out, _, err := layout.Format(d.path, []byte(d.text), schema.Shared().Section("config").Declared(), session.Files.OmegaConf)
	if err != nil {
		return nil, &rpcError{internalError, err.Error()}
	}
	if out == nil || string(out) == d.text {
		return []textEdit{}, nil
	}
	return []textEdit{{span{position{}, d.positionAt(len(d.text))}, string(out)}}, nil
}
