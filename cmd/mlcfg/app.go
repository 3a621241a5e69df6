package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/cliargs"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
)

// How mlcfg talks: standard output carries the result alone, everything else
// goes to standard error. A message is lower case, without a full stop, and
// starts with "mlcfg: "; advice is a line of its own, "hint: ". Findings about
// files are written by package diag.

// Exit statuses.
const (
	exitOK       = 0
	exitFindings = 1 // lint errors, differences
	exitTrouble  = 2 // usage, unreadable files: the command could not do its work
)

// errFindings makes a command end with exitFindings; everything was said.
var errFindings = errors.New("findings")

func withHint(hint, format string, args ...any) error {
	return cliargs.WithHint(hint, format, args...)
}

// app is the program with its surroundings, so that tests run it in-process.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

func (a *app) commands() []*cli.Command {
	return []*cli.Command{
		a.lintCommand(),
		a.compileCommand(),
		a.sweepCommand(),
		a.checkCommand(),
		a.explainCommand(),
		a.diffCommand(),
		a.fitCommand(),
		a.attestCommand(),
		a.renderCommand(),
		a.modelCommand(),
		a.schemaCommand(),
		a.lspCommand(),
		a.fmtCommand(),
		a.trimCommand(),
		a.migrateCommand(),
		a.initCommand(),
		a.newCommand(),
		a.upgradeCommand(),
		a.importCommand(),
	}
}

// run executes one command line, args[0] being the program's name, and returns
// the exit status.
func (a *app) run(args []string) int {
	out := output.New(a.stdout)
	a.stdout = out
	status := a.command(args)
	if err := out.Err(); err != nil && status != exitTrouble {
		return a.failed(err)
	}
	return status
}

// command executes one command line.
func (a *app) command(args []string) int {
	if status, done := a.handOver(args); done {
		return status
	}
	program := a.program()
	commands := program.With(a.commands())
	c := &cli.App{
		Name:                      "mlcfg",
		Usage:                     "compile LLM benchmark configuration into manifests, and report its errors first",
		Version:                   version,
		Commands:                  commands,
		Reader:                    a.stdin,
		Writer:                    a.stdout,
		ErrWriter:                 a.stderr,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              func(_ *cli.Context, err error, _ bool) error { return err },
		CustomAppHelpTemplate:     appHelp,
		CommandNotFound:           func(*cli.Context, string) {},
		Action:                    a.noCommand("mlcfg", commands),
	}
	sorted, err := sortArgs(args, commands)
	if err == nil {
		program.SetHelp(commands, sorted)
		err = c.Run(sorted)
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	}
	if status, done := a.handOverAfter(err, args); done {
		return status
	}
	return a.failed(err)
}

// failed says why a command could not do its work.
func (a *app) failed(err error) int {
	if output.Gone(err) {
		return exitTrouble
	}
	a.tellFault(err)
	fmt.Fprintf(a.stderr, "mlcfg: %s\n", diag.Clean(err.Error()))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(a.stderr, "hint: %s\n", diag.Clean(hint))
	}
	return exitTrouble
}

func hintOf(err error) string {
	if errors.Is(err, config.ErrNoBase) {
		return "an overlay goes on a shared config.yaml: name it with --base FILE"
	}
	return cliargs.HintOf(err)
}

// noCommand handles a command line without a known command.
func (a *app) noCommand(program string, commands []*cli.Command) cli.ActionFunc {
	return func(c *cli.Context) error {
		name := c.Args().First()
		switch {
		case name == "" && program == "mlcfg":
			return cli.ShowAppHelp(c)
		case name == "":
			return cli.ShowSubcommandHelp(c)
		}
		var meant map[string]string
		if program == "mlcfg" {
			meant = otherWords
		}
		return cliargs.NoCommand(program, name, commands, meant)
	}
}

// otherWords are commands that other programs have for what one here does.
var otherWords = map[string]string{
	"validate": "lint", "vet": "lint", "verify": "check", "build": "compile", "generate": "compile", "format": "fmt", "show": "explain OVERLAY KEY",
	"get": "explain OVERLAY KEY", "create": "new OVERLAY", "run": "compile, and mlrun run MANIFEST",
}

// warn says something on standard error.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.stderr, "mlcfg: "+format+"\n", args...)
}

// color reports whether output on w may have colours: on terminals, unless
// NO_COLOR is set (https://no-color.org).
func (a *app) color(w io.Writer) bool {
	if a.getenv("NO_COLOR") != "" || a.getenv("TERM") == "dumb" {
		return false
	}
	if out, ok := w.(*output.Writer); ok {
		w = out.To
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func oneOf(flag, value string, legal ...string) error {
	return cliargs.OneOf(flag, value, legal...)
}

// orOf lists words as a sentence does: a, b or c.
func orOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

const appHelp = `mlcfg compiles LLM benchmark configuration into manifests, and reports its errors first.

  mlcfg init lab                             start a configuration repository
  mlcfg lint                                 report every error in its overlays
  mlcfg compile OVERLAY --backend vllm       write the manifest to standard output
  mlcfg explain OVERLAY KEY --backend vllm   where a value comes from, what the key means
  mlcfg diff OVERLAY OVERLAY                 what differs after resolving
  mlcfg schema show vllm max_num_seqs        what a key is, in one release or all

Commands:
{{range .VisibleCommands}}  {{printf "%-11s" .Name}} {{.Usage}}
{{end}}
mlcfg COMMAND --help describes a command, with examples.

A configuration is a shared config.yaml, found upwards from the overlay, with one
overlay for each model, scenario and machine on it, and section.key=value on the
command line over both. Manifests are run by mlrun.

Exit status: 0 fine, 1 findings, 2 the command could not do its work.
`
