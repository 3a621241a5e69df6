package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/backend"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/explain/diff"
)

const diffHelp = `Diff compares configurations after resolving, not as text: each difference with the
layer and line that caused it, grouped by what it affects, and the ratio of numbers.

It takes overlays, manifests, files that start engines (see lint; FILE:LINE or
FILE:prefill for one of several), folders of them (pairs by name, a manifest with its
overlay too), "-" for a manifest on standard input, and any of these at a git
revision, REV:PATH, where the base is that revision's too. More than two make a
table; so does --matrix MODEL SCENARIO, of the machines that have an overlay for it.

  mlcfg diff models/llama2-70b/server_mi300x.yaml models/llama2-70b/server_mi325x.yaml
  mlcfg diff HEAD~3:models/llama2-70b/server_mi325x.yaml models/llama2-70b/server_mi325x.yaml
  mlcfg diff manifests/llama2-70b/server_mi325x.vllm.yaml models/llama2-70b/server_mi325x.yaml
  mlcfg diff serve.sh manifests/llama2-70b/server_mi325x.vllm.yaml
  mlcfg diff manifests models
  mlcfg diff main:models models --ignore '*.output_log_dir'
  mlcfg diff --matrix llama2-70b server --backend vllm
  mlcfg diff --matrix llama2-70b server --format html -o machines.html

Exit status: 0 equal, 1 different, 2 trouble.`

func (a *app) diffCommand() *cli.Command {
	return &cli.Command{
		Name:        "diff",
		Usage:       "compare overlays, manifests and revisions after resolving",
		ArgsUsage:   "A B... | --matrix MODEL SCENARIO",
		Description: diffHelp,
		Flags: append(configFlags(),
			&cli.StringSliceFlag{Name: "ignore", Aliases: []string{"i"}, Usage: "`PATTERN` of keys to ignore, such as loadgen or '*.output_log_dir'"},
			&cli.BoolFlag{Name: "matrix", Usage: "show a table of the machines for a model and a scenario"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text, markdown, json or html"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write"},
		),
		Action: a.diff,
	}
}

func (a *app) diff(c *cli.Context) (err error) {
	if err := oneOf("format", c.String("format"), "text", "markdown", "json", "html"); err != nil {
		return err
	}
	args := c.Args().Slice()
	if c.Bool("matrix") {
		if args, err = machines(c, args); err != nil {
			return err
		}
	}
	if len(args) < 2 {
		return withHint("mlcfg diff A B; REV:PATH is a file at a git revision", "diff compares two or more, %d given", len(args))
	}
	r := &diff.Reader{Stdin: a.stdin}
	s, err := settings(c, slices.DeleteFunc(slices.Clone(args), missing))
	if err != nil {
		return err
	}
	if r.Project, r.Compile, err = readOptions(c, s); err != nil {
		return err
	}
	if r.Launches, err = launchChecker(c, slices.DeleteFunc(slices.Clone(args), missing)); err != nil {
		return err
	}
	for _, b := range r.Compile.Backends {
		if err := oneOf("backend", b, backend.Names()...); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	reports, only, err := compareAll(c, r, args, append(s.Ignore, c.StringSlice("ignore")...))
	var unresolved *diff.Unresolved
	if errors.As(err, &unresolved) {
		if err := diag.WriteText(a.stderr, unresolved.Found, diag.TextOptions{Color: a.color(a.stderr)}); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	for _, f := range r.Faulty() {
		a.warn("%s has %s; it is compared as it stands", f.Name, f.Found.Summary())
	}
	var out bytes.Buffer
	switch c.String("format") {
	case "markdown":
		err = diff.WriteMarkdown(&out, reports, only)
	case "json":
		err = diff.WriteJSON(&out, reports, only)
	case "html":
		err = diff.WriteHTML(&out, reports, only)
	default:
		err = diff.WriteText(&out, reports, only, diff.TextOptions{Color: c.String("output") == "" && a.color(a.stdout)})
	}
	if err == nil && c.String("output") != "" && c.String("output") != "-" {
		err = atomicfile.Write(c.String("output"), out.Bytes(), 0o644)
	} else if err == nil {
		_, err = out.WriteTo(a.stdout)
	}
	if err != nil {
		return fmt.Errorf("writing the differences: %w", err)
	}
	if len(only) > 0 || slices.ContainsFunc(reports, (*diff.Report).Differs) {
		return errFindings
	}
	return nil
}

// missing reports whether an operand is no file of today: a revision's.
func missing(arg string) bool {
	_, err := os.Stat(arg)
	return err != nil
}

// compareAll opens what the operands name and compares it.
func compareAll(c *cli.Context, r *diff.Reader, args, ignore []string) ([]*diff.Report, []diff.Only, error) {
	inputs := make([]*diff.Input, len(args))
	folders := 0
	for i, arg := range args {
		var err error
		if inputs[i], err = r.Open(c.Context, arg); err != nil {
			return nil, nil, err
		}
		if inputs[i].IsDir {
			folders++
		}
	}
	options := diff.Options{Ignore: ignore, Table: c.Bool("matrix")}
	switch {
	case folders == 0:
		report, err := r.Compare(inputs, options)
		return []*diff.Report{report}, nil, err
	case folders < len(inputs):
		return nil, nil, withHint("compare files with files, or folders with folders", "%s", mixed(inputs))
	}
	matches, only, err := diff.Pairs(inputs)
	if err != nil {
		return nil, nil, err
	}
	if len(matches)+len(only) == 0 {
		return nil, nil, fmt.Errorf("there is no configuration file in %s", args[0])
	}
	reports, err := onEach(matches, func(m diff.Match) (*diff.Report, error) { return r.ComparePair(inputs, m, options) })
	return reports, only, err
}

func mixed(inputs []*diff.Input) string {
	var folder, file string
	for _, in := range inputs {
		if in.IsDir {
			folder = in.Name
		} else {
			file = in.Name
		}
	}
	return fmt.Sprintf("%s is a folder, %s is a file", folder, file)
}

// machines are the overlays of a model and scenario, one a machine.
func machines(c *cli.Context, args []string) ([]string, error) {
	if len(args) != 2 {
		return nil, withHint("mlcfg diff --matrix llama2-70b server", "--matrix takes a model and a scenario")
	}
	r, err := openRepository(c)
	if err != nil {
		return nil, err
	}
	var found, names []string
	for _, path := range r.overlays {
		model := filepath.Base(filepath.Dir(path))
		scenario, machine := config.UseCase(path)
		if model == args[0] && scenario == args[1] && machine != "" {
			found = append(found, path)
		}
		names = append(names, model+" "+scenario)
	}
	if len(found) < 2 {
		return nil, withHint("overlays here are for "+list(names), "%s of %s %s: a table needs two", count(len(found), "overlay"), args[0], args[1])
	}
	return found, nil
}
