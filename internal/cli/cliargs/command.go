package cliargs

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
)

// NoCommand is the error for a word that is no command of a program. meant are words of other
// programs for what a command here does, and what to type for each.
func NoCommand(program, word string, commands []*cli.Command, meant map[string]string) error {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	hint := "the commands are " + strings.Join(names, ", ")
	if here, ok := meant[word]; ok {
		hint = "write " + program + " " + here
	} else if near := diag.Name(names, word); near != "" {
		hint = "did you mean " + program + " " + near
	}
	return WithHint(hint, "there is no command %q", word)
}

// usual brings what people type out of habit into the form of this command line: help COMMAND
// and version as flags, and flags before the command behind it.
func usual(args []string, commands []*cli.Command) []string {
	if len(args) < 2 {
		return args
	}
	isCommand := func(word string) bool {
		return slices.ContainsFunc(commands, func(c *cli.Command) bool { return c.HasName(word) })
	}
	switch word := args[1]; {
	case word == "help" && !isCommand(word):
		return append(append(args[:1:1], args[2:]...), "--help")
	case word == "version" && !isCommand(word):
		return append(append(args[:1:1], "--version"), args[2:]...)
	case !strings.HasPrefix(word, "-") || word == "-":
		return args
	}
	at := slices.IndexFunc(args, isCommand)
	if at < 0 || slices.ContainsFunc(args[1:at], func(a string) bool { return slices.Contains([]string{"--help", "-h", "--version", "-v", "--"}, a) }) {
		return args
	}
	end := at + 1
	for _, c := range commands {
		if c.HasName(args[at]) && end < len(args) && slices.ContainsFunc(c.Subcommands, func(s *cli.Command) bool { return s.HasName(args[end]) }) {
			end++
		}
	}
	moved := append(args[:1:1], args[at:end]...)
	return append(append(moved, args[1:at]...), args[end:]...)
}
