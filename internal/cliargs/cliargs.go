// Package cliargs lets flags stand anywhere on a command line: urfave/cli, like
// the standard flag package, takes them before operands only.
//
//	sorted, err := cliargs.Sort(os.Args, commands)
package cliargs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/nearest"
)

// UsageError is a command line that cannot be understood.
type UsageError struct {
	Msg string
	// Hint is advice, one line.
	Hint string
}

// Error is the message without the hint.
func (e *UsageError) Error() string { return e.Msg }

// Sort brings the arguments behind the command's name into the order flags,
// "--", operands; args[0] is the program's name. Flags may be spelt with
// underscores. Sub-commands are followed. Without a known command the
// arguments stay as they are.
func Sort(args []string, commands []*cli.Command) ([]string, error) {
	for i := 1; i < len(args); i++ {
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[i]) })
		if at < 0 {
			return args, nil
		}
		command := commands[at]
		if len(command.Subcommands) > 0 {
			commands = command.Subcommands
			continue
		}
		flags, operands, err := split(args[i+1:], command)
		if err != nil {
			return nil, err
		}
		sorted := append(slices.Clone(args[:i+1]), flags...)
		return append(append(sorted, "--"), operands...), nil
	}
	return args, nil
}

func split(args []string, command *cli.Command) (flags, operands []string, err error) {
	takesValue := map[string]bool{"help": false, "h": false}
	var names []string
	for _, f := range command.Flags {
		_, isSwitch := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			takesValue[name] = !isSwitch
		}
		names = append(names, f.Names()[0])
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return flags, append(operands, args[i+1:]...), nil
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			operands = append(operands, arg)
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if _, ok := takesValue[name]; !ok {
			name = strings.ReplaceAll(name, "_", "-")
		}
		wants, ok := takesValue[name]
		switch {
		case !ok:
			return nil, nil, unknown(command, arg, name, names)
		case wants && !given:
			if i++; i >= len(args) {
				return nil, nil, &UsageError{Msg: fmt.Sprintf("%s: %s needs a value", command.Name, arg), Hint: fmt.Sprintf("write %s VALUE or %s=VALUE", arg, arg)}
			}
			value, given = args[i], true
		}
		if given {
			flags = append(flags, "--"+name+"="+value)
		} else {
			flags = append(flags, "--"+name)
		}
	}
	return flags, operands, nil
}

func unknown(command *cli.Command, arg, name string, names []string) error {
	shown, _, _ := strings.Cut(arg, "=")
	e := &UsageError{Msg: fmt.Sprintf("%s: there is no flag %s", command.Name, shown), Hint: command.Name + " --help lists the flags"}
	if near := nearest.Name(names, name); near != "" {
		e.Hint = "did you mean --" + near
	}
	return e
}
