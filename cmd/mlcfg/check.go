package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/compile/recompile"
	"mlcfg/internal/diag"
)

const checkHelp = `Check reports manifests that are not, byte for byte, what their sources compile to
today: which values differ, and which files or overrides changed them. It is silent if
all is well.

A manifest is compiled again for its own backend, with its own overrides, and for its
own engine's release and round where neither the project file nor the command line
names one.

With --all it looks at every manifest of the configuration repository, and reports
overlays without one too; mlcfg compile --all writes what is found.

  mlcfg check --all
  mlcfg check manifests/llama2-70b/offline_mi325x.vllm.yaml
  mlcfg check --all --format json | jq -r '.diagnostics[] | .file'`

func (a *app) checkCommand() *cli.Command {
	return &cli.Command{
		Name:        "check",
		Usage:       "check that manifests match what their sources compile to",
		ArgsUsage:   "MANIFEST... | --all",
		Description: checkHelp,
		Flags: append(configFlags(),
			&cli.BoolFlag{Name: "all", Usage: "check every manifest of the repository"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the findings: " + strings.Join(diag.Formats(), ", ")},
		),
		Action: a.check,
	}
}

func (a *app) check(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), diag.Formats()...); err != nil {
		return err
	}
	files := c.Args().Slice()
	var found diag.List
	var r *recompile.Recompiler
	var err error
	switch all := c.Bool("all"); {
	case all && len(files) > 0:
		return withHint("leave out --all, or the files", "--all and %s name manifests both", files[0])
	case !all && len(files) == 0:
		return withHint("mlcfg check --all", "name a manifest")
	case all:
		var repo *repository
		if repo, err = openRepository(c); err == nil {
			files, found, err = repo.manifests(c)
		}
		if err == nil {
			r, err = recompiler(c, repo)
		}
	default:
		r, err = recompiler(c, nil)
	}
	if err != nil {
		return err
	}
	manifests := len(files) + len(found) // those that are not there, too
	each, err := onEach(files, r.Check)
	if err != nil {
		return err
	}
	for _, l := range each {
		found.Add(l...)
	}
	found.Sort()
	err = diag.Write(a.stdout, c.String("format"), found, diag.Options{
		Text: diag.TextOptions{Color: a.color(a.stdout)}, Tool: "mlcfg", Version: version, Files: files,
	})
	if err != nil {
		return fmt.Errorf("writing the findings: %w", err)
	}
	if len(found) > 0 {
		a.warn("%s in %s", found.Summary(), count(manifests, "manifest"))
		return errFindings
	}
	return nil
}

// recompiler compiles manifests' sources under the flags and the project file.
// repo is nil where only files are named.
func recompiler(c *cli.Context, repo *repository) (*recompile.Recompiler, error) {
	var o recompile.Options
	var err error
	if repo == nil {
		repo = &repository{}
		if repo.Settings, err = settings(c, c.Args().Slice()); err != nil {
			return nil, err
		}
	}
	o.Root, o.Ignore = repo.Root, repo.Ignore
	if o.Project, o.Compile, err = readOptions(c, repo.Settings); err != nil {
		return nil, err
	}
	return recompile.New(o), nil
}

// wanted is a manifest that a repository ought to have.
type wanted struct{ overlay, backend, file string }

// wanted are the manifests of every overlay, for the backends that the command
// line names or else those that the overlay configures.
func (r *repository) wanted(c *cli.Context) ([]wanted, error) {
	backends := slices.DeleteFunc(c.StringSlice("backend"), func(b string) bool { return b == "all" })
	for _, b := range backends {
		if err := oneOf("backend", b, backend.Names()...); err != nil {
			return nil, err
		}
	}
	l, err := loadOverlays(c, r.overlays)
	if err != nil {
		return nil, err
	}
	each, err := onEach(r.overlays, func(overlay string) ([]wanted, error) {
		config, err := l.project.Load(overlay)
		if err != nil {
			return nil, err
		}
		var all []wanted
		names := l.compiler.Configured(config)
		if len(names) == 0 && (len(backends) == 0 || config.Overlay.Root == nil) {
			names = append(slices.Clip(backends), backend.Names()...)[:1] // compiling it says what is wrong
		}
		for _, name := range names {
			all = append(all, wanted{overlay, name, r.ManifestPath(overlay, name)})
		}
		return all, nil
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(each...)
	at := map[string]string{}
	for _, w := range all {
		if other, taken := at[w.file]; taken {
			return nil, withHint("manifests in the project file says where they lie: use {folder}, {overlay} and {backend}", "%s and %s would both be %s", other, w.overlay, w.file)
		}
		at[w.file] = w.overlay
	}
	return all, nil
}
