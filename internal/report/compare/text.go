package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"mlcfg/internal/diag"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// WriteText writes a comparison as it stands on a terminal.
func WriteText(w io.Writer, c *Comparison) error {
	var b strings.Builder
	b.WriteString("COMPARISON")
	if c.Simulated {
		b.WriteString("  " + record.SimulatedMark)
	}
	b.WriteByte('\n')
	for _, g := range c.Groups {
		fmt.Fprintf(&b, "%-3s %s: %s\n", g.Letter, diag.Escape(g.title()), diag.Escape(strings.Join(g.names(), ", ")))
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "  - %s\n", diag.Escape(n))
	}
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, part := range []struct {
		name string
		list []Difference
	}{{"setting", c.Settings}, {"environment", c.Environment}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(tab, "%s\t%s\n", part.name, strings.Join(c.letters(), "\t"))
		for i := range part.list {
			d := &part.list[i]
			fmt.Fprintf(tab, "%s\t%s", diag.Escape(d.Key), diag.Escape(orNotSet(d.Values[0])))
			for _, v := range d.Values[1:] {
				fmt.Fprintf(tab, "\t%s", diag.Escape(orNotSet(v)))
			}
			if ratio := d.Ratio(); ratio != "" {
				fmt.Fprintf(tab, "\t%s", ratio)
			}
			fmt.Fprintln(tab)
		}
		tab.Flush() // into a strings.Builder, which does not fail
	}
	if len(c.Settings) == 0 {
		b.WriteString("no setting differs\n")
	}
	c.table(tab, "", "\t", "\n")
	tab.Flush()
	b.WriteString(c.Method() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteMarkdown writes a comparison as Markdown.
func WriteMarkdown(w io.Writer, c *Comparison) error {
	var b strings.Builder
	b.WriteString("## Comparison\n\n")
	if c.Simulated {
		b.WriteString("**" + report.SimulatedSentence + "**\n\n")
	}
	for _, g := range c.Groups {
		fmt.Fprintf(&b, "- **%s** %s: %s\n", g.Letter, diag.Markdown(g.title()), diag.Markdown(strings.Join(g.names(), ", ")))
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "- %s\n", diag.Markdown(n))
	}
	for _, part := range []struct {
		name string
		list []Difference
	}{{"setting", c.Settings}, {"environment", c.Environment}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n| %s | %s |\n|%s\n", part.name, strings.Join(c.letters(), " | "), strings.Repeat(" --- |", 1+len(c.Groups)))
		for _, d := range part.list {
			fmt.Fprintf(&b, "| %s |", diag.Markdown(d.Key))
			for _, v := range d.Values {
				fmt.Fprintf(&b, " %s |", diag.Markdown(orNotSet(v)))
			}
			b.WriteByte('\n')
		}
	}
	if len(c.Settings) == 0 {
		b.WriteString("\nNo setting differs.\n")
	}
	b.WriteByte('\n')
	c.table(&b, "| ", " | ", " |\n")
	b.WriteString("\n" + c.Method() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes the figures, one a row. Markdown alone has a line below the head.
func (c *Comparison) table(w io.Writer, begin, between, end string) {
	head := "figure"
	if c.Simulated {
		head += " (SIMULATED)"
	}
	cells := []string{head}
	for i, l := range c.letters() {
		cells = append(cells, l)
		if i > 0 {
			cells = append(cells, l+" against A", "95 % confidence", "")
		}
	}
	row := func(cells []string) { fmt.Fprint(w, begin, strings.Join(cells, between), end) }
	row(cells)
	if begin != "" {
		fmt.Fprintf(w, "|%s\n", strings.Repeat(" --- |", len(cells)))
	}
	for _, r := range c.Results {
		cells := []string{strings.TrimSuffix(r.Name+", "+r.Unit, ", ")}
		for i, cell := range r.Cells {
			cells = append(cells, cell.String())
			switch {
			case i == 0:
			case cell == nil || cell.Change == nil:
				cells = append(cells, "", "", "")
			default:
				cells = append(cells, cell.Change.String(), cell.Change.Confidence(), string(cell.Change.Says))
			}
		}
		row(cells)
	}
}

func (c *Comparison) letters() []string {
	var out []string
	for _, g := range c.Groups {
		out = append(out, g.Letter)
	}
	return out
}

func (g *Group) title() string {
	if g.Mark == "" {
		return g.Title
	}
	return g.Title + " (" + g.Mark + ")"
}

func (g *Group) names() []string {
	var out []string
	for _, r := range g.Runs {
		name := r.Name
		if !r.Counted {
			name += " (does not count)"
		}
		out = append(out, name)
	}
	return out
}

func orNotSet(v string) string {
	if v == "" {
		return "not set"
	}
	return v
}
