// Package clidoc derives from a program's command tree what helps to use it:
// help texts, completion for bash, zsh and fish, and manual pages.
//
//	p := clidoc.Program{Name: "mlcfg", Usage: "...", Out: os.Stdout}
//	commands = p.With(commands)
package clidoc

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
)

// Program is a program as its documentation sees it.
type Program struct {
	// Name is what it is called by, Usage what it does, in a few words.
	Name, Usage, Version string
	// About is the text of its help.
	About string
	// Out is where the commands write.
	Out io.Writer
	// Values returns what may stand as a flag's value, or as an operand where flag is
	// empty, with the beginning that is given; nil: files.
	Values func(command *cli.Command, flag, beginning string) []string
}

// askName is the hidden command that the shells ask.
const askName = "__complete"

const completionHelp = `Completion writes the script with which a shell completes this program's commands,
flags and their values.

  source <(%[1]s completion bash)                                         in ~/.bashrc
  source <(%[1]s completion zsh)                                          in ~/.zshrc, behind compinit
  %[1]s completion fish > ~/.config/fish/completions/%[1]s.fish`

const manHelp = `Man writes the manual pages, one a command, as roff.

  %[1]s man man/man1
  man -l man/man1/%[1]s.1`

// With returns commands with those of this package after them: completion, and two
// that stay hidden.
func (p Program) With(commands []*cli.Command) []*cli.Command {
	var all []*cli.Command
	completion := &cli.Command{
		Name: "completion", Usage: "write the script for completion in bash, zsh or fish",
		ArgsUsage: "bash|zsh|fish", Description: fmt.Sprintf(completionHelp, p.Name),
		Action: func(c *cli.Context) error {
			script, err := p.Script(c.Args().First())
			if err == nil {
				_, err = io.WriteString(p.Out, script)
			}
			return err
		},
	}
	ask := &cli.Command{
		Name: askName, Hidden: true,
		Action: func(c *cli.Context) error {
			for _, word := range p.Complete(all, c.Args().Slice()) {
				if _, err := fmt.Fprintln(p.Out, word); err != nil {
					return err
				}
			}
			return nil
		},
	}
	man := &cli.Command{
		Name: "man", Hidden: true, Usage: "write manual pages", ArgsUsage: "DIR", Description: fmt.Sprintf(manHelp, p.Name),
		Action: func(c *cli.Context) error {
			dir := c.Args().First()
			if dir == "" {
				return fmt.Errorf("name the folder for the manual pages")
			}
			return p.writePages(dir, all)
		},
	}
	all = append(commands, completion, man, ask)
	return all
}

// writePages writes every page into a folder.
func (p Program) writePages(dir string, commands []*cli.Command) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing manual pages: %w", err)
	}
	for _, page := range p.Pages(commands) {
		if err := atomicfile.Write(filepath.Join(dir, page.Name+".1"), []byte(page.Text), 0o644); err != nil {
			return fmt.Errorf("writing manual pages: %w", err)
		}
	}
	return nil
}

// visible are the commands that a person may know of.
func visible(commands []*cli.Command) []*cli.Command {
	var shown []*cli.Command
	for _, c := range commands {
		if !c.Hidden {
			shown = append(shown, c)
		}
	}
	return shown
}

// docFlag is a flag as documentation shows it.
type docFlag struct {
	names []string
	usage string
	// value is the name of what it takes, empty for a switch.
	value string
	def   string
}

func flagsOf(c *cli.Command) (all []docFlag) {
	for _, f := range c.Flags {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		d := docFlag{}
		for _, name := range f.Names() {
			if len(name) == 1 {
				name = "-" + name
			} else {
				name = "--" + name
			}
			d.names = append(d.names, name)
		}
		if doc, ok := f.(cli.DocGenerationFlag); ok {
			d.usage = doc.GetUsage()
			if doc.TakesValue() {
				d.value, d.def = "VALUE", doc.GetDefaultText()
			}
			if d.def == "0s" || strings.Contains(d.usage, "(default") {
				d.def = "" // no limit, or the text says what holds then
			}
		}
		if before, rest, ok := strings.Cut(d.usage, "`"); ok {
			if name, after, ok := strings.Cut(rest, "`"); ok {
				d.value, d.usage = name, before+name+after
			}
		}
		all = append(all, d)
	}
	return all
}
