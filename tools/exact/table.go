package main

import (
	"cmp"
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
	b.WriteString("\nThe reasons:\n\n")
	for _, code := range slices.Sorted(maps.Keys(codes(reports))) {
		fmt.Fprintf(&b, "- `%s`: %s\n", code, cmp.Or(reasons[code], "no reason is known: this is a fault of the product"))
	}
	if !slices.ContainsFunc(reports, func(r report) bool { return len(r.of(silent)) > 0 }) {
		b.WriteString("\nNo difference is silent.\n")
		return b.String()
	}
	b.WriteString("\nSilent differences that are left:\n\n| release | kind | key | cases | for example |\n|---|---|---|--:|---|\n")
	grouped(&b, reports, silent, func(c tried) string { return c.key })
	return b.String()
}

// reasons say why a value is refused that the engine reads as it is written, by the code
// of the finding.
var reasons = map[string]string{
	"bad-scalar":       "a text inside brackets that ends with a colon is a key whose space is missing, in files that people write; PyYAML reads it as part of the text.",
	"credential":       "a manifest, a log and a report are shared; what looks like a credential has no place in them, and is set in the environment that `mlrun` is started in.",
	"duplicate-key":    "one key set twice, as a number and as text; OmegaConf keeps the last one.",
	"engine-refuses":   "the engine's own check over several arguments, or of every request, which comes later than the parser and the class that are asked here: when the configuration is made, or the model is loaded.",
	"model-fit":        "what the engine refuses of the model that is named, or of its memory, once it is loaded; nothing is loaded here.",
	"misspelt-boolean": "the engine takes a text for on or off that is none of those it lists: `no` and the empty text are read as off for being anything but `1` or `true`, as `off1` would be. What is meant is written as a boolean, or left out.",
	"not-a-map":        "a configuration is a map; OmegaConf reads lists and single values too.",
	"not-in-enum":      "a text that the parser takes and a later step holds to a list (the logger, the loader of weights, the attention backends), or a case of letters other than the list's.",
	"not-sent":         "the class that is asked is that of the sampling parameters; a request has no such field, or the server replaces it.",
	"no-spelling":      "the value is right and the command line has no words for it.",
	"out-of-range":     "a range that the engine holds where it uses the number (the executor, the memory profiler, the scheduler), after the parser; 0 replicas, a port of -1, a rank below 0.",
	"plan":             "the runner asks for one answer at a time, and its protocol for token ids has no room for the value.",
	"syntax":           "spellings inside brackets that libyaml takes and PyYAML, and with it the harness, does not.",
	"unknown-key":      "a key of a map that the class takes and never reads, or one that the engine sets by itself.",
	"wrong-type":       "a value of another type that Python turns into the right one without a word: `1` for true, `\"7\"` for 7, 0.0 for 0, one text for a list of one, any object where a class is declared and not checked (SGLang's requests). The manifest says a type, and another one is most likely a slip.",
}

// codes are those of what is refused here alone.
func codes(reports []report) map[string]bool {
	all := map[string]bool{}
	for _, r := range reports {
		for _, c := range r.of(stricter) {
			all[c.code] = true
		}
	}
	return all
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
