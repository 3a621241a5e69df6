package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// list writes every difference, and with all also what both refuse.
func (r report) list(w io.Writer, all bool) {
	for _, v := range []verdict{silent, told, stricter, refused} {
		if v == refused && !all {
			continue
		}
		for _, c := range r.of(v) {
			fmt.Fprintf(w, "%s %s %s: %s: %s", r.spec, r.kind.name, v, c.key, c.value)
			if c.ours != "" {
				fmt.Fprintf(w, "\n    here: %s", oneLine(c.ours))
			}
			fmt.Fprintf(w, "\n    engine: %s\n", oneLine(c.theirs))
		}
	}
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + " …"
	}
	return s
}

// table is the part of the page.
func table(reports []report) string {
	var b strings.Builder
	b.WriteString("| release | kind | cases | read as written | refused by both | other, and told | refused here alone | silent differences |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range reports {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d |\n", r.spec, r.kind.name, len(r.cases),
			len(r.of(equal)), len(r.of(refused)), len(r.of(told)), len(r.of(stricter)), len(r.of(silent)))
	}
	b.WriteString("\nRefused here, though the engine reads the value as it is written:\n\n| release | kind | why | cases | for example |\n|---|---|---|--:|---|\n")
	grouped(&b, reports, stricter, func(c tried) string { return c.code })
	b.WriteString("\nSilent differences that are left:\n\n| release | kind | key | cases | for example |\n|---|---|---|--:|---|\n")
	grouped(&b, reports, silent, func(c tried) string { return c.key })
	return b.String()
}

// grouped writes a row for each group of the cases with a verdict.
func grouped(b *strings.Builder, reports []report, v verdict, group func(tried) string) {
	for _, r := range reports {
		groups := map[string][]tried{}
		for _, c := range r.of(v) {
			groups[group(c)] = append(groups[group(c)], c)
		}
		for _, name := range slices.Sorted(maps.Keys(groups)) {
			c := groups[name][0]
			example := c.key + ": " + c.value
			if v == silent {
				example = c.value + ": " + short(c.theirs)
			}
			fmt.Fprintf(b, "| %s | %s | %s | %d | %s |\n", r.spec, r.kind.name, name, len(groups[name]), strings.ReplaceAll(example, "|", `\|`))
		}
	}
}

// short is what an engine said, as a table has room for it.
func short(s string) string {
	s = oneLine(s)
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:120], "") + " …"
	}
	return s
}
