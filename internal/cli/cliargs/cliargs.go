// Package cliargs lets flags stand anywhere on a command line: urfave/cli, like
// the standard flag package, takes them before operands only.
//
//	sorted, err := cliargs.Sort(os.Args, commands)
package cliargs

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
)

// HintedError is an error with advice on a line of its own.
type HintedError struct {
	Err  error
	Hint string
}

// Error is the message without the hint.
func (e *HintedError) Error() string { return e.Err.Error() }

// Unwrap returns the error without the hint.
func (e *HintedError) Unwrap() error { return e.Err }

// WithHint makes an error with advice; format and args are as for fmt.Errorf.
func WithHint(hint, format string, args ...any) error {
	return &HintedError{fmt.Errorf(format, args...), hint}
}

// HintOf returns the advice of err, empty where it has none.
func HintOf(err error) string {
	var hinted *HintedError
	if !errors.As(err, &hinted) {
		return ""
	}
	return hinted.Hint
}

// OneOf checks a flag's value against the legal ones.
func OneOf(flag, value string, legal ...string) error {
	if slices.Contains(legal, value) {
		return nil
	}
	return WithHint("legal are "+strings.Join(legal, ", "), "--%s %s is not known", flag, value)
}

// Sort brings the arguments behind the command's name into the order flags,
// "--", operands; args[0] is the program's name. Flags may be spelt with
// underscores. Sub-commands are followed. Without a known command the
// arguments stay as they are.
func Sort(args []string, commands []*cli.Command) ([]string, error) {
	return SortWith(args, commands, Hooks{})
}

// Hooks extend what Sort takes. The zero value extends nothing.
type Hooks struct {
	// Extra reports whether a flag that the command does not have is to be taken,
	// with a value: name is spelt as given, without dashes before it.
	Extra func(command *cli.Command, name string) bool
	// Rewrite may turn a flag with its value into another; flag is empty for an
	// operand, and an operand is what comes back with an empty flag.
	Rewrite func(command *cli.Command, flag, value string) (newFlag, newValue string)
	// Hint may say what to write instead of a flag that the command does not have,
	// spelt with dashes between its words and none before; empty: nothing is known.
	Hint func(command *cli.Command, name string) string
}

// SortWith is Sort with hooks.
func SortWith(args []string, commands []*cli.Command, h Hooks) ([]string, error) {
	args = usual(args, commands)
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
		flags, operands, err := split(args[i+1:], command, h)
		if err != nil {
			return nil, err
		}
		sorted := append(slices.Clone(args[:i+1]), flags...)
		return append(append(sorted, "--"), operands...), nil
	}
	return args, nil
}

// line is a command line in the making.
type line struct {
	command         *cli.Command
	hooks           Hooks
	flags, operands []string
}

func split(args []string, command *cli.Command, h Hooks) (flags, operands []string, err error) {
	l := &line{command: command, hooks: h}
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
			return l.flags, append(l.operands, args[i+1:]...), nil
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			l.add("", arg)
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		wants, ok := takesValue[name]
		if dashed := strings.ReplaceAll(name, "_", "-"); !ok {
			if wants, ok = takesValue[dashed]; ok {
				name = dashed
			}
		}
		extra := false
		switch {
		case !ok && h.Extra != nil && strings.HasPrefix(arg, "--") && h.Extra(command, name):
			wants, extra = true, true
		case !ok:
			return nil, nil, unknown(command, arg, strings.ReplaceAll(name, "_", "-"), names, h)
		}
		if wants && !given {
			if i++; i >= len(args) || extra && strings.HasPrefix(args[i], "--") {
				return nil, nil, WithHint(fmt.Sprintf("write %s VALUE or %s=VALUE", arg, arg), "%s: %s needs a value", command.Name, arg)
			}
			value, given = args[i], true
		}
		if given {
			l.add(name, value)
		} else {
			l.flags = append(l.flags, "--"+name)
		}
	}
	return l.flags, l.operands, nil
}

// add takes a flag with its value, or an operand where the flag is empty.
func (l *line) add(flag, value string) {
	if l.hooks.Rewrite != nil {
		flag, value = l.hooks.Rewrite(l.command, flag, value)
	}
	if flag == "" {
		l.operands = append(l.operands, value)
	} else {
		l.flags = append(l.flags, "--"+flag+"="+value)
	}
}

func unknown(command *cli.Command, arg, name string, names []string, h Hooks) error {
	shown, _, _ := strings.Cut(arg, "=")
	hint := command.Name + " --help lists the flags"
	var begins []string
	for _, n := range names {
		if strings.HasPrefix(n, name) {
			begins = append(begins, n)
		}
	}
	if near := diag.Name(names, name); near != "" {
		hint = "did you mean --" + near
	} else if n := len(begins); n > 0 && n < 4 && len(name) > 1 {
		hint = "did you mean --" + strings.Join(begins, " or --")
	} else if h.Hint != nil {
		if text := h.Hint(command, name); text != "" {
			hint = text
		}
	}
	return WithHint(hint, "%s: there is no flag %s", command.Name, shown)
}
