package launch

import (
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/schema"
)

// Release is what a file tells of an engine's release.
type Release struct {
	// Number is the release whose schema holds; empty where the file does not tell.
	Number string
	// Said is what stands in the file, From where that is from: "the image's tag".
	Said, From string
	Pos        diag.Pos
	// Before is a release that is older than those whose schemas there are; Number is empty then.
	Before string
	// Later reports whether what runs is newer than Number, or patched: a nightly after it.
	Later bool
	// Floor reports whether Number is the oldest release meant, and newer ones are too.
	Floor bool
}

// under is the release, or another that goes before it where that one is known.
func (r Release) under(other Release) Release {
	if other.Number != "" || other.Before != "" {
		return other
	}
	return r
}

// Candidates are the releases of an engine that may be meant, oldest first.
func (r Release) Candidates(engine string) []string {
	all := schema.Releases(engine)
	switch {
	case r.Number == "":
		return all
	case !r.Later && !r.Floor:
		return []string{r.Number}
	}
	for i, release := range all {
		if schema.CompareReleases(release, r.Number) >= 0 {
			return all[i:]
		}
	}
	return all[max(len(all)-1, 0):]
}

// OfImage is the release of an engine that an image's tag tells.
func OfImage(b *backend.Backend, image Word) Release {
	r := Release{Said: image.Text, From: "the image", Pos: image.Pos()}
	of, _, number, later := backend.ImageOf(image.Text)
	if of == nil || of != b || number == "" || strings.Contains(image.Text[strings.LastIndexByte(image.Text, '/')+1:], Hole) {
		return r
	}
	n := OfNumber(b, number)
	r.Number, r.Before, r.Later = n.Number, n.Before, n.Later || later
	return r
}

// versionForm is a release number of Python's, with what comes behind it.
var versionForm = lazyregexp.New(`^[vV]?(\d+\.\d+(?:\.\d+)*(?:\.?post\d+)?)((?:rc|a|b)\d+)?(\.dev\d+)?(\+[0-9A-Za-z.]+)?$`)

// OfNumber reads a number as people and build systems write it: v0.33.0, 0.33.0+rocm700,
// 0.33.0rc1, 0.26.1rc1.dev255+g5e35a6f. One that no schema is there for stands for the nearest
// before it, and what is built on the way to a release for the one before that.
func OfNumber(b *backend.Backend, text string) Release {
	r := Release{Said: text}
	m := versionForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return r
	}
	number, dev := m[1], m[3]
	all := schema.Releases(b.Engine)
	if exact, err := schema.Resolve(b.Engine, number); err == nil && dev == "" {
		r.Number = exact
		return r
	}
	if dev == "" && schema.CompareReleases(number, all[0]) < 0 {
		r.Before = number
		return r
	}
	for _, release := range all {
		if schema.CompareReleases(release, number) >= 0 {
			break
		}
		r.Number, r.Later = release, true
	}
	if r.Number == all[0] || dev != "" && len(all) > 0 && schema.CompareReleases(number, all[len(all)/4]) < 0 {
		return Release{Said: text} // a number such as 0.1.dev17492 of a build without tags
	}
	return r
}
