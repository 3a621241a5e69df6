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

// Layer is the override as a layer named override.
func (o Override) Layer() Layer { return Layer{Name: "override", Root: o.Root} }

// ParseArgs reads the overrides in what a command line leaves beside its own
// flags, in order: --set a.b=c, --set=a.b=c and, as the older harness took them,
// a.b=c, --key value and --key=value, where the key is a dotted path or the
// name of a top-level key. What cannot be read is reported and left out.
func ParseArgs(args []string) ([]Override, diag.List) {
	var overrides []Override
	var found diag.List
	index := 0
	refuse := func(message, hint, suggestion string) {
		found.Add(diag.Diagnostic{Pos: diag.Pos{File: fmt.Sprintf("--set #%d", index), Line: 1, Column: 1}, Severity: diag.Error,
			Code: "bad-override", Message: message, Hint: hint, Suggestion: suggestion})
	}
	for len(args) > 0 {
		index++
		text, used, fault := argument(args)
		args = args[used:]
		if fault != nil {
			refuse(fault.message, fault.hint, fault.suggestion)
			continue
		}
		root, faults := source.ParseOverride(index, text)
		found.Add(faults...)
		if root != nil && !faults.HasErrors() {
			overrides = append(overrides, Override{Index: index, Text: text, Root: root})
		}
	}
	return overrides, found
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
	case strings.HasPrefix(arg, "+"):
		return "", 1, &badArgument{fmt.Sprintf("%q has the form in which Hydra adds a key", arg), "write it without +", strings.TrimLeft(arg, "+")}
	case strings.HasPrefix(arg, "~"):
		return "", 1, &badArgument{fmt.Sprintf("%q has the form in which Hydra removes a key", arg), "set the key to null", ""}
	case strings.HasPrefix(arg, "-") || !strings.Contains(arg, "="):
		return "", 1, &badArgument{fmt.Sprintf("%q is not an override", arg), forms, ""}
	}
	return arg, 1, nil
}
