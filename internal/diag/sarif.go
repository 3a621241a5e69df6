package diag

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// The part of SARIF 2.1.0 that findings need (OASIS, errata 01; section numbers
// are the standard's).

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	// ColumnKind says that columns count code points (3.14.17).
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string     `json:"id"`
	ShortDescription *sarifText `json:"shortDescription,omitempty"`
	// FullDescription and Help are what GitHub shows beside a finding.
	FullDescription *sarifText `json:"fullDescription,omitempty"`
	Help            *sarifText `json:"help,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID           string            `json:"ruleId"`
	RuleIndex        int               `json:"ruleIndex"`
	Level            string            `json:"level"`
	Message          sarifText         `json:"message"`
	Locations        []sarifLocation   `json:"locations,omitempty"`
	RelatedLocations []sarifLocation   `json:"relatedLocations,omitempty"`
	Properties       map[string]string `json:"properties,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	Message  *sarifText     `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region *sarifRegion `json:"region,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind,omitempty"`
}

// WriteSARIF writes findings as a SARIF 2.1.0 log with one run of the tool.
func WriteSARIF(w io.Writer, l List, tool, version string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: tool, Version: version, Rules: []sarifRule{}}
	if tool == "" {
		run.Tool.Driver.Name = "mlcfg"
	}
	rules := map[string]int{}
	for _, d := range l {
		at, seen := rules[d.Code]
		if !seen {
			at = len(run.Tool.Driver.Rules)
			rules[d.Code] = at
			rule := sarifRule{ID: d.Code}
			if about := About(d.Code); about != "" {
				text := &sarifText{strings.ToUpper(about[:1]) + about[1:] + "."}
				rule.ShortDescription, rule.FullDescription = text, text
				rule.Help = &sarifText{text.Text + " docs/checks.md has an example and its output, under " + d.Code + "."}
			}
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
		}
		run.Results = append(run.Results, sarifOf(d, at))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

func sarifOf(d Diagnostic, rule int) sarifResult {
	r := sarifResult{RuleID: d.Code, RuleIndex: rule, Level: "note", Message: sarifText{Clean(d.Message)}}
	switch d.Severity {
	case Error:
		r.Level = "error"
	case Warning:
		r.Level = "warning"
	}
	if d.Hint != "" {
		r.Message.Text += "\nhint: " + Clean(d.Hint)
	}
	place := sarifPlace(d.Pos)
	if d.Key != "" {
		place.Logical = append(place.Logical, sarifLogical{Clean(d.Key), "member"})
	}
	if place.Physical != nil || place.Logical != nil {
		r.Locations = []sarifLocation{place}
	}
	for _, also := range d.Related {
		place := sarifPlace(also.Pos)
		place.Message = &sarifText{Clean(also.Message)}
		r.RelatedLocations = append(r.RelatedLocations, place)
	}
	for name, value := range map[string]string{"backend": d.Backend, "suggestion": d.Suggestion} {
		if value != "" {
			if r.Properties == nil {
				r.Properties = map[string]string{}
			}
			r.Properties[name] = Clean(value)
		}
	}
	return r
}

// sarifPlace returns a location; an override of the command line is in no file.
func sarifPlace(p Pos) (place sarifLocation) {
	switch {
	case p.File == "":
		return place
	case strings.HasPrefix(p.File, "--"):
		place.Logical = []sarifLogical{{Name: p.File}}
		return place
	}
	place.Physical = &sarifPhysical{}
	place.Physical.Artifact.URI = fileURI(p.File)
	// What is said of a file as a whole stands at its first line: GitHub shows nothing without a region.
	place.Physical.Region = &sarifRegion{max(p.Line, 1), p.Column}
	return place
}

// fileURI is a relative reference for a relative path, else a file: URI.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
		if !strings.HasPrefix(u.Path, "/") {
			u.Path = "/" + u.Path // a drive's letter
		}
	}
	return u.String()
}
