package clidoc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpWidth is where the lines of help texts end, in characters.
const helpWidth = 80

// SetHelp sets the help text of the command that a command line names, args[0] being
// the program's name, and of those above it: the flag package's own has every name of a
// flag twice, in lines of any length. Making the texts of all commands would be a fifth
// of a program's start.
func (p Program) SetHelp(commands []*cli.Command, args []string) {
	name := p.Name
	for _, word := range args[min(1, len(args)):] {
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) })
		if at < 0 {
			return
		}
		c := commands[at]
		name += " " + c.Name
		c.CustomHelpTemplate = strings.ReplaceAll(helpOf(name, c), "{{", `{{"{{"}}`)
		commands = c.Subcommands
	}
}

// helpOf is the help text of a command: what it does, how it is called, examples,
// and its flags with what they mean below them.
func helpOf(name string, c *cli.Command) string {
	var b strings.Builder
	arguments := "[FLAG...] " + c.ArgsUsage
	if len(c.Subcommands) > 0 {
		arguments = "COMMAND [ARGUMENT...]"
	}
	fmt.Fprintf(&b, "%s - %s\n\n  %s\n", name, c.Usage, strings.TrimSpace(name+" "+arguments))
	if text := strings.TrimSpace(c.Description); text != "" {
		fmt.Fprintf(&b, "\n%s\n", text)
	}
	if shown := visible(c.Subcommands); len(shown) > 0 {
		b.WriteString("\nCommands:\n")
		for _, sub := range shown {
			fmt.Fprintf(&b, "  %-12s %s\n", sub.Name, sub.Usage)
		}
	}
	b.WriteString("\nFlags:\n")
	for _, f := range flagsOf(c) {
		usage := f.usage
		if f.def != "" && f.def != `""` && f.value != "" {
			usage += " (default " + strings.Trim(f.def, `"`) + ")"
		}
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(strings.Join(f.names, ", ")+" "+f.value))
		for _, line := range wrap(usage, helpWidth-8) {
			fmt.Fprintf(&b, "        %s\n", line)
		}
	}
	b.WriteString("  --help, -h\n        show this help\n")
	return b.String()
}

// wrap breaks text between words into lines of at most width characters; a longer
// word has a line of its own.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
