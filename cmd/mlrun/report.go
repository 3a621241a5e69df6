package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/report"
)

const reportHelp = `Prints the summary of run directories, made from their records. A run that was
killed is reported with what it had written, as INVALID.

  mlrun report runs/first
  mlrun report --format json runs/first

Exit status: 0 every run is VALID, 1 one is INVALID, 2 one cannot be read.`

func (a *app) reportCommand() *cli.Command {
	var format string
	return &cli.Command{
		Name: "report", Usage: "print what a run directory holds", ArgsUsage: "DIR...", Description: reportHelp,
		Flags: []cli.Flag{&cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &format}},
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun report DIR", "report takes at least one run directory")
			}
			var errs []error
			invalid := false
			for i, dir := range c.Args().Slice() {
				loaded, err := report.Load(dir)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				sum, err := report.Summarize(loaded)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				invalid = invalid || !sum.Valid
				if i > 0 && format == "text" {
					fmt.Fprintln(a.stdout)
				}
				if err := a.printSummary(sum, format); err != nil {
					return err
				}
			}
			if err := errors.Join(errs...); err != nil {
				return err
			}
			if invalid {
				return errFindings
			}
			return nil
		},
	}
}
