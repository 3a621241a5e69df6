package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/cliargs"
	"mlcfg/internal/cli/clidoc"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
)

// The exit statuses.
const (
	exitFine     = 0
	exitFindings = 1 // the command worked and found something wrong: a run that is INVALID
	exitFailed   = 2 // the command could not do its work
)

// errFindings ends a command whose findings have been printed.
var errFindings = errors.New("findings")

// app is the program with its three streams; tests call it in process. stdout
// carries a command's result alone, everything else goes to stderr.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands are listed here, one line each.
func (a *app) commands() []*cli.Command {
	return []*cli.Command{
		a.runCommand(),
		a.planCommand(),
		a.benchCommand(),
		a.nodeCommand(),
		a.suiteCommand(),
		a.sweepCommand(),
		a.tuneCommand(),
		a.reportCommand(),
		a.verifyCommand(),
		a.runsCommand(),
		a.scheduleCommand(),
		a.datasetCommand(),
		a.accuracyCommand(),
		a.simCommand(),
		a.selftestCommand(),
		a.mockCommand(),
		a.supervisorCommand(),
		a.clientCommand(),
		a.stepCommand(),
		a.holdCommand(),
	}
}

// run executes a command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	out := output.New(a.stdout)
	a.stdout = out
	status := a.command(ctx, args)
	if err := out.Err(); err != nil && status != exitFailed {
		return a.failed(err)
	}
	return status
}

// command executes a command line.
func (a *app) command(ctx context.Context, args []string) int {
	program := clidoc.Program{Name: "mlrun", Usage: usage, Version: version, About: about, Out: a.stdout, Values: values}
	commands := program.With(a.commands())
	c := &cli.App{
		Name:                      "mlrun",
		Usage:                     usage,
		Reader:                    a.stdin,
		Writer:                    a.stdout,
		ErrWriter:                 a.stderr,
		Commands:                  commands,
		Version:                   version,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              func(_ *cli.Context, err error, _ bool) error { return err },
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return cliargs.NoCommand("mlrun", c.Args().First(), commands, otherWords)
			}
			return cli.ShowAppHelp(c)
		},
	}
	sorted, err := cliargs.SortWith(args, commands, cliargs.Hooks{Hint: func(_ *cli.Command, name string) string { return otherFlags[name] }})
	if err == nil {
		program.SetHelp(commands, sorted)
		err = c.RunContext(ctx, sorted)
	}
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errFindings):
		return exitFindings
	}
	return a.failed(err)
}

// otherWords are commands that other programs have for what one here does, otherFlags such flags.
var (
	otherWords = map[string]string{
		"simulate": "run MANIFEST --simulate", "compare": "report RUN RUN", "dry-run": "plan MANIFEST", "start": "run MANIFEST", "execute": "run MANIFEST",
		"list": "runs list", "serve": "sim", "benchmark": "bench URL", "validate": "plan MANIFEST",
	}
	otherFlags = map[string]string{
		"dry-run": "mlrun plan MANIFEST takes the same flags, and starts nothing", "url": "write --external URL", "base-url": "write --external URL",
		"output": "write --out DIR", "output-dir": "write --out DIR",
	}
)

// failed says why a command could not do its work.
func (a *app) failed(err error) int {
	if output.Gone(err) {
		return exitFailed
	}
	fmt.Fprintf(a.stderr, "mlrun: %s\n", clean(err.Error()))
	if hint := cliargs.HintOf(err); hint != "" {
		fmt.Fprintf(a.stderr, "hint: %s\n", clean(hint))
	}
	return exitFailed
}

// clean makes each line of a message safe to print: file names, what a manifest
// says and what an engine answers may be in it.
func clean(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = diag.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

func withHint(hint, format string, args ...any) error {
	return cliargs.WithHint(hint, format, args...)
}

func oneOf(flag, value string, legal ...string) error {
	return cliargs.OneOf(flag, value, legal...)
}

// printJSON writes a command's result as indented JSON.
func (a *app) printJSON(v any) error { return output.JSON(a.stdout, v) }
