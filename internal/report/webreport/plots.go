package webreport

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/report"
	"mlcfg/internal/report/compare"
)

// WritePlots writes each chart of the page as an SVG file into a folder, which
// is made where it is not there, and returns their names. With several runs the
// charts of each begin with its place in the list, from 1.
func WritePlots(dir string, sheets []*report.Sheet) ([]string, error) {
	all, err := plots(sheets)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the plots: %w", err)
	}
	var names []string
	for _, f := range all {
		if err := atomicfile.Write(filepath.Join(dir, f.name), f.chart.File(), 0o644); err != nil {
			return nil, fmt.Errorf("writing the plot %s: %w", f.name, err)
		}
		names = append(names, f.name)
	}
	return names, nil
}

// plots are all charts, under the names of their files.
func plots(sheets []*report.Sheet) ([]figure, error) {
	var all []figure
	for i, s := range sheets {
		var own []figure
		for _, row := range distributionFigures(s) {
			own = append(own, row...)
		}
		own = append(own, timeFigures(s, "")...)
		for _, f := range own {
			if len(sheets) > 1 {
				f.name = fmt.Sprintf("run%d-%s", i+1, f.name)
				f.chart.Title = fmt.Sprintf("%s: %s", s.Name, f.chart.Title)
			}
			all = append(all, f)
		}
	}
	if len(sheets) > 1 {
		c, err := compare.Runs(sheets)
		if err != nil {
			return nil, err
		}
		shared, rows := comparisonFigures(c, sheets)
		for _, f := range shared {
			f.name = "compared-" + f.name
			all = append(all, f)
		}
		all = append(all, rows...)
	}
	for i := range all {
		all[i].name = fileName(all[i].name) + ".svg"
	}
	return all, nil
}

// fileName takes the names of figures, which are ours.
func fileName(name string) string {
	return strings.NewReplacer(" ", "-", "/", "-per-").Replace(strings.ToLower(name))
}
