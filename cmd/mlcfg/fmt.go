package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/source/layout"
	"mlcfg/schema"
)

const fmtHelp = `Fmt writes configuration files in one canonical layout: the schema's order of
sections, two spaces of indentation, true, false and null, and quotes where
readers of YAML 1.1 and of YAML 1.2 would differ. Comments stay. The values never
change, which is checked for every file before it is written. A file with errors is
left unchanged, and the errors are reported.

Without files it formats standard input. In folders it finds all configuration files.

  mlcfg fmt < offline_mi325x.yaml            formatted, to standard output
  mlcfg fmt -l .                             list the files that differ
  mlcfg fmt -d models/llama2-70b             show what would change
  mlcfg fmt -w config.yaml models            rewrite the files

With -l or -d the exit status is 1 if a file differs.`

func (a *app) fmtCommand() *cli.Command {
	return &cli.Command{
		Name:        "fmt",
		Usage:       "write configuration files in canonical layout",
		ArgsUsage:   "[FILE|DIR...]",
		Description: fmtHelp,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "list", Aliases: []string{"l"}, Usage: "list the files whose layout differs"},
			&cli.BoolFlag{Name: "write", Aliases: []string{"w"}, Usage: "rewrite the files"},
			&cli.BoolFlag{Name: "diff", Aliases: []string{"d"}, Usage: "show what differs"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the list: text or json"},
			omegaconfFlag(), projectFlag(),
		},
		Action: a.fmt,
	}
}

// formatted is what came of one file, as --format json has it.
type formatted struct {
	File    string `json:"file"`
	Differs bool   `json:"differs"`
	Written bool   `json:"written"`
	// Fault says why the file was left as it is.
	Fault string `json:"fault,omitempty"`

	out   []byte
	found diag.List
	err   error
}

func (a *app) fmt(c *cli.Context) error {
	list, write, show := c.Bool("list"), c.Bool("write"), c.Bool("diff")
	asJSON := c.String("format") == "json"
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	if asJSON && !list {
		return withHint("mlcfg fmt -l --format json .", "--format json needs -l, the list of files")
	}
	if asJSON && show {
		return withHint("leave one out", "-d and --format json write two things to standard output")
	}
	read, err := dialect(c, c.Args().Slice())
	if err != nil {
		return err
	}
	files, err := a.readFiles(c.Args().Slice(), read)
	if err != nil {
		return err
	}
	if write && files != nil && files[0].path == standardInput {
		return withHint("name files or folders", "-w cannot rewrite standard input")
	}
	order := schema.Shared().Section("config").Declared()
	var all []formatted
	var trouble error
	differs, faulty := false, false
	results, err := onEach(files, func(f textFile) (formatted, error) { return fmtFile(f, order), nil })
	if err != nil {
		return err
	}
	for i, f := range files {
		result := results[i]
		out, err := result.out, a.tellFormat(f, result)
		if result.err != nil {
			trouble = errLeft
		}
		faulty = faulty || result.Fault != ""
		differs = differs || result.Differs
		switch {
		case result.Fault != "":
		case !list && !write && !show && f.private():
			a.warn("%s: %s", f.path, notShown)
			faulty = true
		case !list && !write && !show:
			_, err = a.stdout.Write(out)
		case result.Differs:
			if write {
				if err := atomicfile.Write(f.path, out, 0o644); err != nil {
					a.warn("%v", err)
					trouble = errLeft
					result.Fault = err.Error()
					break
				}
				result.Written = true
			}
			if list && !asJSON && err == nil {
				_, err = fmt.Fprintln(a.stdout, f.path)
			}
			if show && err == nil {
				if text := diff.Diff(f.path+".orig", f.shown(f.data), f.path, f.shown(out)); len(text) > 0 {
					_, err = a.stdout.Write(text)
				} else {
					a.warn("%s: what differs is a line with what looks like a credential, which is not shown", f.path)
				}
			}
		}
		if err != nil && result.Fault == "" {
			return err
		}
		all = append(all, result)
	}
	if asJSON {
		if err := output.JSON(a.stdout, map[string]any{"files": all}); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	switch {
	case trouble != nil:
		return trouble
	case faulty || differs && (list || show):
		return errFindings
	}
	return nil
}

// errLeft says that some files could not be dealt with; which and why was said.
var errLeft = errors.New("some files were left as they are")

// fmtFile formats a file, without a word.
func fmtFile(f textFile, order []string) formatted {
	result := formatted{File: f.path}
	if root, _ := f.dialect.Parse(f.path, f.data); root != nil && isManifest(root) {
		result.Fault = "it is a manifest, whose bytes are its own"
		return result
	}
	result.out, result.found, result.err = layout.Format(f.path, f.data, order, f.dialect)
	switch {
	case result.err != nil:
		result.Fault = result.err.Error()
	case result.out == nil:
		result.Fault = result.found.Summary()
	default:
		result.Differs = !bytes.Equal(result.out, f.data)
	}
	return result
}

// tellFormat tells why a file was left as it is.
func (a *app) tellFormat(f textFile, result formatted) (err error) {
	switch {
	case result.err != nil:
		a.warn("%v", result.err)
	case len(result.found) > 0 && result.out == nil:
		err = a.writeFound(result.found, func(string) []byte { return f.data })
		a.warn("%s: left as it is: %s", f.path, result.Fault)
	case result.Fault != "":
		a.warn("%s: %s", f.path, result.Fault)
	}
	return err
}

// writeFound writes findings for people to standard error.
func (a *app) writeFound(l diag.List, text func(string) []byte) error {
	if err := diag.WriteText(a.stderr, l, diag.TextOptions{Source: text, Color: a.color(a.stderr)}); err != nil {
		return fmt.Errorf("writing the findings: %w", err)
	}
	return nil
}
