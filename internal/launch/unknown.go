package launch

import (
	"fmt"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// unknown reports a flag that the release does not have: gone, not yet there, misspelt, or
// another engine's. spelled is as it stands there, name as the parser compares it.
func (r *lineReader) unknown(w Word, spelled, name string, values []Word) {
	d := diag.Diagnostic{Code: schema.UnknownKey, Message: fmt.Sprintf("%s has no flag %s", r.release(), spelled)}
	uses := schema.FlagHistory(r.schema.Engine, name)
	switch own := r.own(name); {
	case own != nil:
		d.Message = fmt.Sprintf("%s takes the arguments of the engine alone, and %s is its server's", r.launch.Program.Module, spelled)
	case len(uses) > 0:
		d.Message += ": " + schema.Became(r.schema.Engine, r.schema.Release, schema.Spans(r.schema.Engine, uses))
		d.Suggestion, d.Hint = r.place(uses[len(uses)-1], name)
	case r.hyphens(name) != "":
		d.Suggestion = r.hyphens(name)
		d.Hint = "write " + d.Suggestion + ": it takes no underscores"
	case r.switchOf(name) != nil:
		d.Hint = "it is on with " + r.switchOf(name).Flag.Names[0] + " alone, which can only be left out"
	default:
		if d.Suggestion = diag.Name(r.long, name); d.Suggestion != "" {
			d.Message += ", did you mean " + d.Suggestion
		} else if of := r.anothers(name); of != "" {
			d.Hint = "it is a flag of " + of
		}
	}
	r.fault(d, append([]Word{w}, values...)...)
}

// own is the server's argument of a flag that a program does not take.
func (r *lineReader) own(name string) *schema.Key {
	if !r.launch.Program.EngineOnly {
		return nil
	}
	o, _, _ := parserOf(r.schema, false).find(name)
	return o.key
}

// place is what took a flag's place, where it can be written there, and advice.
func (r *lineReader) place(use schema.FlagUse, name string) (suggestion, hint string) {
	note, ok := schema.Gone(r.schema.Engine, r.schema.Release, schema.EngineConfig, use.Key) // what took a flag's place is the engine's
	if last, _ := schema.Around(schema.Spans(r.schema.Engine, []schema.FlagUse{use}), r.schema.Release); !ok || last == "" {
		if last == "" {
			return "", ""
		}
		if key := r.key(use.Key); key != nil { // another spelling of what is still there
			flag := key.Flag.Names[0]
			if use.Negative {
				flag = key.Flag.Negative
			}
			if flag != "" && flag != name {
				return flag, "write " + flag
			}
		}
		return "", ""
	}
	hint = note.Text
	if key := r.key(note.Replaced); key != nil {
		suggestion = key.Flag.Names[0]
		hint += ": " + suggestion + " takes its place"
		if use.Negative {
			suggestion = key.Flag.Negative
		}
	}
	return suggestion, hint
}

// key is an argument of the release with a flag, nil where there is none.
func (r *lineReader) key(name string) *schema.Key {
	for _, section := range []string{schema.EngineConfig, schema.CLIOnly} {
		if k, ok := r.schema.Section(section).Key(name); ok && len(k.Flags()) > 0 {
			return k
		}
	}
	return nil
}

// became says what became of a flag that means several now, and what took its place.
func (r *lineReader) became(name string) (suggestion, text string) {
	uses := schema.FlagHistory(r.schema.Engine, name)
	if len(uses) == 0 {
		return "", ""
	}
	text = schema.Became(r.schema.Engine, r.schema.Release, schema.Spans(r.schema.Engine, uses))
	suggestion, hint := r.place(uses[len(uses)-1], name)
	if hint != "" {
		text += "; " + hint
	}
	return suggestion, text
}

// hyphens is the flag of a name that has underscores in their place, where the server takes none.
func (r *lineReader) hyphens(name string) string {
	if r.backend.Spelling.Underscores || !strings.Contains(name, "_") {
		return ""
	}
	flag := strings.ReplaceAll(name, "_", "-")
	if _, ok := r.flags[flag]; ok {
		return flag
	}
	return ""
}

// switchOf is the switch that a flag with no- before it would turn off, if it could be.
func (r *lineReader) switchOf(name string) *schema.Key {
	rest, ok := strings.CutPrefix(name, "--no-")
	if !ok {
		return nil
	}
	return r.flags["--"+rest].key
}

// anothers names the engine that has a flag which this one never had.
func (r *lineReader) anothers(name string) string {
	for _, b := range backend.Engines() {
		if b.Engine != r.schema.Engine && len(schema.FlagHistory(b.Engine, name)) > 0 {
			return b.Title
		}
	}
	return ""
}
