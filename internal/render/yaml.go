package render

import (
	"fmt"
	"strings"

	"mlcfg/internal/manifest"
)

// What is written as YAML: an object's fields stay in their order, and a field whose value is nil
// is left out. Scalars are written as in manifests, so that YAML 1.1 and 1.2 read them alike.
type (
	object []field
	field  struct {
		key   string
		value any
	}
	list []any
	// block is a text of whole lines, each of which stands as it is.
	block string
	// raw is YAML in block style, of whole lines.
	raw string
	// null is a value that is written.
	null struct{}
)

// texts is a list of texts, nil for none.
func texts(words []string) any {
	if len(words) == 0 {
		return nil
	}
	l := make(list, len(words))
	for i, w := range words {
		l[i] = w
	}
	return l
}

// optional is a text that is left out where it is empty.
func optional(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// some is a list, nil where it is empty.
func some(l list) any {
	if len(l) == 0 {
		return nil
	}
	return l
}

// write returns a document.
func (o object) write() string {
	var b strings.Builder
	writeObject(&b, o, 0, "")
	return b.String()
}

func writeObject(b *strings.Builder, o object, indent int, first string) {
	space := strings.Repeat(" ", indent)
	begin := first
	if begin == "" {
		begin = space
	}
	for _, f := range o {
		if f.value == nil {
			continue
		}
		b.WriteString(begin + manifest.Line(f.key) + ":")
		writeValue(b, f.value, indent)
		begin = space
	}
}

// writeValue writes what stands behind a key's colon or a list's dash.
func writeValue(b *strings.Builder, v any, indent int) {
	switch v := v.(type) {
	case object:
		b.WriteByte('\n')
		writeObject(b, v, indent+2, "")
	case list:
		b.WriteByte('\n')
		space := strings.Repeat(" ", indent+2)
		for _, item := range v {
			if o, ok := item.(object); ok {
				writeObject(b, o, indent+4, space+"- ")
				continue
			}
			b.WriteString(space + "-")
			writeValue(b, item, indent+2)
		}
	case block:
		b.WriteString(" |\n")
		space := strings.Repeat(" ", indent+2)
		for line := range strings.Lines(string(v)) {
			if line != "\n" {
				line = space + line
			}
			b.WriteString(line)
		}
	case raw:
		b.WriteByte('\n')
		for line := range strings.Lines(string(v)) {
			b.WriteString(strings.Repeat(" ", indent+2) + line)
		}
	case null:
		b.WriteString(" null\n")
	default:
		fmt.Fprintf(b, " %s\n", manifest.Line(v))
	}
}
