package upgrade

import (
	"bytes"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
)

// Release is the change of what names a launch's release in its file: an image's tag, what is
// installed, a comment. ok is false where that is no number of the engine's own that stands there
// as it is, alone or in an image's name: a digest, or a build that is newer than its number, says
// more than the number does.
func Release(f *launch.File, l *launch.Launch, to string) (c Change, ok bool) {
	r := l.Release
	number, at, ok := numberAt(f, l)
	if !ok || number == to || r.Number == "" || r.Later || r.Floor || r.From == "identity.frameworks" {
		return c, false
	}
	return Change{
		Kind: Named, Key: number, Backend: l.Backend.Name, Pos: at, Layer: LaunchLayer, File: at.File, Line: at.Line,
		Message: r.From + " names the release", Rename: to,
	}, true
}

// numberAt finds the number of a launch's release where it stands in the file.
func numberAt(f *launch.File, l *launch.Launch) (number string, at diag.Pos, ok bool) {
	said := l.Release.Said
	from, there := f.Offset(l.Release.Pos)
	if !there || said == "" || strings.Contains(said, "@") {
		return "", at, false
	}
	number = said
	if of, image, release, _ := backend.ImageOf(said); of != nil {
		if image.Table != nil || release == "" {
			return "", at, false
		}
		number = release
	}
	text, _, _ := bytes.Cut(f.Data[from:], []byte{'\n'})
	i := bytes.LastIndex(text[:min(len(text), len(said)+maxBefore)], []byte(number))
	if i < 0 || number != strings.TrimSpace(number) {
		return "", at, false
	}
	return number, f.Place(from + i), true
}

// maxBefore is how far from the place of a release its number may begin: behind the name of a
// package.
const maxBefore = 24
