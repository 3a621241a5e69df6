package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
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
		a.simCommand(),
		a.supervisorCommand(),
	}
}

// run executes a command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	program := &cli.App{
		Name:            "mlrun",
		Usage:           "run the benchmark that a manifest describes",
		Reader:          a.stdin,
		Writer:          a.stdout,
		ErrWriter:       a.stderr,
		Commands:        a.commands(),
		HideVersion:     true,
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return err },
		CommandNotFound: nil,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return fmt.Errorf("no command %q; mlrun --help lists them", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	err := program.RunContext(ctx, args)
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errFindings):
		return exitFindings
	}
	fmt.Fprintf(a.stderr, "mlrun: %v\n", err)
	return exitFailed
}
