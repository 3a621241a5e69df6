package diag

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// GitHub's workflow commands end a value at these characters.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// WriteGitHub writes findings as workflow commands, which GitHub shows as
// annotations of the files in a pull request.
func WriteGitHub(w io.Writer, l List) error {
	out := bufio.NewWriter(w)
	for _, d := range l {
		level := map[Severity]string{Error: "error", Warning: "warning"}[d.Severity]
		if level == "" {
			level = "notice"
		}
		var properties []string
		add := func(name, value string) { properties = append(properties, name+"="+githubProperty.Replace(value)) }
		message := Clean(d.Message)
		if inFile := d.Pos.File != "" && !strings.HasPrefix(d.Pos.File, "--"); inFile {
			add("file", Clean(filepath.ToSlash(d.Pos.File)))
			if d.Pos.Line > 0 {
				add("line", fmt.Sprint(d.Pos.Line))
			}
			if d.Pos.Column > 0 {
				add("col", fmt.Sprint(d.Pos.Column))
			}
		} else if d.Pos.File != "" {
			message = Clean(d.Pos.String()) + ": " + message
		}
		add("title", d.Code)
		for _, line := range d.details() {
			message += "\n" + line
		}
		fmt.Fprintf(out, "::%s %s::%s\n", level, strings.Join(properties, ","), githubData.Replace(message))
	}
	return out.Flush()
}
