package main

import (
	"io"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/clidoc"
)

// TestHelp: every command has a help text, and examples in it that use the command.
func TestHelp(t *testing.T) {
	a := &app{stdout: io.Discard, stderr: io.Discard}
	var check func(parent string, commands []*cli.Command)
	check = func(parent string, commands []*cli.Command) {
		for _, c := range commands {
			name := parent + " " + c.Name
			if c.Hidden {
				continue
			}
			text, examples := clidoc.Examples(c.Description)
			if c.Usage == "" || text == "" || !strings.Contains(strings.Join(examples, "\n"), name) {
				t.Errorf("%s lacks a help text with an example of its own:\n%s", name, c.Description)
			}
			check(name, c.Subcommands)
		}
	}
	check("mlcfg", clidoc.Program{Name: "mlcfg", Out: io.Discard}.With(a.commands()))
}
