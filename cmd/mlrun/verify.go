package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/report"
)

const verifyHelp = `Checks that run directories are complete: that each belongs to its manifest, that its
records are the samples that LoadGen issues for it, each at its time, and that its
summary and verdict follow from the records. Prints what does not hold, and nothing
if all is well.

  mlrun verify runs/first
  mlrun verify --manifest manifest.yaml runs/first   also that it is a run of this manifest

Exit status: 0 if every directory is consistent, 1 if one is not, 2 if one cannot be read.`

func (a *app) verifyCommand() *cli.Command {
	var path, format string
	return &cli.Command{
		Name: "verify", Usage: "check that a run directory is complete and consistent with its records", ArgsUsage: "DIR...", Description: verifyHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "manifest", Usage: "also check that the directories belong to the manifest in `FILE`", Destination: &path},
			&cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &format},
		},
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun verify DIR", "verify takes at least one run directory")
			}
			var m *manifest.Manifest
			if path != "" {
				var err error
				if m, err = manifest.ReadFile(path, a.stdin); err != nil {
					return err
				}
			}
			keepSmall()
			type result struct {
				Dir      string   `json:"dir"`
				Problems []string `json:"problems"`
			}
			results := []result{}
			var errs []error
			bad := false
			for _, dir := range c.Args().Slice() {
				found, err := report.Verify(dir, m)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				bad = bad || len(found) > 0
				results = append(results, result{dir, append([]string{}, found...)})
				if format == "text" {
					for _, problem := range found {
						fmt.Fprintf(a.stdout, "%s: %s\n", diag.Escape(dir), diag.Escape(problem))
					}
				}
			}
			if format == "json" {
				if err := a.printJSON(results); err != nil {
					return err
				}
			}
			switch {
			case len(errs) > 0:
				return errors.Join(errs...)
			case bad:
				return errFindings
			}
			return nil
		},
	}
}
