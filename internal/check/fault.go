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
	n, path := descend(t, f.Path)
	name := lastStep(path)
	d := diag.Diagnostic{
		Pos: n.Pos, Severity: diag.Error, Code: f.Code, Key: path, Suggestion: f.Suggestion,
		Message: name + ": " + f.Message,
	}
	switch {
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
	c.add(d)
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

// descend finds the node at steps below a tree; where there is none, the
// nearest above it.
func descend(t *merge.Tree, steps []string) (*source.Node, string) {
	for len(steps) > 0 && len(t.Fields) > 0 {
		next := t.Lookup(steps[0])
		if next == nil {
			break
		}
		t, steps = next, steps[1:]
	}
	n, path := settingOf(t).Node, t.Path
	for _, step := range steps {
		next := n.Lookup(step)
		if n.Kind == source.List {
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Items) {
				next = n.Items[i]
			}
		}
		if next == nil {
			break
		}
		n, path = next, path+"."+step
	}
	return n, path
}

func lastStep(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
