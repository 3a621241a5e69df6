package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
	"mlcfg/internal/report/compare"
	"mlcfg/internal/report/webreport"
)

const reportHelp = `Makes a report of run directories from their records alone, at any time. A run
that was killed is reported as INVALID, with what it had written. Several runs are
compared: which settings and figures differ, and how confident that is; runs of one
manifest count as repetitions of one measurement.

  mlrun report runs/first
  mlrun report --format json runs/first
  mlrun report --format html -o report.html runs/first          one self-contained page
  mlrun report --format html -o compared.html runs/a* runs/b*   with a comparison
  mlrun report --plots plots runs/first                         each chart as an SVG file

Exit status: 0 if every run is VALID, 1 if one is INVALID, 2 if one cannot be read.`

func (a *app) reportCommand() *cli.Command {
	var format, out, plots string
	return &cli.Command{
		Name: "report", Usage: "report on run directories", ArgsUsage: "DIR...", Description: reportHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Usage: "text, markdown, json or html", Value: "text", Destination: &format},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output", Destination: &out},
			&cli.StringFlag{Name: "plots", Usage: "also write each chart as an SVG file to `DIR`", Destination: &plots},
		},
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "markdown", "json", "html"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return withHint("mlrun report DIR", "report takes at least one run directory")
			}
			sheets, errs := loadSheets(c.Args().Slice())
			if len(sheets) > 0 {
				errs = append(errs, a.writeReport(format, out, plots, sheets))
			}
			if err := errors.Join(errs...); err != nil {
				return err
			}
			for _, s := range sheets {
				if !s.Valid {
					return errFindings
				}
			}
			return nil
		},
	}
}

// loadSheets reduces the runs one after another, so that the records of one
// alone are in memory. A directory that is named twice is an error.
func loadSheets(dirs []string) (sheets []*report.Sheet, errs []error) {
	keepSmall()
	var seen []os.FileInfo
	for _, dir := range dirs {
		loaded, err := report.Load(dir)
		if errors.Is(err, record.ErrNotFolder) {
			err = withHint("a manifest is run first: mlrun run "+dir+" makes a run directory", "%w", err)
		}
		if info, statErr := os.Stat(dir); statErr == nil && err == nil {
			if slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(other, info) }) {
				err = fmt.Errorf("the run %s is named twice", dir)
			}
			seen = append(seen, info)
		}
		var sheet *report.Sheet
		if err == nil {
			sheet, err = report.NewSheet(loaded)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sheets = append(sheets, sheet)
	}
	return sheets, errs
}

// keepSmall has the heap grow by a fifth alone before it is collected: it is the records
// of a run and little else, and twice that would be much. GOGC overrides it.
func keepSmall() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(20)
	}
}

func (a *app) writeReport(format, out, plots string, sheets []*report.Sheet) error {
	var text bytes.Buffer
	if err := formatReport(&text, format, sheets); err != nil {
		return err
	}
	if plots != "" {
		if _, err := webreport.WritePlots(plots, sheets); err != nil {
			return err
		}
	}
	if out != "" {
		return atomicfile.Write(out, text.Bytes(), 0o644)
	}
	_, err := a.stdout.Write(text.Bytes())
	return err
}

// comparedRuns is the JSON form of several runs.
type comparedRuns struct {
	Simulated  bool                `json:"simulated"`
	Runs       []*report.Sheet     `json:"runs"`
	Comparison *compare.Comparison `json:"comparison"`
}

func formatReport(w io.Writer, format string, sheets []*report.Sheet) error {
	if format == "html" {
		return webreport.Write(w, sheets)
	}
	var c *compare.Comparison
	if len(sheets) > 1 {
		var err error
		if c, err = compare.Runs(sheets); err != nil {
			return err
		}
	}
	switch {
	case format == "json" && c != nil:
		return output.JSON(w, comparedRuns{c.Simulated, sheets, c})
	case format == "json":
		return output.JSON(w, sheets[0])
	}
	writeSheet, writeComparison := report.WriteSheetText, compare.WriteText
	if format == "markdown" {
		writeSheet, writeComparison = report.WriteSheetMarkdown, compare.WriteMarkdown
	}
	for i, s := range sheets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := writeSheet(w, s); err != nil {
			return err
		}
	}
	if c == nil {
		return nil
	}
	fmt.Fprintln(w)
	return writeComparison(w, c)
}
