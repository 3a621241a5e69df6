package main

import (
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
)

// otherForm is an override in a form that is none here: key:value, or key= with the value behind
// a space.
var otherForm = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.-]*[:=]`)

// misspelt refuses overrides that are not KEY=VALUE before they are taken for files, and
// overrides of a section that none of the named backends reads.
func misspelt(c *cli.Context, operands []string) error {
	incomplete := slices.ContainsFunc(c.StringSlice("set"), func(set string) bool { return !strings.Contains(set, "=") || strings.HasSuffix(set, "=") })
	missing := ""
	for i, word := range operands {
		// Of a thousand files none is looked for that nobody asks about.
		var err error
		if incomplete || strings.ContainsAny(word, ":=") {
			_, err = os.Lstat(word)
		}
		if err != nil {
			missing = word
		}
		if word == "=" && i > 0 {
			value := "VALUE"
			if i+1 < len(operands) {
				value = operands[i+1]
			}
			return withHint("write "+operands[i-1]+"="+value, "an override is KEY=VALUE without spaces")
		}
		if err != nil && otherForm.MatchString(word) {
			at := strings.IndexAny(word, ":=")
			return withHint("write "+word[:at]+"="+strings.TrimLeft(word[at:], ":= "), "there is no file %s, and an override is KEY=VALUE", word)
		}
	}
	for _, set := range c.StringSlice("set") {
		key, _, ok := strings.Cut(set, "=")
		if !ok && missing != "" {
			return withHint("write --set "+set+"="+missing, "--set takes KEY=VALUE, in one word")
		}
		if strings.HasSuffix(set, "=") && missing != "" {
			return withHint("write "+set+missing, "an override is KEY=VALUE without spaces")
		}
		section, _, _ := strings.Cut(key, ".")
		if readers := readersOf(section); len(readers) > 0 && len(c.StringSlice("backend")) > 0 && !slices.ContainsFunc(c.StringSlice("backend"), func(b string) bool {
			return b == "all" || slices.Contains(readers, b)
		}) {
			return withHint("take it out, or add --backend "+readers[0], "%s: backend %s does not read %s", set, orOf(c.StringSlice("backend")), section)
		}
	}
	return nil
}

// readersOf names the backends that read a section which not all of them do.
func readersOf(section string) (names []string) {
	for _, b := range backend.All() {
		if slices.Contains([]string{b.EngineSection(), b.SamplingSection(), b.EnvSection()}, section) && !slices.Contains(names, b.Name) {
			names = append(names, b.Name)
		}
	}
	return names
}
