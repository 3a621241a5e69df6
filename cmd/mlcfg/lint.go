package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

const lintHelp = `Lint reports every error in one or more overlays with file, line and column: unknown
and misspelt keys, wrong types, values out of range, values that must still be set,
and combinations that the engine or the harness refuses. It prints nothing if all is
well.

Without arguments it checks all overlays that the project file, mlcfg.cue, names.
Without --backend, or with --backend all, it checks every backend that an overlay
configures.

  mlcfg lint
  mlcfg lint models/llama2-70b/offline_mi325x.yaml
  mlcfg lint models                                every overlay in the folder
  mlcfg lint --backend sglang models/*/*.yaml
  mlcfg lint --engine-version vllm=0.10.1 models/llama2-70b/offline_mi325x.yaml
  mlcfg lint --format json models/*/*.yaml | jq '.diagnostics[] | .message'
  mlcfg lint --format sarif > findings.sarif       for code scanning
  mlcfg lint --format junit > findings.xml         for a CI server's test report
  mlcfg lint --format github                       annotations of a pull request
  mlcfg lint --map /lab-mlperf-inference=. models/llama2-70b/offline_mi325x.yaml`

func (a *app) lintCommand() *cli.Command {
	return &cli.Command{
		Name:        "lint",
		Usage:       "report every error in overlays",
		ArgsUsage:   "[OVERLAY|DIR...] [KEY=VALUE...]",
		Description: lintHelp,
		Flags: append(configFlags(),
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the findings: " + strings.Join(diag.Formats(), ", ")},
		),
		Action: a.lint,
	}
}

func (a *app) lint(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), diag.Formats()...); err != nil {
		return err
	}
	for _, b := range c.StringSlice("backend") {
		if err := oneOf("backend", b, append(backend.Names(), "all")...); err != nil {
			return err
		}
	}
	l, err := loadAll(c)
	var fault *projectFault
	if errors.As(err, &fault) {
		return a.writeFindings(c.String("format"), fault.found, nil, readText, "in "+fault.file)
	}
	if err != nil {
		return err
	}
	if l.overlays, err = overlaysIn(l.overlays); err != nil {
		return err
	}
	if len(l.overlays) == 0 {
		return fmt.Errorf("there is no overlay in %s", list(c.Args().Slice()))
	}
	each, err := onEach(l.overlays, func(overlay string) (linted, error) {
		out, err := l.check(overlay)
		return linted{out.Found, err}, nil
	})
	if err != nil {
		return err
	}
	var found diag.List
	var unread error // the first of what cannot be read; the findings of the others are told all the same
	var read []string
	for i, one := range each {
		found.Add(one.found...)
		switch {
		case one.err == nil:
			read = append(read, l.overlays[i])
		case unread == nil:
			unread = one.err
		default:
			a.warn("%v", one.err)
		}
	}
	found.Sort()
	err = a.writeFindings(c.String("format"), found, read, l.project.Text, "in "+count(len(read), "overlay"))
	if unread != nil && (err == nil || errors.Is(err, errFindings)) {
		return unread
	}
	return err
}

// linted is what came of one overlay; err says that it could not be read.
type linted struct {
	found diag.List
	err   error
}

// writeFindings writes findings to standard output, and how many there are
// where to standard error; files are what was checked. The error is errFindings
// where one of them is an error.
func (a *app) writeFindings(format string, found diag.List, files []string, text func(string) []byte, where string) error {
	shown := found
	if format == "text" {
		shown = gather(found)
	}
	err := diag.Write(a.stdout, format, shown, diag.Options{
		Text: diag.TextOptions{Source: text, Color: a.color(a.stdout)}, Tool: "mlcfg", Version: version, Files: files,
	})
	if err != nil {
		return fmt.Errorf("writing the findings: %w", err)
	}
	if summary := found.Summary(); summary != "" {
		a.warn("%s %s", summary, where)
	}
	if found.HasErrors() {
		return errFindings
	}
	return nil
}

// sameForAll are the codes of findings that come with every overlay alike, and
// whether the advice, rather than the message, tells them apart.
var sameForAll = map[string]bool{"engine-version-assumed": true, "loadgen-round": true, "user-conf-not-found": false}

// gather makes one finding of those that say the same of different overlays.
func gather(l diag.List) diag.List {
	var out diag.List
	first, more := map[string]int{}, map[int]int{}
	for _, d := range l {
		byHint, same := sameForAll[d.Code]
		id := d.Code + d.Message
		if byHint {
			id = d.Code + d.Hint
		}
		if at, seen := first[id]; same && seen {
			more[at]++
			continue
		}
		first[id] = len(out)
		out.Add(d)
	}
	for at, n := range more {
		out[at].Message += fmt.Sprintf(" (and %s more)", count(n, "overlay"))
	}
	return out
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
