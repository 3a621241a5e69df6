package check

import (
	"fmt"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// fault reports what the schema says about a value.
func (c *checker) fault(t *merge.Tree, key *schema.Key, f schema.Fault) {
	if f.Code == schema.WrongType && len(f.Path) == 0 && f.Suggestion == "" {
		f.Suggestion = c.asOnCommandLine(key, settingOf(t).Node)
	}
	if f.Code == schema.WrongType && f.Suggestion == "" && settingOf(t).Node.Kind == source.List && key.Kinds&schema.Map != 0 {
		f.Suggestion = asVariables(settingOf(t).Node)
	}
	d := faultOf(t, key, f)
	c.otherRound(&d, t, key)
	c.otherFork(&d, t, key)
	c.olderTakes(&d, key, t.Interface())
	c.add(d)
}

// faultOf is the finding for what the schema says about a value.
func faultOf(t *merge.Tree, key *schema.Key, f schema.Fault) diag.Diagnostic {
	at := descend(t, f.Path)
	n, name := at.node, at.name
	d := diag.Diagnostic{
		Pos: n.Pos, Severity: diag.Error, Code: f.Code, Key: at.path, Suggestion: f.Suggestion,
		Message: name + " is " + f.Message,
	}
	if (n.Kind == source.Int || n.Kind == source.Float || n.Kind == source.Bool) && strings.HasPrefix(f.Suggestion, `"`) && n.Text != "" {
		// A text was meant, so the one that stands there and not the number it reads as.
		d.Suggestion = strconv.Quote(n.Text)
		f.Suggestion = d.Suggestion
	}
	switch {
	case f.Code == schema.Refused:
		d.Pos, d.Message = at.keyPos, fmt.Sprintf("%s %s refuses this: %s", key.Engine(), key.Release(), f.Message)
	case f.Code == schema.UnknownKey:
		d.Pos, d.Message = at.keyPos, f.Message
		if f.Suggestion != "" {
			d.Message += ", did you mean " + f.Suggestion
		}
	case f.Code == schema.WrongType && key.Kinds&schema.Bool != 0 && n.Kind == source.String:
		d.Code = "misspelt-boolean"
		d.Message = fmt.Sprintf("%s is the text %s where %s is wanted", name, strconv.Quote(n.Str), f.Want)
		if d.Suggestion == "" {
			d.Suggestion = nearestBool(n.Str)
		}
		if d.Suggestion != "" {
			d.Hint = "write " + d.Suggestion
		}
	case f.Suggestion != "" && f.Code == schema.WrongType:
		d.Hint = "write " + f.Suggestion
	case f.Suggestion != "":
		d.Message += ", did you mean " + f.Suggestion
	}
	return d
}

// nearestBool guesses what a misspelt boolean was meant to be.
func nearestBool(s string) string {
	switch schema.Nearest([]string{"true", "false", "yes", "no", "on", "off"}, s) {
	case "true", "yes", "on":
		return "true"
	case "false", "no", "off":
		return "false"
	}
	return ""
}

// spot is a place inside a value.
type spot struct {
	node   *source.Node
	keyPos diag.Pos
	// path is the full dotted path, name what messages call the spot: the key,
	// or key[index] in a list.
	path, name string
}

// descend finds the spot at steps below a tree; where there is none, the
// nearest above it.
func descend(t *merge.Tree, steps []string) spot {
	for len(steps) > 0 && len(t.Fields) > 0 {
		next := t.Lookup(steps[0])
		if next == nil {
			break
		}
		t, steps = next, steps[1:]
	}
	s := settingOf(t)
	at := spot{s.Node, s.KeyPos, t.Path, t.Key}
	for _, step := range steps {
		if i, err := strconv.Atoi(step); at.node.Kind == source.List && err == nil && i >= 0 && i < len(at.node.Items) {
			at.node, at.name = at.node.Items[i], at.name+"["+step+"]"
			at.keyPos = at.node.Pos
		} else if f := at.node.Field(step); f != nil {
			at.node, at.keyPos, at.name = f.Value, f.KeyPos, f.Key
		} else {
			break
		}
		at.path += "." + step
	}
	return at
}

// lastStep is the last key of a dotted path.
func lastStep(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
