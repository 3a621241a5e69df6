package clidoc

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// Page is one manual page as roff, section 1.
type Page struct{ Name, Text string }

// Pages are the manual pages of the program and of all its commands. The same
// commands give the same bytes.
func (p Program) Pages(commands []*cli.Command) []Page {
	main := &roff{}
	main.head(p.Name, p.Version)
	main.section("NAME")
	main.line(p.Name + ` \- ` + escape(p.Usage))
	main.section("SYNOPSIS")
	main.line(`\fB` + escape(p.Name) + `\fR \fICOMMAND\fR [\fIARGUMENT\fR...]`)
	main.section("DESCRIPTION")
	main.prose(p.About)
	main.section("COMMANDS")
	pages := []Page{{Name: p.Name}}
	for _, c := range visible(commands) {
		main.line(".TP")
		main.line(`\fB` + escape(c.Name) + `\fR`)
		main.line(escape(c.Usage) + `, see \fB` + escape(p.Name+"-"+c.Name) + `\fR(1)`)
		pages = append(pages, p.commandPages(p.Name, c)...)
	}
	main.section("EXIT STATUS")
	main.line("0 fine, 1 findings, 2 the command could not do its work.")
	pages[0].Text = main.String()
	return pages
}

func (p Program) commandPages(parent string, c *cli.Command) []Page {
	name := parent + " " + c.Name
	file := strings.ReplaceAll(name, " ", "-")
	r := &roff{}
	r.head(file, p.Version)
	r.section("NAME")
	r.line(escape(file) + ` \- ` + escape(c.Usage))
	r.section("SYNOPSIS")
	arguments := c.ArgsUsage
	if len(c.Subcommands) > 0 {
		arguments = "COMMAND [ARGUMENT...]"
	}
	r.line(strings.TrimSpace(`\fB` + escape(name) + `\fR ` + escape(strings.TrimSpace("[FLAG...] "+arguments))))
	text, examples := Examples(c.Description)
	if text != "" {
		r.section("DESCRIPTION")
		r.prose(text)
	}
	if flags := flagsOf(c); len(flags) > 0 {
		r.section("OPTIONS")
		for _, f := range flags {
			head := `\fB` + escape(strings.Join(f.names, ", ")) + `\fR`
			if f.value != "" {
				head += ` \fI` + escape(f.value) + `\fR`
			}
			r.line(".TP")
			r.line(head)
			usage := f.usage
			if f.def != "" && f.def != `""` {
				usage += " (default " + f.def + ")"
			}
			r.fill(usage)
		}
	}
	pages := []Page{{Name: file}}
	if shown := visible(c.Subcommands); len(shown) > 0 {
		r.section("COMMANDS")
		for _, sub := range shown {
			r.line(".TP")
			r.line(`\fB` + escape(sub.Name) + `\fR`)
			r.line(escape(sub.Usage) + `, see \fB` + escape(file+"-"+sub.Name) + `\fR(1)`)
			pages = append(pages, p.commandPages(name, sub)...)
		}
	}
	if len(examples) > 0 {
		r.section("EXAMPLES")
		r.verbatim(examples)
	}
	r.section("SEE ALSO")
	r.line(`\fB` + escape(strings.ReplaceAll(parent, " ", "-")) + `\fR(1)`)
	pages[0].Text = r.String()
	return pages
}

// Examples parts a command's help text from its examples: the last run of lines
// that are indented, without the indentation.
func Examples(help string) (text string, examples []string) {
	paragraphs := strings.Split(strings.TrimSpace(help), "\n\n")
	for i := len(paragraphs) - 1; i >= 0; i-- {
		if !indented(paragraphs[i]) {
			continue
		}
		for _, line := range strings.Split(paragraphs[i], "\n") {
			examples = append(examples, strings.TrimPrefix(line, "  "))
		}
		return strings.Join(append(paragraphs[:i:i], paragraphs[i+1:]...), "\n\n"), examples
	}
	return help, nil
}

func indented(paragraph string) bool {
	for _, line := range strings.Split(paragraph, "\n") {
		if !strings.HasPrefix(line, "  ") {
			return false
		}
	}
	return true
}

// roff writes the few requests that a page needs.
type roff struct {
	strings.Builder
	began bool // a section, in which nothing stands yet
}

func (r *roff) line(s string) {
	r.WriteString(s + "\n")
	r.began = false
}

func (r *roff) head(name, version string) {
	r.line(fmt.Sprintf(`.TH "%s" "1" "%s" "%s" ""`, escape(strings.ToUpper(name)), buildDate(), escape(version)))
}

// buildDate is the day of the commit that the program was built from; empty where that is not
// known.
func buildDate() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			day, _, _ := strings.Cut(s.Value, "T")
			return day
		}
	}
	return ""
}

// fill writes text, which roff fills, in lines of at most 78 letters.
func (r *roff) fill(text string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(escape(line))+len(escape(word)) > 77 {
			r.line(escape(line))
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		r.line(escape(line))
	}
}

func (r *roff) section(name string) {
	r.line(".SH " + name)
	r.began = true
}

func (r *roff) prose(text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		switch {
		case indented(paragraph):
			r.verbatim(strings.Split(paragraph, "\n"))
			continue
		case i > 0:
			r.line(".PP")
		}
		r.fill(paragraph)
	}
}

func (r *roff) verbatim(lines []string) {
	if !r.began { // a section is a paragraph already
		r.line(".PP")
	}
	r.line(".nf\n.RS")
	for _, line := range lines {
		r.line(escape(line))
	}
	r.line(".RE\n.fi")
}

// escape keeps text from being read as roff: backslashes, hyphens, and a line's
// leading dot or quote.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
