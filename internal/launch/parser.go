package launch

import (
	"slices"
	"strings"
	"sync"

	"mlcfg/internal/backend"
	"mlcfg/schema"
)

// parser are the flags of a release as its server's command line has them.
type parser struct {
	backend *backend.Backend
	schema  *schema.Schema
	// flags are all spellings, the negatives of switches included.
	flags map[string]option
	// long are those of two dashes, sorted.
	long []string
	// positional is the key of the model that follows by itself, nil where there is none.
	positional *schema.Key
}

// option is what a flag stands for.
type option struct {
	key *schema.Key
	// off reports whether the flag turns the key's switch off.
	off bool
}

// parsers are made once for each release, and never change.
var parsers sync.Map

// parserOf is the parser of a release; engineOnly leaves the server's own flags out.
func parserOf(s *schema.Schema, engineOnly bool) *parser {
	id := struct {
		schema     *schema.Schema
		engineOnly bool
	}{s, engineOnly}
	if p, ok := parsers.Load(id); ok {
		return p.(*parser) //nolint:forcetypeassert // nothing else is stored
	}
	b, _ := backend.Of(s.Engine)
	p := &parser{backend: b, schema: s, flags: map[string]option{}}
	sections := []string{schema.CLIOnly, schema.EngineConfig}
	if engineOnly {
		sections = sections[1:]
	}
	for _, name := range sections {
		for _, key := range s.Section(name).Keys() {
			if key.Flag == nil {
				continue
			}
			if len(key.Flag.Names) == 0 || key.Flag.Names[0] == "" { // of older releases
				p.positional = key
				continue
			}
			for _, flag := range key.Flag.Names {
				p.add(flag, option{key: key})
			}
			if key.Flag.Negative != "" {
				p.add(key.Flag.Negative, option{key: key, off: true})
			}
		}
	}
	slices.Sort(p.long)
	kept, _ := parsers.LoadOrStore(id, p)
	return kept.(*parser) //nolint:forcetypeassert // nothing else is stored
}

func (p *parser) add(flag string, o option) {
	if _, known := p.flags[flag]; known {
		return
	}
	p.flags[flag] = o
	if strings.HasPrefix(flag, "--") {
		p.long = append(p.long, flag)
	}
}

// find is the option that a flag means: its own, or the only one that it is the beginning of.
// several are those that it may mean where these are more than one.
func (p *parser) find(flag string) (o option, name string, several []string) {
	if o, ok := p.flags[flag]; ok {
		return o, flag, nil
	}
	if !strings.HasPrefix(flag, "--") || len(flag) < 3 {
		return option{}, "", nil
	}
	several = schema.Abbreviated(p.long, flag)
	if len(several) == 1 {
		return p.flags[several[0]], several[0], nil
	}
	return option{}, "", several
}

// normal is a flag as the parser compares it, and the keys inside its JSON behind it.
func (p *parser) normal(flag string) (name, inside string) {
	name = flag
	if dotted := p.backend.Spelling.Dotted; dotted != "" && schema.CompareReleases(p.schema.Release, dotted) >= 0 {
		if at := strings.IndexByte(flag, '.'); at > 0 {
			name, inside = flag[:at], flag[at+1:]
		}
	}
	if p.backend.Spelling.Underscores && strings.HasPrefix(name, "--") {
		name = "--" + strings.ReplaceAll(name[2:], "_", "-")
	}
	return name, inside
}
