package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// inRelease holds a variable against what the engine's release knows of it: its
// value, whether it is advised against or read at all, and where it is unknown
// whether another release knows it or it is a slip. Unknown names are fine in
// themselves: forks and libraries have their own. valued reports whether it has a
// usable value.
func (c *checker) inRelease(t *merge.Tree, valued bool) {
	key, known := c.schema.Section(schema.EnvConfig).Key(t.Key)
	switch {
	case known:
		c.advised(t, key)
		if valued {
			c.readable(t, key)
			c.sensible(t, c.schema.Engine+"_"+schema.EnvConfig, key, numberIn(settingOf(t).Node))
		}
	case slices.Contains(c.variables, t.Key) || c.site.Has(steps(t)...):
	case c.copied(t, valued):
	case c.ofHarness(t, valued):
	default:
		c.notInRelease(t, valued)
	}
}

// notInRelease is inRelease for a variable that nothing here reads.
func (c *checker) notInRelease(t *merge.Tree, valued bool) {
	if history := schema.History(c.schema.Engine, schema.EnvConfig, t.Key); len(history) > 0 {
		c.inert(t, c.becameOf(history), c.gone(schema.EnvConfig, t.Key, history))
		return
	}
	if hint := c.hintFork(schema.EnvConfig, t.Key); hint != "" {
		c.add(diag.Diagnostic{
			Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "inert-variable", Key: t.Path,
			Message: fmt.Sprintf("%s does nothing in %s: no release has it", t.Key, c.engineRelease()), Hint: hint,
		})
	} else if !c.nearMiss(t) && !c.notOfHarness(t) && valued {
		c.unknownVariable(t)
	}
}

// copied reports whether the release copies the variable to one of another name,
// as it does for an older prefix, and warns of that.
func (c *checker) copied(t *merge.Tree, valued bool) bool {
	for _, prefix := range c.schema.Section(schema.EnvPrefixes).Keys() {
		rest, ok := strings.CutPrefix(t.Key, prefix.Name)
		if !ok || len(prefix.Enum) != 1 {
			continue
		}
		name := fmt.Sprint(prefix.Enum[0]) + rest
		c.add(diag.Diagnostic{
			Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "deprecated-key", Key: t.Path, Suggestion: name,
			Message: fmt.Sprintf("%s is deprecated in %s: use %s instead, to which its value is copied", t.Key, c.engineRelease(), name),
		})
		if key, known := c.schema.Section(schema.EnvConfig).Key(name); known && valued {
			c.readable(t, key)
		}
		return true
	}
	return false
}

// unknownVariable notes a variable with the engine's own prefix that no release
// known here ever read: perhaps a fork's, perhaps a nightly's, perhaps misspelt.
func (c *checker) unknownVariable(t *merge.Tree) {
	prefix := strings.ToUpper(c.schema.Engine) + "_"
	if !strings.HasPrefix(t.Key, prefix) {
		return
	}
	if near := c.schema.Section(schema.EnvConfig).Nearest(t.Key); near != "" {
		c.noticeUnknown("or is "+near+" meant", t)
		return
	}
	c.unread = append(c.unread, t)
}

// noticeUnknown is one notice of variables that no release reads: forks have dozens.
func (c *checker) noticeUnknown(hint string, of ...*merge.Tree) {
	if len(of) == 0 {
		return
	}
	names := make([]string, len(of))
	for i, t := range of {
		names[i] = t.Key
	}
	c.add(diag.Diagnostic{
		Pos: settingOf(of[0]).KeyPos, Severity: diag.Info, Code: "unknown-variable", Key: of[0].Path, Hint: hint,
		Message: fmt.Sprintf("no release of %s up to %s reads %s: a fork's or a nightly's", c.schema.Engine, newest(c.schema.Engine), strings.Join(names, ", ")),
	})
}

func newest(engine string) string {
	releases := schema.Releases(engine)
	return releases[len(releases)-1]
}

// advised warns of a variable that the release only lists.
func (c *checker) advised(t *merge.Tree, key *schema.Key) {
	switch {
	case key.Inert:
		note, _ := schema.Gone(c.schema.Engine, c.schema.Release, schema.EnvConfig, t.Key)
		c.inert(t, "the release lists it and reads it nowhere", note)
	case key.Deprecated != "":
		c.deprecated(t, key, schema.EnvConfig)
	}
}

// inert warns of a variable that the release does not read.
func (c *checker) inert(t *merge.Tree, why string, note schema.Note) {
	d := diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "inert-variable", Key: t.Path,
		Message: fmt.Sprintf("%s does nothing in %s: %s", t.Key, c.engineRelease(), why),
	}
	if note.Text != "" {
		c.tookItsPlace(&d, t, schema.EnvConfig, note)
	}
	c.add(d)
}

// readable checks a value against how the release reads the variable. What its
// reader raises an error on, or takes for something else, is an error; a boolean or
// a word for one that is quietly read as its opposite, or as the default, is a warning.
func (c *checker) readable(t *merge.Tree, key *schema.Key) {
	n, form := settingOf(t).Node, key.Form()
	value := n.Interface()
	switch form {
	case "": // one of a choice of texts, or a fork's that says a number or a boolean alone
		if key.Kinds&schema.String != 0 {
			value = n.PyStr()
		} else if meant, _ := source.ParseValue("", n.PyStr()); n.Kind == source.String && meant != nil && meant.Kind != source.Map && meant.Kind != source.List {
			value = meant.Interface()
		}
	case "JSON":
		c.readableJSON(t)
		return
	}
	for _, f := range key.Check(value) {
		d := faultOf(t, key, f)
		if d.Suggestion = asNumber(n); d.Suggestion != "" && key.Kinds&schema.Bool == 0 {
			d.Hint = fmt.Sprintf("write %s: the engine is given the text %s", d.Suggestion, n.PyStr())
		} else {
			d.Suggestion = f.Suggestion
		}
		switch {
		case form == "Switch": // compared with "1", whatever it is
			d.Severity = diag.Warning
			if d.Hint == "" {
				d.Hint = "the engine compares the text with 1, and takes this for 0"
			}
		case form == "Filled": // bool(text)
			d.Severity, d.Suggestion = diag.Warning, ""
			d.Hint = "the engine takes any text but an empty one for on; leave it out for off"
		case !c.raises(form) && form == "" && f.Code == schema.NotInEnum: // compared with words
			d.Severity = diag.Warning
			if d.Suggestion == "" {
				d.Hint = "the engine compares the text with these alone, and takes this for none of them"
			}
		case !c.raises(form) && tolerated(key, n):
			d.Severity = diag.Warning
		}
		c.add(d)
	}
}

// raises reports whether the engine stops at a text that a form does not take.
// SGLang's own descriptors say so in the log and go on with the default.
func (c *checker) raises(form string) bool {
	return c.schema.Engine == backend.VLLM && (form == "Int" || form == "Float" || form == "")
}

// asNumber is what a word for a boolean most likely means where a number is read.
func asNumber(n *source.Node) string {
	switch {
	case n.Kind == source.Bool && n.Bool:
		return "1"
	case n.Kind == source.Bool:
		return "0"
	case n.Kind == source.String:
		return map[string]string{"true": "1", "yes": "1", "on": "1", "false": "0", "no": "0", "off": "0"}[strings.ToLower(n.Str)]
	}
	return ""
}

// readableJSON checks text that the engine reads as JSON, or as the name of a file with it.
func (c *checker) readableJSON(t *merge.Tree) {
	n := settingOf(t).Node
	text := n.PyStr()
	if json.Valid([]byte(text)) || strings.ContainsAny(text, "/.") && !strings.ContainsAny(text, "{}[]") || text == "" && c.schema.Engine != backend.VLLM {
		return
	}
	c.add(diag.Diagnostic{
		Pos: n.Pos, Severity: diag.Error, Code: schema.WrongType, Key: t.Path,
		Message: fmt.Sprintf("%s is the text %s where JSON, or the name of a file with it, is wanted", t.Key, strconv.Quote(text)),
	})
}

// tolerated tells a boolean where a number is read, and the other way round.
func tolerated(key *schema.Key, n *source.Node) bool {
	switch n.Kind {
	case source.Bool:
		return key.Kinds&schema.Int != 0
	case source.Int, source.Float:
		return key.Kinds&schema.Bool != 0
	case source.String:
		return key.Kinds&schema.Bool == 0 && key.Kinds&schema.Int != 0 && asNumber(n) != ""
	}
	return false
}

// nearMiss warns of a name that is most likely a known one misspelt, and reports
// whether it is.
func (c *checker) nearMiss(t *merge.Tree) bool {
	known := c.schema.Section(schema.EnvConfig)
	if len(t.Key) < 6 {
		return false
	}
	slip := func(name string) bool { return oneSlip(name, t.Key) }
	near := ""
	if names := c.round.Section(harnessEnv).Names(); slices.ContainsFunc(names, slip) {
		near = names[slices.IndexFunc(names, slip)]
	}
	for n := len(t.Key) - 1; n <= len(t.Key)+1 && near == ""; n++ {
		names := known.NamesOfLength(n)
		if i := slices.IndexFunc(names, slip); i >= 0 {
			near = names[i]
		}
	}
	if near == "" {
		near = c.otherVariable(t, slip)
	}
	if near == "" {
		return false
	}
	d := diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "near-variable-name", Key: t.Path,
		Message: fmt.Sprintf("%s is not known to %s, did you mean %s", t.Key, c.engineRelease(), near), Suggestion: near,
	}
	if !hasKey(known, near) {
		d.Message = fmt.Sprintf("%s stands beside %s: did you mean that one", t.Key, near)
	}
	c.add(d)
	return true
}
