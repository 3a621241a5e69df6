package main

import (
	"fmt"
	"strings"
)

// tally is what became of the changes of a package.
type tally struct {
	name    string
	places  int
	mutants []mutant
}

func (t *tally) count(of ...fate) (n int) {
	for _, m := range t.mutants {
		for _, f := range of {
			if m.fate == f {
				n++
			}
		}
	}
	return n
}

func (t *tally) survivors() (out []mutant) {
	for _, m := range t.mutants {
		if m.fate == survived || m.fate == unreached {
			out = append(out, m)
		}
	}
	return out
}

// text is for a terminal, while others are still tried.
func (t *tally) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of %d changes survive\n", t.name, len(t.survivors()), len(t.mutants))
	for _, m := range t.survivors() {
		fmt.Fprintf(&b, "  %s/%s:%d: %s: %s (%s)\n", t.name, m.file, m.line, m.fn, m.what, m.fate)
	}
	return b.String()
}

// table is the part of the page.
func table(all []tally, seed uint64) string {
	var b strings.Builder
	b.WriteString("| package | places | changes tried | noticed by its own tests | by those of internal/run | survive | never reached |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	var tried, left, never int
	for _, t := range all {
		own := 0
		for _, m := range t.mutants {
			if m.by == t.name {
				own++
			}
		}
		lived, missed := t.count(survived), t.count(unreached)
		fmt.Fprintf(&b, "| `%s` | %d | %d | %d | %d | %d | %d |\n", t.name, t.places, len(t.mutants), own, t.count(noticed, timedOut)-own, lived, missed)
		tried, left, never = tried+len(t.mutants), left+lived, never+missed
	}
	share := func(n int) float64 { return 100 * float64(n) / float64(max(tried, 1)) }
	fmt.Fprintf(&b, "| all | | %d | | | %d (%.0f %%) | %d (%.0f %%) |\n\nSeed %d. What survives:\n\n| place | change | |\n| --- | --- | --- |\n", tried, left, share(left), never, share(never), seed)
	for _, t := range all {
		for _, m := range t.survivors() {
			reached := ""
			if m.fate == unreached {
				reached = "no test reaches it"
			}
			kind, code, _ := strings.Cut(m.what, ": ")
			code = strings.ReplaceAll(code, "|", `\|`)
			fmt.Fprintf(&b, "| `%s/%s`, `%s` | %s: `%s` | %s |\n", t.name, m.file, m.fn, strings.ReplaceAll(kind, "|", `\|`), code, reached)
		}
	}
	return b.String()
}
