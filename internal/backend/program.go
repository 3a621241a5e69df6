package backend

import (
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Program is a way in which people's files start an engine's server. What [Backend.Program]
// says is how this program starts it.
type Program struct {
	// Words start it: the program's name, whatever folder it is in, and the words that have
	// to follow. Where Module is set it is one of Python's instead, run with -m.
	Words  []string
	Module string
	// Positional reports whether the model may follow by itself.
	Positional bool
	// EngineOnly reports whether it takes the arguments of the engine's constructor alone,
	// and none of the server's.
	EngineOnly bool
	// Own are flags of the program itself, which the engine never sees; a star at the end
	// stands for any rest.
	Own []string
	// Not are flags with which the program is another one; a star at the end as in Own.
	Not []string
}

// Spelling is how a server reads the words of its command line where that is not Python's
// argparse's own way.
type Spelling struct {
	// Underscores reports whether flags take underscores in the place of hyphens.
	Underscores bool
	// Dotted is the first release whose flags of JSON take the keys inside with dots
	// (--flag.key value); empty for none. What is said so takes the place of all JSON.
	Dotted string
	// PairsFrom and PairsUntil are the releases, the second one exclusive, whose flags of JSON
	// take a map of whole numbers as KEY=VALUE pairs too; empty for none.
	PairsFrom, PairsUntil string
	// UnitKeys are the only keys whose numbers take [Backend.Units]; nil: all whole numbers.
	UnitKeys []string
	// Level is the short flag behind which a number stands without a space, as in -O3;
	// empty for none. LevelFlag is what it stands for where no flag is spelled so.
	Level, LevelFlag string
}

// Image is a container image that holds an engine.
type Image struct {
	// Repository is its name without the registry; that of a mirror ends in it.
	Repository string
	// Tag finds the engine's release in the tag, as its first group; empty where the tag
	// has a number of something else.
	Tag *lazyregexp.Regexp
	// Later finds tags of builds that are newer than the release that they name, or patched.
	Later *lazyregexp.Regexp
	// Table is the engine's release by the beginning of the tag, where the tag's number is
	// the image's own.
	Table map[string]string
	// Entry reports whether the image starts the server by itself, so that a command holds
	// arguments alone.
	Entry bool
}

// ImageOf finds the engine that an image holds; nil where it is none of those known.
// release is empty where the tag does not tell, and later reports whether the image is
// newer than it, or patched. The reference may have a registry, a tag and a digest.
func ImageOf(reference string) (b *Backend, image *Image, release string, later bool) {
	name, tag := splitReference(reference)
	for _, b := range Engines() {
		for i := range b.Images {
			image := &b.Images[i]
			if name != image.Repository && !strings.HasSuffix(name, "/"+image.Repository) {
				continue
			}
			release, later = image.release(tag)
			return b, image, release, later
		}
	}
	return nil, nil, "", false
}

func (i *Image) release(tag string) (release string, later bool) {
	longest := ""
	for begins := range i.Table {
		if strings.HasPrefix(tag, begins) && len(begins) > len(longest) {
			longest = begins
		}
	}
	if longest != "" {
		return i.Table[longest], len(tag) > len(longest)
	}
	if i.Tag == nil {
		return "", false
	}
	m := i.Tag.FindStringSubmatch(tag)
	if m == nil {
		return "", false
	}
	for _, group := range m[1:] {
		if group != "" {
			release = group
			break
		}
	}
	return release, i.Later != nil && i.Later.MatchString(tag)
}

// splitReference is an image's name and tag; what has no tag is latest.
func splitReference(reference string) (name, tag string) {
	reference = strings.TrimPrefix(reference, "docker://")
	if name, ok := strings.CutSuffix(reference, ".sqsh"); ok { // what enroot makes of one: vllm+vllm-openai+v0.21.0.sqsh
		parts := strings.Split(name[strings.LastIndexByte(name, '/')+1:], "+")
		if last := len(parts) - 1; last > 0 {
			return strings.Join(parts[:last], "/"), parts[last]
		}
	}
	reference, _, _ = strings.Cut(reference, "@")
	reference = strings.Replace(reference, "#", "/", 1) // enroot's way of a registry
	if colon := strings.LastIndexByte(reference, ':'); colon > strings.LastIndexByte(reference, '/') {
		return reference[:colon], reference[colon+1:]
	}
	return reference, "latest"
}

// Starts finds the program that the words of a command start, and how many words name it.
// A Python interpreter may stand before its modules.
func Starts(words []string) (b *Backend, p *Program, n int) {
	if len(words) == 0 {
		return nil, nil, 0
	}
	first := words[0][strings.LastIndexByte(words[0], '/')+1:]
	module, at := "", 0
	if strings.HasPrefix(first, "python") || strings.Contains(first, "PYTHON") || first == HoleWord {
		module, at = moduleOf(words)
	}
	for _, b := range Engines() {
		for i := range b.Programs {
			p := &b.Programs[i]
			switch {
			case p.Module != "":
				if p.Module == module {
					return b, p, at
				}
			case len(words) >= len(p.Words) && first == p.Words[0] && slices.Equal(words[1:len(p.Words)], p.Words[1:]):
				return b, p, len(p.Words)
			}
		}
	}
	return nil, nil, 0
}

// HoleWord stands for a word of a command that its file does not tell.
const HoleWord = "\ue000"

// moduleOf is the module that a Python interpreter runs, and the number of words up to it.
func moduleOf(words []string) (string, int) {
	for i := 1; i < len(words)-1; i++ {
		switch word := words[i]; {
		case word == "-m":
			return words[i+1], i + 2
		case word == "-X" || word == "-W":
			i++
		case !strings.HasPrefix(word, "-"):
			return "", 0
		}
	}
	return "", 0
}

// Owns reports whether a flag is the program's own.
func (p *Program) Owns(flag string) bool { return hasFlag(p.Own, flag) }

// IsAnother reports whether a word is a flag with which the program is another one.
func (p *Program) IsAnother(word string) bool {
	flag, _, _ := strings.Cut(word, "=")
	return hasFlag(p.Not, flag)
}

func hasFlag(flags []string, flag string) bool {
	return slices.ContainsFunc(flags, func(f string) bool {
		if begin, ok := strings.CutSuffix(f, "*"); ok {
			return strings.HasPrefix(flag, begin)
		}
		return flag == f
	})
}
