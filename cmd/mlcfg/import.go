package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit"
	"mlcfg/internal/explain"
	"mlcfg/internal/launch"
)

const importHelp = `Import makes an overlay of a file that starts an engine (see lint): its arguments and
variables, with MISSING for what the file does not tell. Compiled, it gives the same
command line as a set of flags and values. FILE:LINE is one of several launches.

It prints the overlay, or writes it with -o; a base is written beside, config.yaml in
the folder of models, where none is above. What an overlay does not take is
listed on standard error. It never overwrites.

  mlcfg import serve.sh
  mlcfg import serve.sh:12 -o lab/models/llama/offline_mi325x.yaml
  mlcfg import --engine-version vllm=0.27.1 serve.sh`

func (a *app) importCommand() *cli.Command {
	return &cli.Command{
		Name:        "import",
		Usage:       "make an overlay of a script or recipe that starts an engine",
		ArgsUsage:   "FILE[:LINE]",
		Description: importHelp,
		Flags: append(configFlags(),
			&cli.StringFlag{Name: "benchmark", Usage: "`NAME` of the overlay's benchmark (default: the model's)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write"},
		),
		Action: a.importFile,
	}
}

func (a *app) importFile(c *cli.Context) error {
	if c.NArg() != 1 {
		return withHint("mlcfg import serve.sh", "name the one file to import")
	}
	arg := c.Args().First()
	f, launches, which := launch.Open(arg)
	if len(launches) == 0 {
		if _, err := os.Stat(arg); err != nil && f == nil {
			var p *os.PathError
			if errors.As(err, &p) {
				err = p.Err
			}
			return fmt.Errorf("reading %s: %w", arg, err)
		}
		return withHint("mlcfg lint knows files that start vLLM or SGLang", "%s starts no engine", arg)
	}
	checker, err := launchChecker(c, []string{f.Path})
	if err != nil {
		return err
	}
	chosen, err := explain.Select(launches, which)
	if err != nil {
		return err
	}
	r, err := checker.Resolve(chosen)
	if err != nil {
		return err
	}
	benchmark := c.String("benchmark")
	if benchmark == "" {
		benchmark = edit.BenchmarkOf(r)
	} else if !plainName.MatchString(benchmark) {
		return withHint("letters, digits, dots and hyphens make a name", "--benchmark %q is no name", benchmark)
	}
	path := c.String("output")
	made := edit.Import(r, benchmark, path)
	for _, left := range made.Left {
		a.warn("left out: %s", diag.Clean(left))
	}
	if path == "" || path == "-" {
		if _, err := a.stdout.Write(made.Text); err != nil {
			return fmt.Errorf("writing the overlay: %w", err)
		}
		return nil
	}
	if err := a.writeImported(path, made.Text); err != nil {
		return err
	}
	a.warn("next: mlcfg lint --engine-version %s=%s %s", r.Launch.Backend.Engine, r.Values.Schema.Version(), path)
	return nil
}

// writeImported writes an overlay, and a base where there is none above.
func (a *app) writeImported(path string, text []byte) error {
	if err := a.newFile(path); err != nil {
		return err
	}
	if _, err := config.FindBase(path); errors.Is(err, config.ErrNoBase) {
		base := filepath.Join(filepath.Dir(path), "config.yaml")
		if dir := filepath.Dir(filepath.Dir(path)); filepath.Base(dir) == "models" {
			base = filepath.Join(filepath.Dir(dir), "config.yaml")
		}
		if err := atomicfile.Write(base, []byte(edit.ImportBase), 0o644); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.stdout, diag.Clean(base)); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	if err := atomicfile.Write(path, text, 0o644); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.stdout, diag.Clean(path)); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}
