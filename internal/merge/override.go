package merge

import (
	"fmt"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// Override is one value set on the command line.
type Override struct {
	// Index is its number on the command line, counted from 1. Its places
	// have the File "--set #Index".
	Index int
	// Text is the override as section.key=value, however it was given.
	Text string
	// Root is a Map that holds just this key.
	Root *source.Node
}

// OverrideLayer is the name of a layer that the command line puts on top.
const OverrideLayer = "override"

// Layers are the overrides as layers named override, in order. As in OmegaConf's
// dot-lists they settle among themselves first what they set: a value that is no
// map, instead of which a later one puts a map, is left out together with
// what it replaced, and so does not take away what the files below say there.
func Layers(overrides []Override) []Layer {
	dropped := make([]bool, len(overrides))
	for i := len(overrides) - 1; i >= 0; i-- {
		for j := i + 1; j < len(overrides) && !dropped[i]; j++ {
			above, ok := reach(overrides[i].Root, overrides[j].Root)
			dropped[i] = ok && above.Kind == source.Map || covers(overrides[j].Root, overrides[i].Root)
			if dropped[j] && !dropped[i] {
				_, dropped[i] = reach(overrides[j].Root, overrides[i].Root)
			}
		}
	}
	var layers []Layer
	for i, o := range overrides {
		if !dropped[i] {
			layers = append(layers, Layer{Name: OverrideLayer, Root: o.Root})
		}
	}
	return layers
}

// covers reports whether an override is ??? in a place at or above that of another, which
// it replaces before both go on what lies below.
func covers(override, other *source.Node) bool {
	for override.Kind == source.Map && len(override.Fields) == 1 && other.Kind == source.Map {
		f := other.Field(override.Fields[0].Key)
		if f == nil {
			return false
		}
		override, other = override.Fields[0].Value, f.Value
	}
	return override.Kind == source.String && override.Str == missing && !override.Literal
}

// reach walks down an override to its value, which must be no map, and returns
// what another override has in the same place; ok is false where it has nothing.
func reach(override, other *source.Node) (there *source.Node, ok bool) {
	for override.Kind == source.Map {
		if len(override.Fields) != 1 || other.Kind != source.Map {
			return nil, false
		}
		f := other.Field(override.Fields[0].Key)
		if f == nil {
			return nil, false
		}
		override, other = override.Fields[0].Value, f.Value
	}
	return other, true
}

// ParseArgs reads the overrides in what a command line leaves beside its own
// flags, in order: --set a.b=c, --set=a.b=c and, as the older harness took them,
// a.b=c, --key value and --key=value, where the key is a dotted path or the
// name of a top-level key. They are read in a dialect. What cannot be read is reported and left out.
func ParseArgs(args []string, d source.Dialect) ([]Override, diag.List) {
	var overrides []Override
	var found diag.List
	index := 0
	refuse := func(message, hint, suggestion string) {
		found.Add(diag.Diagnostic{
			Pos: diag.Pos{File: fmt.Sprintf("--set #%d", index), Line: 1, Column: 1}, Severity: diag.Error,
			Code: "bad-override", Message: message, Hint: hint, Suggestion: suggestion,
		})
	}
	for len(args) > 0 {
		index++
		text, used, fault := argument(args)
		args = args[used:]
		if fault != nil {
			refuse(fault.message, fault.hint, fault.suggestion)
			continue
		}
		if fault := hydra(text); fault != nil {
			refuse(fault.message, fault.hint, fault.suggestion)
			continue
		}
		root, faults := d.ParseOverride(index, text)
		found.Add(faults...)
		if root != nil && !faults.HasErrors() {
			overrides = append(overrides, Override{Index: index, Text: text, Root: root})
		}
	}
	return overrides, found
}

// hydra explains an override in the spelling of Hydra.
func hydra(text string) *badArgument {
	switch {
	case strings.HasPrefix(text, "+"):
		bare := strings.TrimLeft(text, "+")
		return &badArgument{
			message: fmt.Sprintf("%q has the form in which Hydra adds a key", text), suggestion: bare,
			hint: "write it without +, an override sets what is there and what is not",
		}
	case strings.HasPrefix(text, "~"):
		key, _, _ := strings.Cut(text[1:], "=")
		return &badArgument{
			message: fmt.Sprintf("%q has the form in which Hydra removes a key", text), suggestion: key + "=null",
			hint: "no layer removes a key: null takes its value away",
		}
	}
	return nil
}

// badArgument says why an argument is no override.
type badArgument struct{ message, hint, suggestion string }

// argument reads the override at the head of args: its text as key=value, and
// how many arguments it takes.
func argument(args []string) (text string, used int, fault *badArgument) {
	const forms = "an override is section.key=value, --set section.key=value or --key value"
	arg := args[0]
	name, isFlag := strings.CutPrefix(arg, "--")
	key, value, valued := strings.Cut(name, "=")
	switch {
	case isFlag && name == "set" && len(args) == 1:
		return "", 1, &badArgument{"--set has no value", forms, ""}
	case isFlag && name == "set":
		return args[1], 2, nil
	case isFlag && key == "set":
		return value, 1, nil
	case isFlag && key == "":
		return "", 1, &badArgument{fmt.Sprintf("%q names no key", arg), forms, ""}
	case isFlag && valued:
		return name, 1, nil
	case isFlag && (len(args) == 1 || strings.HasPrefix(args[1], "--")):
		return "", 1, &badArgument{fmt.Sprintf("%s has no value", arg), "write " + arg + " VALUE; null takes a value away", ""}
	case isFlag:
		return name + "=" + args[1], 2, nil
	case hydra(arg) != nil:
		return arg, 1, nil // explained where every override is
	case strings.HasPrefix(arg, "-") || !strings.Contains(arg, "="):
		return "", 1, &badArgument{fmt.Sprintf("%q is not an override", arg), forms, ""}
	}
	return arg, 1, nil
}
