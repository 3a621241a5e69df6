package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/check"
	"mlcfg/internal/diag"
)

const lintHelp = `Lint reports every error in overlays, and in any file that starts an engine, with file,
line and column: unknown and misspelt keys and flags, wrong types, values out of range,
values that must still be set, and combinations that the engine or the harness refuses.
It prints nothing if all is well.

Files that start engines are found by what is in them: shell scripts with vllm serve or
sglang.launch_server, and others. Their release is that of the image, of what is installed
or of a comment (# mlcfg: engine=vllm=0.27.1). Where they tell none, an error is what no
release takes, and a warning what the newest does not. A comment names the GPU as well:
# mlcfg: gpu=H100. A finding is switched off by a comment on its line or above it:
# mlcfg: ignore=CODE REASON (ignore-file= for the file).

Without arguments it checks all overlays that the project file, mlcfg.cue, names.
Without --backend, or with --backend all, it checks every backend that an overlay
configures.

  mlcfg lint
  mlcfg lint models/llama2-70b/offline_mi325x.yaml
  mlcfg lint models                                every overlay in the folder
  mlcfg lint .                                     any repository: overlays, scripts
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
		Usage:       "report every error in overlays, and in files that start engines",
		ArgsUsage:   "[FILE|DIR...] [KEY=VALUE...]",
		Description: lintHelp,
		Flags: append(configFlags(),
			&cli.BoolFlag{Name: "strict", Usage: "exit with status 1 on warnings too"},
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
	args := c.Args().Slice()
	if err := misspelt(c, args); err != nil {
		return err
	}
	checker := sync.OnceValues(func() (*check.LaunchChecker, error) { return launchChecker(c, args) })
	overlays, starts, err := eachFile(args, func(s started) (checked, error) {
		lc, err := checker()
		if err != nil {
			return checked{path: s.file.Path}, nil //nolint:nilerr // told below
		}
		return checkStarts(lc, s, c.String("format") == "json"), nil
	})
	if err != nil {
		return err
	}
	if len(args) > 0 && len(overlays) == 0 && len(starts) == 0 {
		return withHint("mlcfg lint knows overlays, and files that start vLLM or SGLang", "there is no overlay in %s, and nothing that starts an engine", list(args))
	}
	out, err := a.lintOverlays(c, overlays, len(starts) > 0)
	var fault *projectFault
	if errors.As(err, &fault) {
		return a.writeFindings(c, fault.found, findingsOf{where: "in " + fault.file, text: readText})
	}
	if err != nil {
		return err
	}
	if len(starts) > 0 {
		s, err := settings(c, args)
		if err != nil {
			return err
		}
		out.silenced = s.Silenced
		if _, err := checker(); err != nil {
			return err
		}
		for _, s := range starts {
			out.found.Add(s.found...)
		}
	}
	return a.writeLint(c, out, starts)
}

// lintedAll is what came of overlays.
type lintedAll struct {
	found diag.List
	read  []string
	text  func(string) []byte
	// silenced are the codes that the project file switches off.
	silenced map[string]string
	// unread is the first of those that cannot be read.
	unread error
}

// lintOverlays checks overlays; of none those of the project, unless others are looked at.
func (a *app) lintOverlays(c *cli.Context, files []overlayFile, others bool) (out lintedAll, err error) {
	overlays, texts := make([]string, len(files)), map[string][]byte{}
	for i, f := range files {
		if overlays[i] = f.path; f.text != nil {
			texts[f.path] = f.text
		}
	}
	out.text = readText
	if len(overlays) == 0 && others {
		return out, nil
	}
	var l *loader
	if len(overlays) == 0 {
		l, err = loadAll(c)
	} else {
		l, err = loadOverlays(c, overlays)
	}
	if err != nil {
		return out, err
	}
	l.project.Keep(texts)
	each, err := onEach(l.overlays, func(overlay string) (linted, error) {
		config, err := l.project.Load(overlay)
		if err != nil {
			return linted{err: err}, nil //nolint:nilerr // told with those of the others
		}
		out := l.compiler.Check(config)
		if out.Err == nil {
			ignored := diag.ReadIgnored(overlay, config.Overlay.Text)
			out.Found = append(ignored.Without(out.Found), ignored.Found...)
		}
		return linted{out.Found, out.Err}, nil
	})
	if err != nil {
		return out, err
	}
	out.text, out.silenced = l.project.Text, l.settings.Silenced
	total := 0
	for _, one := range each {
		total += len(one.found)
	}
	out.found = slices.Grow(out.found, total)
	for i, one := range each { // the findings of the others are told all the same
		out.found.Add(one.found...)
		switch {
		case one.err == nil:
			out.read = append(out.read, l.overlays[i])
		case out.unread == nil:
			out.unread = one.err
		default:
			a.warn("%v", one.err)
		}
	}
	if len(overlays) == 0 {
		for _, f := range l.settings.PassedOver(l.overlays) {
			out.found.Add(diag.Diagnostic{
				Pos: diag.Pos{File: f}, Severity: diag.Warning, Code: "passed-over",
				Message: "no pattern of the project's overlays matches a name that ends in .yml: nothing reads this file",
				Hint:    "rename it to " + strings.TrimSuffix(f, ".yml") + ".yaml",
			})
		}
	}
	return out, nil
}

// writeLint writes what was found in overlays and in files that start engines.
func (a *app) writeLint(c *cli.Context, out lintedAll, starts []checked) error {
	out.found = slices.DeleteFunc(out.found, func(d diag.Diagnostic) bool { return out.silenced[d.Code] != "" })
	out.found.Sort()
	where := count(len(out.read), "overlay")
	read := out.read
	if len(starts) > 0 {
		launches := 0
		for _, s := range starts {
			launches += s.count
			read = append(read, s.path)
		}
		where = count(launches, "launch") + " in " + count(len(starts), "file")
		if len(out.read) > 0 {
			where += " and " + count(len(out.read), "overlay")
		}
	}
	err := a.writeFindings(c, out.found, findingsOf{files: read, text: textOf(starts, out.text), where: "in " + where, starts: starts})
	if out.unread != nil && (err == nil || errors.Is(err, errFindings)) {
		return out.unread
	}
	return err
}

// linted is what came of one overlay; err says that it could not be read.
type linted struct {
	found diag.List
	err   error
}

// findingsOf says what findings are of.
type findingsOf struct {
	// files are what was checked, starts those among them that start engines.
	files  []string
	starts []checked
	text   func(string) []byte
	// where ends the line that says how many findings there are.
	where string
}

// writeFindings writes findings to standard output, and how many there are where to standard
// error. The error is errFindings where one of them is an error, or with --strict a warning.
func (a *app) writeFindings(c *cli.Context, found diag.List, of findingsOf) error {
	format, shown := c.String("format"), found
	if format == "text" {
		shown = gather(found)
	}
	o := diag.Options{Text: diag.TextOptions{Source: of.text, Color: a.color(a.stdout)}, Tool: "mlcfg", Version: version, Files: of.files}
	if len(of.starts) > 0 {
		launches := []launchRecord{}
		for _, s := range of.starts {
			launches = append(launches, s.launches...)
		}
		o.Also = map[string]any{"launches": launches}
	}
	if err := diag.Write(a.stdout, format, shown, o); err != nil {
		return fmt.Errorf("writing the findings: %w", err)
	}
	if summary := found.Summary(); summary != "" {
		a.warn("%s %s", summary, of.where)
	}
	strict := c.Bool("strict") && slices.ContainsFunc(found, func(d diag.Diagnostic) bool { return d.Severity == diag.Warning })
	if found.HasErrors() || strict {
		return errFindings
	}
	return nil
}

// sameForAll are the codes of findings that come with every overlay alike, and
// whether the advice, rather than the message, tells them apart.
var sameForAll = map[string]bool{"engine-version-assumed": true, "loadgen-round": true, "user-conf-not-found": false, "loadgen-benchmark": false, "loadgen-limits": false}

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
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "ch"):
		what += "e"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
