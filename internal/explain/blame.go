package explain

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/diag"
)

// WriteBlame writes values as a configuration, each line with a margin that
// says where its value is from: the layer and the line in its file. Behind a
// value stands what it overwrote.
//
//	overlay:10 │   max_num_seqs: 512          # base:44 256
//
// LoadGen's settings that have their own default are left out.
func WriteBlame(w io.Writer, v *View, values []Value, o TextOptions) error {
	out := bufio.NewWriter(w)
	s := ansi.Style{On: o.Color}
	head := fmt.Sprintf("# %s on %s, for backend %s, %s %s", diag.Clean(v.Overlay), diag.Clean(v.Base), v.Backend.Name, v.Backend.Engine, v.Release)
	if v.Base == "" { // a launch
		head = fmt.Sprintf("# %s, %s %s", diag.Clean(v.Overlay), v.Backend.Engine, v.Release)
	}
	fmt.Fprintf(out, "%s\n", s.Faint(head))
	var lines []blameLine
	var open []string
	for i := range values {
		value := &values[i]
		if value.Group == LoadGen && value.Origin().Layer == DefaultLayer {
			continue
		}
		path := strings.Split(value.Name, ".")
		if value.Unread != "" && (len(lines) == 0 || lines[len(lines)-1].unread == "") {
			open = nil
		}
		for depth := range len(path) - 1 {
			if depth < len(open) && open[depth] == path[depth] {
				continue
			}
			open = append(open[:depth:depth], path[depth])
			lines = append(lines, blameLine{text: strings.Repeat("  ", depth) + path[depth] + ":", unread: value.Unread})
		}
		open = open[:min(len(open), len(path)-1)]
		lines = append(lines, lineOf(value, len(path)-1))
	}
	margin, width := 0, 0
	for _, l := range lines {
		margin = max(margin, len([]rune(l.margin)))
		if n := len([]rune(l.text)); l.comment != "" && n <= commentColumn {
			width = max(width, n)
		}
	}
	bar := s.Faint("│")
	for _, l := range lines {
		text := l.text
		if l.comment != "" {
			text = ansi.Pad(text, width)
		}
		switch {
		case l.fault:
			text = s.Red(text)
		case l.unread != "":
			text = s.Faint(text)
		case l.margin == "":
			text = s.Bold(text)
		}
		if l.comment != "" {
			text += "  " + s.Faint("# "+l.comment)
		}
		fmt.Fprintf(out, "%s %s %s\n", s.Cyan(ansi.Pad(l.margin, margin)), bar, text)
	}
	return out.Flush()
}

// commentColumn is how far a long value may push the comments to the right.
const commentColumn = 48

type blameLine struct {
	margin, text, comment, unread string
	fault                         bool
}

func lineOf(v *Value, depth int) blameLine {
	name := v.Name[strings.LastIndexByte(v.Name, '.')+1:]
	l := blameLine{
		margin: Margin(v.Origin()), unread: v.Unread, fault: v.Found.HasErrors(),
		text: strings.Repeat("  ", depth) + diag.Clean(name) + ": " + shortLine(v.Value),
	}
	var notes []string
	if v.Unread != "" {
		notes = append(notes, "not read")
	}
	if v.Found.HasErrors() {
		notes = append(notes, "error: "+diag.Clean(v.Found[0].Message))
	}
	switch {
	case v.Set:
	case len(v.Chain) > 0 && v.Origin().Layer != DefaultLayer:
		l.text = strings.Repeat("  ", depth) + name + ": null"
		notes = append(notes, "not set")
	case len(v.Chain) > 0:
		l.margin = DefaultLayer
	default:
		l.text = strings.Repeat("  ", depth) + diag.Clean(name) + ":"
		notes = append(notes, "not set")
	}
	above := v.Origin()
	for i := len(v.Chain) - 2; i >= 0; i-- {
		switch s := v.Chain[i]; {
		case s.Layer == DefaultLayer:
		case reflect.DeepEqual(s.Value, above.Value):
			notes = append(notes, "repeats "+Margin(s))
		default:
			notes = append(notes, "over "+Margin(s)+" "+shortLine(s.Value))
		}
		above = v.Chain[i]
	}
	l.comment = strings.Join(notes, "; ")
	return l
}

// Margin names a step in few characters: the layer with its line, the conf
// file's name, the round.
func Margin(s Step) string {
	switch s.Layer {
	case "":
		return ""
	case DefaultLayer, RoundLayer:
		return strings.TrimSpace(s.Layer + " " + s.Note)
	case KeyLayer:
		return s.Note[strings.LastIndexByte(s.Note, '.')+1:]
	case ConfLayer:
		return fmt.Sprintf("%s:%d", filepath.Base(s.Pos.File), s.Pos.Line)
	}
	if n, ok := strings.CutPrefix(s.Pos.File, "--set #"); ok {
		return s.Layer + " " + n
	}
	if s.Pos.Line == 0 || strings.HasPrefix(s.Pos.File, "--") {
		return s.Layer
	}
	return fmt.Sprintf("%s:%d", s.Layer, s.Pos.Line)
}
