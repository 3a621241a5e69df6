package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit/upgrade"
	"mlcfg/schema"
)

const upgradeHelp = `Upgrade reports what changes for overlays when their engine moves to another release:
removed keys and their replacements, values that the release refuses, new
deprecations, and changed defaults that the overlay relied on. The current release is
that of --engine-version or of the project, or else the one that lint assumes.

Files that start engines (see lint) are taken too: what an image of another release
breaks, line by line.

With --write it makes the safe edits in the overlays and keeps comments and order:
it renames keys that take the same value under a new name, and removes keys that no
longer have an effect. Keys in the base are only reported.

  mlcfg upgrade models/llama2-70b/server_mi325x.yaml --to vllm=0.33.0
  mlcfg upgrade --to vllm=0.33.0 --engine-version vllm=0.9.2 --write models/*/*.yaml
  mlcfg upgrade --to vllm=0.33.0 --write scripts
  mlcfg upgrade --to sglang=0.5.23 --format json overlay.yaml

Exit status: 0 if the release accepts the overlays as they are (now), 1 if not.`

func (a *app) upgradeCommand() *cli.Command {
	return &cli.Command{
		Name:        "upgrade",
		Usage:       "report what another engine release changes for overlays",
		ArgsUsage:   "[FILE|DIR...]",
		Description: upgradeHelp,
		Flags: append(configFlags(),
			&cli.StringSliceFlag{Name: "to", Usage: "`ENGINE=RELEASE` to upgrade to, such as vllm=0.33.0"},
			&cli.BoolFlag{Name: "write", Aliases: []string{"w"}, Usage: "make the safe edits in the overlays"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the report: text or json"},
		),
		Action: a.upgrade,
	}
}

// upgraded is the report on one overlay for one backend, as --format json has it.
type upgraded struct {
	File    string           `json:"file"`
	Backend string           `json:"backend"`
	From    string           `json:"from"`
	To      string           `json:"to"`
	Changes []upgrade.Change `json:"changes"`
	// Done are the keys that --write edited.
	Done []string `json:"done"`

	left int // changes that the release refuses, and were not edited
}

func (a *app) upgrade(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	targets := map[string]string{}
	for _, text := range c.StringSlice("to") {
		engine, spec, ok := strings.Cut(text, "=")
		if !ok {
			return withHint("write --to vllm=0.33.0", "--to %s names no engine", text)
		}
		release, err := schema.Resolve(engine, spec)
		if err != nil {
			return fmt.Errorf("--to %s: %w", text, err)
		}
		targets[engine] = release
	}
	if len(targets) == 0 {
		return withHint("--to vllm=0.33.0", "name the release to go to")
	}
	files, err := sortFiles(c.Args().Slice())
	if err != nil {
		return err
	}
	var all []upgraded
	var errs []error
	keep := func(reports []upgraded, err error) {
		all = append(all, reports...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(files.overlays) > 0 || len(files.starts) == 0 {
		load := func(c *cli.Context) (*loader, error) { return loadOverlays(c, files.overlays) }
		if c.NArg() == 0 {
			load = loadAll
		}
		l, err := load(c)
		if err != nil {
			return err
		}
		for _, overlay := range l.overlays {
			keep(l.upgrade(overlay, targets, c.Bool("write")))
		}
	}
	if len(files.starts) > 0 {
		checker, err := launchChecker(c, c.Args().Slice())
		if err != nil {
			return err
		}
		for _, s := range files.starts {
			keep(upgradeFile(checker, s, targets, c.Bool("write")))
		}
	}
	refused := false
	for _, u := range all {
		refused = refused || u.left > 0
	}
	if c.String("format") == "json" {
		errs = append(errs, output.JSON(a.stdout, map[string]any{"overlays": all}))
	} else {
		errs = append(errs, a.printUpgrades(all))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if refused {
		return errFindings
	}
	return nil
}

func (l *loader) upgrade(overlay string, targets map[string]string, write bool) ([]upgraded, error) {
	f, err := readFile(overlay)
	if err != nil {
		return nil, err
	}
	config, err := l.project.LoadText(overlay, f.data)
	if err != nil {
		return nil, err
	}
	if config.Overlay.Root == nil || config.Base.Root == nil {
		return nil, withHint("mlcfg lint "+overlay, "%s: it has faults that keep it from being read", overlay)
	}
	var reports []upgraded
	text := f.data
	for _, t := range l.compiler.Check(config).Targets {
		to, ok := targets[t.Backend.Engine]
		if !ok {
			continue
		}
		from, err := schema.Load(t.Backend.Engine, t.Release)
		if err != nil {
			return nil, err
		}
		next, err := schema.Load(t.Backend.Engine, to)
		if err != nil {
			return nil, err
		}
		u := upgraded{File: overlay, Backend: t.Backend.Name, From: t.Release, To: to, Changes: upgrade.Compare(config.Tree, t.Backend, from, next), Done: []string{}}
		done := map[string]bool{}
		if write {
			edited, made := upgrade.Edit(overlay, text, config.OmegaConf, u.Changes, isEngineSection)
			if edited != nil && l.noWorse(overlay, config, edited, t.Backend.Name, map[string]string{t.Backend.Engine: to}) {
				text = edited
				for _, c := range made {
					done[c.Key] = true // in the overlay
					u.Done = append(u.Done, c.Key)
				}
			}
		}
		for _, c := range u.Changes {
			if c.Breaks() && !(c.Layer == "overlay" && done[c.Key]) {
				u.left++
			}
		}
		if u.Changes == nil {
			u.Changes = []upgrade.Change{}
		}
		reports = append(reports, u)
	}
	if string(text) != string(f.data) {
		if err := atomicfile.Write(overlay, text, 0o644); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

// noWorse reports whether an edited overlay has no error at the new release that
// it did not have before the edit.
func (l *loader) noWorse(overlay string, before *config.Config, edited []byte, backend string, releases map[string]string) bool {
	after, err := l.project.LoadText(overlay, edited)
	if err != nil {
		return false
	}
	check := compile.New(compile.Options{Backends: []string{backend}, Releases: releases})
	had := map[string]bool{}
	for _, d := range check.Check(before).Found {
		had[d.Code+d.Key] = true
	}
	for _, d := range check.Check(after).Found {
		if d.Severity == diag.Error && !had[d.Code+d.Key] {
			return false
		}
	}
	return true
}

func (a *app) printUpgrades(all []upgraded) error {
	var b strings.Builder
	for _, u := range all {
		fmt.Fprintf(&b, "%s: %s %s -> %s: %s\n", diag.Clean(u.File), u.Backend, u.From, u.To, count(len(u.Changes), "change"))
		done := map[string]bool{}
		for _, key := range u.Done {
			done[key] = true
		}
		for _, c := range u.Changes {
			where := ""
			if c.Line > 0 {
				where = fmt.Sprintf(" (%s:%d)", c.File, c.Line)
			}
			fmt.Fprintf(&b, "  %-11s %s%s: %s", c.Kind, diag.Clean(c.Key), diag.Clean(where), diag.Clean(c.Message))
			switch {
			case done[c.Key] && (c.Layer == "overlay" || c.Layer == upgrade.LaunchLayer):
				b.WriteString(" [edited]")
			case (c.Layer == "overlay" || c.Layer == upgrade.LaunchLayer) && (c.Rename != "" || c.Drop):
				b.WriteString(" [--write edits it]")
			}
			b.WriteByte('\n')
		}
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
