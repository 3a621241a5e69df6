package launch

import (
	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
	"mlcfg/internal/source"
)

// runManifest reads a manifest that a script writes for mlrun, which starts the engines of its
// roles. One that is a file by itself is held against its sources instead (mlcfg check).
var runManifest = Adapter{
	Name: "manifest",
	Claims: func(f *File) bool {
		kind := f.Documents()[0].Lookup("kind")
		return kind != nil && kind.Str == manifest.Kind
	},
	Read: func(f *File) []Launch {
		root := f.Documents()[0]
		roles := root.Lookup("roles")
		if roles == nil {
			return nil
		}
		var found []Launch
		for _, role := range roles.Items {
			words := f.roleWords(role.Lookup("program"))
			texts := make([]string, len(words))
			for i, w := range words {
				texts[i] = w.Text
			}
			b, p, _ := backend.Starts(texts)
			if b == nil {
				continue
			}
			l := Launch{Pos: words[0].Pos(), Backend: b, Program: p}
			if number := root.Lookup("engine", "version"); number != nil {
				l.Release = OfNumber(b, f.Word(number).Text)
				l.Release.From, l.Release.Pos = "engine.version", number.Pos
			}
			if arguments := role.Lookup("arguments"); arguments != nil {
				for _, a := range arguments.Items {
					if when := a.Lookup("when"); when == nil || when.Str == string(backend.Alone) {
						l.Words = append(l.Words, f.roleWords(a.Lookup("words"))...)
					}
				}
			}
			if env := role.Lookup("environment"); env != nil {
				for _, v := range env.Fields {
					l.Set(Variable{Name: v.Key, Pos: v.KeyPos, Value: f.Word(v.Value)})
				}
			}
			found = append(found, l)
		}
		return found
	},
}

// roleWords are words of a role: a path is the configuration's, any other open place is mlrun's
// to fill.
func (f *File) roleWords(n *source.Node) (words []Word) {
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		w := f.Word(item)
		text, err := manifest.Fill(w.Text, func(p manifest.Place) (string, error) {
			if p.Name == "path" {
				return p.Arg, nil
			}
			return Hole, nil
		})
		if err == nil && text != w.Text {
			w = Word{Text: text, spans: []span{{pos: w.Pos()}}}
		}
		words = append(words, w)
	}
	return words
}
