package main

import (
	"errors"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/compile"
	"mlcfg/internal/diag"
	"mlcfg/internal/lsp"
)

const lspHelp = `Lsp is a language server for editors, over standard input and output: the findings
of lint while you type with edits that fix them, completion of keys and values, what a
key is and where its value comes from, the way to the base's line, formatting, symbols.

The flags are those of lint; the project file, mlcfg.cue, is found for each file by
itself. docs/lint.md says how editors are set up.

  mlcfg lsp
  mlcfg lsp --engine-version vllm=0.9.2 --map /lab=.`

func (a *app) lspCommand() *cli.Command {
	return &cli.Command{
		Name:        "lsp",
		Usage:       "run the language server for editors",
		ArgsUsage:   " ",
		Description: lspHelp,
		Flags:       append(configFlags(), &cli.BoolFlag{Name: "stdio", Usage: "use standard input and output (always; accepted for compatibility)"}),
		Action:      a.lsp,
	}
}

func (a *app) lsp(c *cli.Context) error {
	if c.NArg() > 0 {
		return withHint("an editor starts it and opens files", "lsp takes no operands")
	}
	if err := needsWhole("lsp"); err != nil {
		return err // files of any project may be opened
	}
	open := func(file string) (*lsp.Session, error) {
		s, err := settings(c, []string{filepath.Clean(file)})
		if err != nil {
			return nil, err
		}
		files, options, err := readOptions(c, s)
		if err != nil {
			return nil, err
		}
		launches, err := launchCheckerOf(options)
		if err != nil {
			return nil, err
		}
		return &lsp.Session{Settings: s, Files: files, Compiler: compile.New(options), Site: options.Site, Launches: launches}, nil
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server := lsp.Server{Open: open}
	err := server.Run(ctx, a.stdin, a.stdout)
	if errors.Is(err, lsp.ErrNoShutdown) {
		return errFindings
	}
	return err
}

// Findings are what is wrong in the project file, for the language server.
func (e *projectFault) Findings() diag.List { return e.found }
