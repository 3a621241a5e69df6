package launch

import (
	"bytes"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
)

// directives are what comments of a file tell this program.
type directives struct {
	// releases are those that a comment names, by engine.
	releases map[string]Release
	// gpu is the accelerator that a comment names, empty for none.
	gpu string
}

// engineComment names the release of an engine: # mlcfg: engine=vllm=0.27.1
var engineComment = lazyregexp.New(`mlcfg:[ \t]*engine=([a-z]+)=([^\s,;]+)`)

// gpuComment names the accelerator: # mlcfg: gpu=H100, # mlcfg: gpu="RTX PRO 6000"
var gpuComment = lazyregexp.New(`mlcfg:[^\n]*?[ \t:]gpu=("[^"\n]+"|[^\s,;"]+)`)

// directives reads the comments of a file; the last of two about an engine, or the accelerator, counts.
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
	for _, m := range gpuComment.FindAllSubmatchIndex(f.Data, -1) {
		d.gpu = strings.Trim(string(f.Data[m[2]:m[3]]), `"`)
	}
	return d
}
