package main

import (
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// launchRecord is a launch in JSON. Fields may be added; none is renamed or dropped.
type launchRecord struct {
	File        string           `json:"file"`
	Line        int              `json:"line"`
	Column      int              `json:"column"`
	Engine      string           `json:"engine"`
	Release     *string          `json:"release"`
	ReleaseFrom string           `json:"release_from,omitempty"`
	Role        string           `json:"role"`
	Arguments   []argumentRecord `json:"arguments"`
	Variables   []variableRecord `json:"variables"`
	Model       *string          `json:"model"`
	Devices     *int             `json:"devices"`
}

type argumentRecord struct {
	Key    string `json:"key"`
	Flag   string `json:"flag"`
	Value  any    `json:"value"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type variableRecord struct {
	Name   string  `json:"name"`
	Value  *string `json:"value"`
	Line   int     `json:"line"`
	Column int     `json:"column"`
}

// launchRecords are all launches of files, read as the newest release does that each may be of.
func launchRecords(launches []launch.Launch) []launchRecord {
	all := []launchRecord{}
	for i := range launches {
		l := &launches[i]
		candidates := l.Release.Candidates(l.Backend.Engine)
		if len(candidates) == 0 {
			continue
		}
		release, err := schema.Load(l.Backend.Engine, candidates[len(candidates)-1])
		if err == nil {
			all = append(all, recordOf(l, release))
		}
	}
	return all
}

func recordOf(l *launch.Launch, release *schema.Schema) launchRecord {
	r := launchRecord{
		File: l.Pos.File, Line: l.Pos.Line, Column: l.Pos.Column, Engine: l.Backend.Engine, ReleaseFrom: l.Release.From, Role: string(l.Role),
		Arguments: []argumentRecord{}, Variables: []variableRecord{},
	}
	if l.Release.Number != "" {
		r.Release = &l.Release.Number
	}
	if l.Devices > 0 {
		r.Devices = &l.Devices
	}
	for _, a := range l.Line(release).Arguments {
		var value any
		if a.Value != nil && !strings.Contains(a.Value.PyStr(), launch.Hole) {
			value = a.Value.Interface()
		}
		if s, ok := value.(string); ok && check.IsSecret(a.Key.Name, s) {
			value = nil
		}
		if model, ok := value.(string); ok && (a.Key.Name == l.Backend.Model || a.Flag == "") {
			r.Model = &model
		}
		r.Arguments = append(r.Arguments, argumentRecord{Key: a.Key.Name, Flag: a.Flag, Value: value, Line: a.Pos.Line, Column: a.Pos.Column})
	}
	for _, v := range l.Variables {
		one := variableRecord{Name: v.Name, Line: v.Pos.Line, Column: v.Pos.Column}
		if v.Value.Known() && !check.IsSecret(v.Name, v.Value.Text) {
			one.Value = &v.Value.Text
		}
		r.Variables = append(r.Variables, one)
	}
	return r
}
