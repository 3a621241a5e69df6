package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/report"
)

const reportHelp = `Makes a report of run directories from their records alone, at any time. A run
that was killed is reported with what it had written, as INVALID.

  mlrun report runs/first
  mlrun report --format json runs/first
  mlrun report --format html -o report.html runs/first          one page that works offline
  mlrun report --format html -o compared.html runs/a runs/b     and what differs between runs

Exit status: 0 every run is VALID, 1 one is INVALID, 2 one cannot be read.`

func (a *app) reportCommand() *cli.Command {
	var format, out string
	return &cli.Command{
		Name: "report", Usage: "print what run directories hold", ArgsUsage: "DIR...", Description: reportHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Usage: "text, markdown, json or html", Value: "text", Destination: &format},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write into `FILE` in place of standard output", Destination: &out},
		},
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "markdown", "json", "html"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun report DIR", "report takes at least one run directory")
			}
			var runs []*report.Run
			var sums []*report.Summary
			var errs []error
			valid := true
			for _, dir := range c.Args().Slice() {
				loaded, sum, err := load(dir)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				valid = valid && sum.Valid
				runs, sums = append(runs, loaded), append(sums, sum)
			}
			var text bytes.Buffer
			if len(runs) > 0 {
				errs = append(errs, writeReport(&text, format, runs, sums))
			}
			if out != "" && text.Len() > 0 {
				errs = append(errs, atomicfile.Write(out, text.Bytes(), 0o644))
			} else {
				_, err := a.stdout.Write(text.Bytes())
				errs = append(errs, err)
			}
			if err := errors.Join(errs...); err != nil {
				return err
			}
			if !valid {
				return errFindings
			}
			return nil
		},
	}
}

func load(dir string) (*report.Run, *report.Summary, error) {
	loaded, err := report.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	sum, err := report.Summarize(loaded)
	return loaded, sum, err
}

// writeReport writes all runs in one format. JSON is a list for several runs.
func writeReport(w io.Writer, format string, runs []*report.Run, sums []*report.Summary) error {
	switch {
	case format == "html":
		return report.WriteHTML(w, runs)
	case format == "json" && len(sums) == 1:
		return writeJSON(w, sums[0])
	case format == "json":
		return writeJSON(w, sums)
	}
	for i, sum := range sums {
		if i > 0 {
			fmt.Fprintln(w)
		}
		write := report.WriteText
		if format == "markdown" {
			write = report.WriteMarkdown
		}
		if err := write(w, sum); err != nil {
			return err
		}
	}
	return nil
}
