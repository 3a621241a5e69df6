package render

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// seat is a process of a replica as a target places it: what fills the open places of its words.
type seat struct {
	// worker reports whether it is one of those that serve nothing.
	worker bool
	// node, head and address are how a target says which of several machines this is, where the
	// first is, and where this one is.
	node, head, address string
	// escape makes a text stand for itself where the target would put variables in.
	escape func(string) string
}

// line are the words of arguments on a seat.
func (j *job) line(arguments []manifest.Argument, s seat) ([]string, error) {
	var line []string
	for a, instead := range manifest.Said(arguments, j.circumstances(s)) {
		words, err := j.words(a.Words, s)
		if err != nil {
			return nil, err
		}
		if instead == nil {
			line = append(line, words...)
			continue
		}
		means, err := j.words(instead.Words, s)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(words, means) {
			return nil, refuse("", "engine_config.%s is %s, but %d nodes to a replica mean %s", a.Key, strings.Join(words, " "), j.NodesPerReplica, strings.Join(means, " "))
		}
	}
	return line, nil
}

// process is what starts on a seat: its program, the words behind it, and its environment.
func (j *job) process(s seat) (program, arguments []string, env []variable, err error) {
	if program, err = j.words(j.role.Program, s); err != nil {
		return nil, nil, nil, err
	}
	if arguments, err = j.line(j.role.Arguments, s); err != nil {
		return nil, nil, nil, err
	}
	env, err = j.environment(s)
	return program, arguments, env, err
}

func (j *job) words(words []string, s seat) ([]string, error) {
	out := make([]string, len(words))
	for i, w := range words {
		filled, err := j.fill(w, s)
		if err != nil {
			return nil, err
		}
		out[i] = filled
	}
	return out, nil
}

// circumstances are those of [manifest.Argument] that hold on a seat.
func (j *job) circumstances(s seat) map[string]bool {
	return backend.Holding(j.spreads(), s.worker, s.address != "", j.devices.kind != backend.NoGPU)
}

// fill fills the open places of a word; paths stay as they are, for targets put what is there in
// their place.
func (j *job) fill(word string, s seat) (string, error) {
	escape := s.escape
	if escape == nil {
		escape = func(text string) string { return text }
	}
	return manifest.Fill(escape(word), func(p manifest.Place) (string, error) {
		switch p.Name {
		case "host":
			return "0.0.0.0", nil
		case "port":
			return strconv.Itoa(enginePort), nil
		case "path":
			return p.Arg, nil
		case "file":
			return filesIn + p.Arg, nil
		case "devices":
			return strconv.Itoa(j.perNode), nil
		}
		if !j.spreads() {
			return "", errors.New("the manifest's roles speak of several machines where there is one")
		}
		switch p.Name {
		case "nodes":
			return strconv.Itoa(j.NodesPerReplica), nil
		case "node":
			return s.node, nil
		case "head":
			return s.head, nil
		case "head-port":
			return p.Arg, nil
		case "head-address":
			return s.head + ":" + p.Arg, nil
		}
		return s.address, nil
	})
}

// spreadable says why several machines cannot carry a replica by the engine's own arguments.
func (j *job) spreadable() error {
	own := func(a manifest.Argument) bool { return a.When == string(backend.Nodes) }
	switch {
	case !j.spreads():
		return nil
	case j.role.Companion != nil:
		return refuse("compile for "+j.backend.Engine+"'s own way over nodes, or mlcfg render slurm", "%s beside the engine is started by mlrun alone, which is not in the engine's container", j.role.Companion.Name)
	case !slices.ContainsFunc(j.role.Arguments, own):
		return refuse(j.backend.NodesHint, "%s %s cannot be spread over nodes by itself (it has no arguments for that)", j.backend.Title, j.m.Engine.Version)
	}
	if n, ok := manifest.Int(j.m.EngineConfig, j.backend.DP); ok && j.backend.OneNodeDP && n > 1 {
		return refuse("", "engine_config.%s is %d: data parallel over several nodes is not rendered", j.backend.DP, n)
	}
	return nil
}

// variable is one of a process's environment.
type variable struct{ name, value string }

// environment is what the engine's process gets on a seat, sorted by name; what binds devices is
// the target's.
func (j *job) environment(s seat) ([]variable, error) {
	escape := s.escape
	if escape == nil {
		escape = func(text string) string { return text }
	}
	var all []variable
	for _, name := range slices.Sorted(maps.Keys(j.role.Environment)) {
		if !slices.Contains(binding, name) {
			all = append(all, variable{name, escape(j.role.Environment[name])})
		}
	}
	when := j.circumstances(s)
	for _, v := range j.role.Variables {
		given := slices.ContainsFunc(all, func(o variable) bool { return o.name == v.Name })
		if given || !when[v.When] {
			continue
		}
		value, err := j.fill(v.Value, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		all = append(all, variable{v.Name, value})
	}
	slices.SortFunc(all, func(a, b variable) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// files are the role's files with their places filled.
func (j *job) files() ([]manifest.File, error) {
	var all []manifest.File
	for _, f := range j.role.Files {
		text, err := j.fill(f.Text, seat{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		all = append(all, manifest.File{Name: f.Name, Text: text})
	}
	return all, nil
}
