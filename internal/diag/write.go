package diag

import (
	"fmt"
	"io"
	"slices"
)

// Options say what the formats need beside the findings. The zero value will do.
type Options struct {
	// Text is for format text.
	Text TextOptions
	// Tool and Version are the program that found; for SARIF.
	Tool, Version string
	// Files are all that were checked, those without findings included; for JUnit.
	Files []string
	// Also are further members of the JSON document.
	Also map[string]any
}

type format struct {
	name  string
	write func(io.Writer, List, Options) error
}

// formats are the output formats by name, in the order in which they are listed.
var formats = []format{
	{"text", func(w io.Writer, l List, o Options) error { return WriteText(w, l, o.Text) }},
	{"json", func(w io.Writer, l List, o Options) error { return writeJSON(w, l, o.Also) }},
	{"sarif", func(w io.Writer, l List, o Options) error { return WriteSARIF(w, l, o.Tool, o.Version) }},
	{"junit", func(w io.Writer, l List, o Options) error { return WriteJUnit(w, l, o.Files) }},
	{"github", func(w io.Writer, l List, _ Options) error { return WriteGitHub(w, l) }},
}

// Formats are the names of the output formats.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Write writes findings in one of the formats, in the order of l.
func Write(w io.Writer, name string, l List, o Options) error {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return fmt.Errorf("no output format %q", name)
	}
	return formats[i].write(w, l, o)
}

// details are a finding's further lines: the hint, and what else explains it.
func (d Diagnostic) details() []string {
	var lines []string
	if d.Hint != "" {
		lines = append(lines, "hint: "+Clean(d.Hint))
	}
	for _, r := range d.Related {
		lines = append(lines, Clean(r.Pos.String())+": "+Clean(r.Message))
	}
	return lines
}
