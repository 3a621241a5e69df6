package explain

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/schema"
)

// TextOptions say how text is written. The zero value writes no colours.
type TextOptions struct {
	// Color adds ANSI colours: for terminals only.
	Color bool
	// Help is how many lines of an engine's help text are shown; 0 means all.
	Help int
}

// helpWidth is the width of wrapped help texts, in characters.
const helpWidth = 90

// WriteText writes everything that is known of some values of a view.
func WriteText(w io.Writer, v *View, values []Value, o TextOptions) error {
	out := bufio.NewWriter(w)
	t := &textWriter{out: out, view: v, style: ansi.Style{On: o.Color}, options: o}
	for i := range values {
		if i > 0 {
			fmt.Fprintln(out)
		}
		t.value(&values[i])
	}
	return out.Flush()
}

type textWriter struct {
	out     *bufio.Writer
	view    *View
	style   ansi.Style
	options TextOptions
}

func (t *textWriter) value(v *Value) {
	s := t.style
	switch {
	case v.Set:
		fmt.Fprintf(t.out, "%s: %s\n", s.Bold(diag.Clean(v.Name)), s.Green(line(v.Value)))
	case len(v.Chain) > 0 && v.Origin().Layer != DefaultLayer:
		fmt.Fprintf(t.out, "%s %s\n", s.Bold(diag.Clean(v.Name)), s.Yellow("is taken away: null sets no variable"))
	case len(v.Chain) > 0:
		fmt.Fprintf(t.out, "%s %s\n", s.Bold(diag.Clean(v.Name)), s.Yellow("is not set: the default holds, "+line(v.Value)))
	default:
		fmt.Fprintf(t.out, "%s %s\n", s.Bold(diag.Clean(v.Name)), s.Yellow("is not set"))
	}
	if v.Unread != "" {
		fmt.Fprintf(t.out, "  %s\n", s.Yellow("not read: "+v.Unread))
	}
	t.chain(v)
	t.key(v)
	for _, d := range v.Found {
		text := fmt.Sprintf("%s: %s [%s]", d.Severity, diag.Clean(d.Message), d.Code)
		if d.Severity == diag.Error {
			text = s.Red(text)
		}
		fmt.Fprintf(t.out, "  %s\n", text)
	}
}

// chain lists the layers, the lowest first; the last holds.
func (t *textWriter) chain(v *Value) {
	nameWidth, valueWidth := 0, 0
	for _, step := range v.Chain {
		nameWidth = max(nameWidth, len([]rune(layerName(step))))
		valueWidth = max(valueWidth, len([]rune(shortLine(step.Value))))
	}
	for i, step := range v.Chain {
		place := ""
		if step.Pos.File != "" {
			place = diag.Clean(step.Pos.String())
		}
		if strings.HasPrefix(step.Pos.File, "--") {
			place = diag.Clean(step.Pos.File)
		}
		if step.Key != v.Name {
			place += "  as " + diag.Clean(step.Key)
		}
		name, value := ansi.Pad(layerName(step), nameWidth), ansi.Pad(shortLine(step.Value), valueWidth)
		if i == len(v.Chain)-1 {
			value = t.style.Green(value)
		} else {
			value, place = t.style.Faint(value), place+"  overwritten"
		}
		fmt.Fprintln(t.out, strings.TrimRight("  "+name+"  "+value+"  "+t.style.Faint(strings.TrimSpace(place)), " "))
	}
}

// layerName is how a layer is called in text.
func layerName(s Step) string {
	switch {
	case s.Layer == DefaultLayer && s.Note != "":
		return "default of " + s.Note
	case s.Layer == RoundLayer:
		return "MLPerf " + s.Note
	case s.Layer == KeyLayer:
		return "from " + s.Note
	}
	return s.Layer
}

// key writes what the schema knows.
func (t *textWriter) key(v *Value) {
	k := v.Key
	if k == nil {
		return
	}
	fact := func(name, text string) {
		if text != "" {
			fmt.Fprintf(t.out, "  %s  %s\n", ansi.Pad(name, 8), diag.Clean(text))
		}
	}
	fact("takes", k.Want())
	if !k.HasDefault || k.DefaultNote != "" {
		fact("default", k.DefaultNote)
	}
	name := "releases"
	if k.Engine() == schema.Harness {
		name = "rounds"
	}
	fact(name, releases(k))
	fact("flag", strings.Join(k.Flags(), ", "))
	fact("note", k.Deprecated)
	if k.Required {
		fact("note", "required")
	}
	if k.Unread {
		fact("note", "nothing public of the harness reads it")
	}
	if k.NotRun != "" {
		fact("note", "no effect here: "+k.NotRun)
	}
	for _, o := range k.Only {
		fact("note", onlyOf(o))
	}
	lines := helpLines(k.Doc)
	for i, line := range lines {
		name := ""
		if i == 0 {
			name = "help"
		}
		if t.options.Help > 0 && i == t.options.Help && len(lines) > i+1 {
			fact(name, "…")
			break
		}
		fmt.Fprintln(t.out, strings.TrimRight(fmt.Sprintf("  %s  %s", ansi.Pad(name, 8), diag.Clean(line)), " "))
	}
}

// onlyOf says who alone takes a key of the harness, or a value of one.
func onlyOf(o schema.Only) string {
	who := "the harness's tree " + o.Who
	if o.Who == schema.Mlrun {
		who = o.Who
	}
	if o.Value == "" {
		return "only " + who + " reads it"
	}
	return fmt.Sprintf("only %s takes %s; the harness otherwise %s", who, o.Value, o.Else)
}

// releases says which releases of the engine, or rounds of the harness, know a key, and
// which of them in this very form; it is empty for keys of neither.
func releases(k *schema.Key) string {
	engine := k.Engine()
	if k.First == "" || k.Own {
		return ""
	}
	all := schema.Releases(engine)
	history := schema.History(engine, k.Section, k.Name)
	text := spans(engine, history)
	if engine == schema.Harness {
		text = spans("", history)
	}
	last := k.Last
	if last == "" {
		last = all[len(all)-1]
	}
	if len(history) == 1 && history[0].First == k.First && history[0].Last == last {
		return text
	}
	if k.First == last {
		return text + "; in this form " + k.First
	}
	return text + "; in this form " + k.First + " to " + last
}

// helpLines wraps a help text, its paragraphs kept.
func helpLines(doc string) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(doc, "\n\n") {
		if wrapped := ansi.Wrap(paragraph, helpWidth); len(wrapped) > 0 {
			if len(lines) > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, wrapped...)
		}
	}
	return lines
}

// line is a value on one line, safe for a terminal.
func line(v any) string { return diag.Clean(manifest.Line(v)) }

// shortWidth is how many characters of a value fit into a column.
const shortWidth = 60

func shortLine(v any) string { return ansi.Cut(line(v), shortWidth) }
