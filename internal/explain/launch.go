package explain

import (
	"fmt"

	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// Untold stands for a value that a file does not tell: a variable from outside.
const Untold = "(not told by the file)"

// LaunchLayer is the layer of what the file of a launch says.
const LaunchLayer = "file"

// OfLaunch returns the view of a launch as its release reads it.
func OfLaunch(r *check.Resolved) *View {
	b, s := r.Launch.Backend, r.Values.Schema
	v := &View{
		Overlay: fmt.Sprintf("%s:%d", r.Launch.Pos.File, r.Launch.Pos.Line), Backend: b, Release: s.Version(), schema: s, round: r.Values.Round,
	}
	var none check.Credentials
	w := &walker{view: v, to: &v.Values, found: r.Found, secrets: &none, release: b.Engine + " " + s.Release}
	w.environment(r.Tree, b, r.Values)
	w.section(r.Tree.Lookup(b.EngineSection()), Engine, r.Values.EngineConfig, s.Section(schema.EngineConfig))
	w.section(r.Tree.Lookup(check.CLISection), Engine, nil, s.Section(schema.CLIOnly))
	w.untold(r)
	for i := range v.Values {
		for j := range v.Values[i].Chain {
			if step := &v.Values[i].Chain[j]; step.Layer != DefaultLayer {
				step.Layer = LaunchLayer
			}
		}
	}
	return v
}

// untold adds arguments and variables whose values the file does not tell.
func (w *walker) untold(r *check.Resolved) {
	b := r.Launch.Backend
	for _, a := range r.Line.Arguments {
		section, name := check.NameOf(r.Launch, a)
		if r.Tree.Lookup(section, name) == nil {
			w.group = Engine
			w.add(w.untoldValue(section+"."+name, a.Pos, a.Key))
		}
	}
	for _, variable := range r.Launch.Variables {
		if r.Tree.Lookup(b.EnvSection(), variable.Name) == nil {
			w.group = Environment
			key, _ := w.view.schema.Section(schema.EnvConfig).Key(variable.Name)
			w.add(w.untoldValue(envSection+"."+variable.Name, variable.Pos, key))
		}
	}
}

func (w *walker) untoldValue(name string, at diag.Pos, key *schema.Key) Value {
	return Value{Name: name, Group: w.group, Set: true, Value: Untold, Key: key, Chain: []Step{{Layer: LaunchLayer, Key: name, Pos: at, Value: Untold}}}
}

// Select finds the launch that a command line means: by the line that it starts at, by its role,
// or, where there is one only, by nothing. Launches of one line are those of several branches of
// a script, of which the first counts.
func Select(launches []launch.Launch, which string) (*launch.Launch, error) {
	var found *launch.Launch
	var names, all []string
	for i := range launches {
		l := &launches[i]
		line, role := fmt.Sprint(l.Pos.Line), string(l.Role)
		if n := len(all); n == 0 || all[n-1] != line {
			all = append(all, line)
		}
		if which != "" && which != line && (which != role || role == "") {
			continue
		}
		if found == nil {
			found = l
		}
		if n := len(names); n == 0 || names[n-1] != line {
			names = append(names, line)
		}
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("%s starts no engine at %s, but at lines %s", launches[0].Pos.File, which, joined(all))
	case len(names) > 1:
		return nil, fmt.Errorf("%s starts engines at lines %s: name one, %s:%s", found.Pos.File, joined(names), found.Pos.File, names[0])
	}
	return found, nil
}

func joined(names []string) string {
	text := names[0]
	for i, name := range names[1:] {
		if i == 8 {
			return text + " and others"
		}
		text += ", " + name
	}
	return text
}
