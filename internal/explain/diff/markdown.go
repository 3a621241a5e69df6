package diff

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/explain"
)

// WriteMarkdown writes reports as tables for a pull request or a wiki.
func WriteMarkdown(w io.Writer, reports []*Report, only []Only) error {
	out := bufio.NewWriter(w)
	for _, r := range reports {
		if r.Differs() {
			markdownReport(out, r)
		}
	}
	for _, f := range only {
		fmt.Fprintf(out, "Only in %s: %s\n\n", markdownText(strings.Join(f.In, ", ")), markdownCode(f.Name))
	}
	return out.Flush()
}

func markdownReport(out io.Writer, r *Report) {
	pair := !r.Table
	titles := r.titles()
	for i, side := range r.Sides {
		if pair {
			titles[i] = [2]string{"from", "to"}[i]
		}
		fmt.Fprintf(out, "- %s: %s, %s\n", markdownText(titles[i]), markdownCode(side.Name), markdownText(strings.Join(side.Engines, ", ")))
	}
	group := explain.Group("")
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Group != group {
			group = row.Group
			header := []string{"key"}
			for _, title := range titles {
				header = append(header, markdownText(title))
			}
			if pair {
				header = append(header, "ratio", "set by")
			}
			fmt.Fprintf(out, "\n**%s**\n\n| %s |\n|%s\n", group, strings.Join(header, " | "), strings.Repeat(" --- |", len(header)))
		}
		cells := []string{markdownCode(row.label(r, true))}
		for _, c := range row.Cells {
			cells = append(cells, markdownCode(c.text(row.Group)))
		}
		if pair {
			cells = append(cells, Ratio(row.Ratio), markdownText(row.origins()))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintf(out, "\n%s\n\n", r.Summary())
}

func markdownText(s string) string { return diag.Markdown(diag.Clean(s)) }

// markdownCode writes a text as code; the bars of a table are escaped in it too.
func markdownCode(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(diag.Clean(s), "|", `\|`)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}
