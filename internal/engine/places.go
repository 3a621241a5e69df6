package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// places fills the open places of a role with what this machine knows. It keeps
// the first fault.
type places struct {
	plan      *Plan
	node      Node
	devices   int
	translate func(string) string
	err       error

	port bool // the last word held the port
}

// circumstances are those of [manifest.Argument] that hold here.
func (o *places) circumstances(devices bool) map[string]bool {
	n := o.node
	return backend.Holding(n.many(), n.Worker(), n.own() != "", devices)
}

// commandLine is words, and which of them hold the port.
type commandLine struct {
	words  []string
	ported []int
}

// line fills the arguments that are said under these circumstances.
func (o *places) line(arguments []manifest.Argument, when map[string]bool) commandLine {
	var l commandLine
	for a, instead := range manifest.Said(arguments, when) {
		if instead != nil {
			o.agree(a, *instead)
			continue
		}
		for _, word := range a.Words {
			filled := o.word(a.Key, word)
			if o.port {
				l.ported = append(l.ported, len(l.words))
			}
			l.words = append(l.words, filled)
		}
	}
	return l
}

// agree holds what is said of several machines against what the manifest says always.
func (o *places) agree(always, instead manifest.Argument) {
	var set, means []string
	for _, word := range always.Words {
		set = append(set, o.word(always.Key, word))
	}
	for _, word := range instead.Words {
		means = append(means, o.word(always.Key, word))
	}
	if !slices.Equal(set, means) && o.err == nil {
		o.err = fmt.Errorf("engine_config.%s is %s, but --node %d/%d means %s", always.Key, last(set), o.node.Index, o.node.Count, last(means))
	}
}

func last(words []string) string { return words[len(words)-1] }

// word fills one word; key is the key that says it, for notes.
func (o *places) word(key, word string) string {
	o.port = false
	filled, err := manifest.Fill(word, func(p manifest.Place) (string, error) {
		switch p.Name {
		case "host":
			return o.plan.host(), nil
		case "port":
			o.port = true
			return portMark, nil
		case "path":
			return o.path(key, p.Arg), nil
		case "file":
			return fileMark(p.Arg), nil
		}
		return o.ofNode(p)
	})
	if err != nil && o.err == nil {
		o.err = err
	}
	return filled
}

// path is the path here of one of the manifest.
func (o *places) path(key, path string) string {
	if o.translate == nil || o.translate(path) == path {
		return path
	}
	if key != "" {
		o.plan.note("engine_config.%s: %s is read at %s", key, path, o.translate(path))
	}
	return o.translate(path)
}

// ofNode fills what is known where several machines carry a replica.
func (o *places) ofNode(p manifest.Place) (string, error) {
	usual := 0
	if p.Name == "head-port" || p.Name == "head-address" {
		var err error
		if usual, err = strconv.Atoi(p.Arg); err != nil || usual < 1 || usual > 65535 {
			return "", fmt.Errorf("%q is no port", p.Arg)
		}
	}
	n := o.node
	switch {
	case p.Name == "devices":
		return strconv.Itoa(o.devices), nil
	case !n.many():
		return "", errors.New("the manifest's roles speak of several machines where there is one")
	case p.Name == "nodes":
		return strconv.Itoa(n.Count), nil
	case p.Name == "node":
		return strconv.Itoa(n.Index - 1), nil
	case p.Name == "head":
		return n.host(), nil
	case p.Name == "head-port":
		return strconv.Itoa(n.port(usual)), nil
	case p.Name == "head-address":
		return n.at(usual), nil
	}
	return n.own(), nil
}
