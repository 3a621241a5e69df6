// Package docmark renews the parts of documentation pages that programs write, so
// that figures come from where they were measured and stand in prose all the same:
//
//	<!-- faults -->
//	... what the program writes ...
//	<!-- end of faults -->
package docmark

import (
	"fmt"
	"os"
	"strings"

	"mlcfg/internal/atomicfile"
)

// Part is what stands between the marks of a name in a page.
func Part(page, name string) (string, error) {
	_, part, _, err := cut(page, name)
	return part, err
}

// Renew puts text between the marks of a name in the page at path.
func Renew(path, name, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("renewing a page: %w", err)
	}
	before, _, after, err := cut(string(page), name)
	if err != nil {
		return fmt.Errorf("renewing %s: %w", path, err)
	}
	return atomicfile.Write(path, []byte(before+"\n"+strings.TrimSpace(text)+"\n\n"+after), 0o644)
}

// cut returns a page up to the first mark and from the second on, both among them.
func cut(page, name string) (before, part, after string, err error) {
	from, to := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	before, rest, found := strings.Cut(page, from)
	part, after, ended := strings.Cut(rest, to)
	if !found || !ended {
		return "", "", "", fmt.Errorf("there are no lines %q and %q in it", strings.TrimSpace(from), to)
	}
	return before + from, part, to + after, nil
}
