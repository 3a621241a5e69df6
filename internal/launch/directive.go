package launch

import (
	"bytes"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
)

// directives are what comments of a file tell this program.
type directives struct {
	// releases are those that a comment names, by engine.
	releases map[string]Release
}

// engineComment names the release of an engine: # mlcfg: engine=vllm=0.27.1
var engineComment = lazyregexp.New(`mlcfg:[ \t]*engine=([a-z]+)=([^\s,;]+)`)

// directives reads the comments of a file; the last of two about an engine counts.
func (f *File) directives() directives {
	d := directives{releases: map[string]Release{}}
	if !bytes.Contains(f.Data, []byte("mlcfg:")) {
		return d
	}
	for _, m := range engineComment.FindAllSubmatchIndex(f.Data, -1) {
		b, ok := backend.Of(string(f.Data[m[2]:m[3]]))
		if !ok {
			continue
		}
		r := OfNumber(b, string(f.Data[m[4]:m[5]]))
		r.From, r.Pos = "a comment", f.Place(m[4])
		d.releases[b.Engine] = r
	}
	return d
}
