package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/compile/sweep"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/plainfile"
)

const sweepHelp = `Sweep compiles an overlay once for each point of a grid or a list of overrides, and
writes the manifests into one folder with an index, sweep.json, that mlrun sweep
executes. The same input gives the same names and bytes.

  mlcfg sweep models/llama2-70b/server_mi325x.yaml --backend vllm \
      --grid vllm_engine_config.max_num_seqs=256,512,1024 \
      --grid harness_config.target_qps=4,5,6 -o sweeps/batch/
  mlcfg sweep server_mi325x.yaml -b vllm --points trials.txt -o sweeps/trials/
  mlcfg sweep server_mi325x.yaml -b vllm --grid vllm_engine_config.block_size=8,16 test_mode=performance -o sweeps/blocks/
  mlrun sweep sweeps/batch/ --out runs/batch

Every --grid is an axis, and each combination of their values a point, the last axis
first. --points names a list instead: a point a line, its overrides KEY=VALUE between
spaces. Other overrides hold for all points.

If a point does not compile, its findings are shown and nothing is written; with
--skip-invalid such points are left out, and the index says why. Two points that mean
the same run are refused. Exit status: 0 if the sweep is written, 1 if a point has
errors, 2 if it could not be made.`

// longestPoints bounds a list of points, in bytes.
const longestPoints = 16 << 20

func (a *app) sweepCommand() *cli.Command {
	return &cli.Command{
		Name: "sweep", Usage: "write a manifest for each point of a grid", ArgsUsage: "OVERLAY --backend BACKEND --grid KEY=VALUE,VALUE... -o DIR [KEY=VALUE...]",
		Description: sweepHelp,
		Flags: append(configFlags(),
			&cli.StringSliceFlag{Name: "grid", Usage: "an axis of the grid: `KEY=VALUE,VALUE`; once for each"},
			&cli.StringFlag{Name: "points", Usage: "points from `FILE`, one a line, or - for standard input"},
			&cli.BoolFlag{Name: "skip-invalid", Usage: "leave out points that do not compile"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to the new folder `DIR`"},
		),
		Action: a.sweep,
	}
}

func (a *app) sweep(c *cli.Context) error {
	l, err := load(c)
	if err != nil {
		return err
	}
	if len(l.overlays) != 1 {
		return withHint("sweep each by itself", "a sweep is of one overlay, not %d", len(l.overlays))
	}
	backend, err := a.oneBackend(c, l)
	if err != nil {
		return err
	}
	dir := c.String("output")
	if dir == "" {
		return withHint("name a new folder with -o DIR", "a sweep is a folder of manifests")
	}
	points, err := a.points(c)
	if err != nil {
		return err
	}
	files, _, err := readOptions(c, l.settings)
	if err != nil {
		return err
	}
	each, err := onEach(points, func(overrides []string) (point, error) { return l.point(files, overrides) })
	if err != nil {
		return err
	}
	index := &manifest.Sweep{Overlay: filepath.ToSlash(l.overlays[0]), Backend: backend}
	said := map[string]bool{}
	meant := map[string]string{}
	failed := 0
	for i, name := range sweep.Names(points) {
		p := &each[i]
		var fresh diag.List // what all points have in common is said once
		for _, d := range p.found {
			if text := fmt.Sprint(d); !said[text] {
				said[text] = true
				fresh = append(fresh, d)
			}
		}
		if err := a.writeText(fresh, p.project, false); err != nil {
			return fmt.Errorf("writing the findings: %w", err)
		}
		if p.manifest == nil {
			failed++
			a.warn("%s: no manifest: %s", strings.Join(points[i], " "), p.found.Summary())
			index.Skipped = append(index.Skipped, manifest.SkippedPoint{Overrides: points[i], Reasons: p.reasons()})
			continue
		}
		if other, taken := meant[p.manifest.Meaning]; taken {
			return fmt.Errorf("%s and %s mean the same run", other, name)
		}
		meant[p.manifest.Meaning] = name
		index.Points = append(index.Points, manifest.SweepPoint{Name: name, File: name + ".yaml", Digest: p.manifest.Digest, Overrides: points[i]})
	}
	if failed > 0 && (!c.Bool("skip-invalid") || len(index.Points) == 0) {
		a.warn("%d of %d points do not compile: nothing is written", failed, len(points))
		return errFindings
	}
	return a.writeSweep(dir, index, each)
}

// points are the command line's, as overrides.
func (a *app) points(c *cli.Context) ([][]string, error) {
	file := c.String("points")
	if (file == "") == (len(c.StringSlice("grid")) == 0) {
		return nil, withHint("--grid vllm_engine_config.max_num_seqs=256,512, or --points FILE", "a sweep is of a grid or of a list of points, one of the two")
	}
	if file == "" {
		var axes []sweep.Axis
		for _, text := range c.StringSlice("grid") {
			axis, err := sweep.ParseAxis(text)
			if err != nil {
				return nil, fmt.Errorf("--grid: %w", err)
			}
			axes = append(axes, axis)
		}
		points, err := sweep.Grid(axes)
		if err != nil {
			return nil, fmt.Errorf("--grid: %w", err)
		}
		return points, nil
	}
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(a.stdin, longestPoints))
	} else {
		text, err = plainfile.Read(context.Background(), file, longestPoints)
	}
	if err != nil {
		return nil, fmt.Errorf("--points: %w", err)
	}
	points, err := sweep.ParsePoints(string(text))
	if err != nil {
		return nil, fmt.Errorf("--points %s: %w", file, err)
	}
	return points, nil
}

// point is what became of one point.
type point struct {
	project  *config.Project // which has the texts of the findings' places
	found    diag.List
	manifest *manifest.Manifest // nil where it has errors
	text     []byte
}

func (p *point) reasons() (all []string) {
	for _, d := range p.found {
		if d.Severity == diag.Error {
			all = append(all, d.Message)
		}
	}
	return all
}

// point compiles the overlay with a point's overrides over those of all.
func (l *loader) point(files config.Options, overrides []string) (point, error) {
	files.Overrides = append(slices.Clone(files.Overrides), overrides...)
	of := *l
	of.project = config.New(files)
	out, err := of.check(l.overlays[0])
	p := point{project: of.project, found: out.Found}
	if err != nil || out.Found.HasErrors() {
		return p, err
	}
	m := out.Targets[0].Manifest
	if p.text, err = m.YAML(); err != nil {
		return p, fmt.Errorf("compiling %s: %w", strings.Join(overrides, " "), err)
	}
	p.manifest = m
	return p, nil
}

// writeSweep writes the manifests and, last, the index. A folder that has the same sweep is left as
// it is, any other that is there is refused.
func (a *app) writeSweep(dir string, index *manifest.Sweep, each []point) error {
	text, err := index.JSON()
	if err != nil {
		return err
	}
	at := filepath.Join(dir, manifest.SweepFile)
	if have, err := plainfile.Read(context.Background(), at, manifest.MaxSize); err == nil && bytes.Equal(have, text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return fmt.Errorf("making the sweep's folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, os.ErrExist) {
		return withHint("name a new folder with -o DIR", "%s is there already", dir)
	} else if err != nil {
		return fmt.Errorf("making the sweep's folder: %w", err)
	}
	var batch atomicfile.Batch
	next := 0
	for i := range each {
		if each[i].manifest == nil {
			continue
		}
		if err := batch.Write(filepath.Join(dir, index.Points[next].File), each[i].text, 0o644); err != nil {
			return err
		}
		next++
	}
	if err := batch.Sync(); err != nil {
		return err
	}
	if err := atomicfile.Write(at, text, 0o644); err != nil {
		return err
	}
	a.warn("%s: %s", dir, count(next, "manifest"))
	return nil
}
