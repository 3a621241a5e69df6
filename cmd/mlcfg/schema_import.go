package main

import (
	"io"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/schema/importer"
)

const schemaImportHelp = `Import reads what a release of an engine defines out of its Python package, as
text, and writes one CUE schema to standard output. Nothing of the package is
imported or run; it needs python3 with its standard library alone. The same
package gives the same bytes.

The package comes from the package index (PIP_INDEX_URL, else PyPI) and is kept
in the user's cache. --from-python takes a local one: a wheel, a source archive,
a folder (site-packages, a source tree), or the python of an environment that
has the engine installed. Name a fork by a local label: vllm==0.9.2+site.

  mlcfg schema import vllm==0.10.1 > vllm-0.10.1.cue
  mlcfg schema import sglang==0.5.9 --output sglang-0.5.9.cue
  mlcfg schema import vllm==0.9.2+site --from-python /opt/venv/bin/python
  mlcfg schema import vllm==0.34.0 --into schema     add it to this repository's`

func (a *app) schemaImportCommand() *cli.Command {
	return &cli.Command{
		Name:        "import",
		Usage:       "import a release's definitions from its package",
		ArgsUsage:   "ENGINE==RELEASE",
		Description: schemaImportHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from-python", Usage: "read the package at `PATH` instead of the index"},
			&cli.StringFlag{Name: "output", Usage: "write to `FILE` instead of standard output"},
			&cli.StringFlag{Name: "into", Usage: "add the release to the schemas in `DIR`, which store unchanged definitions once"},
			&cli.StringFlag{Name: "cache", Usage: "keep downloads in `DIR`"},
		},
		Action: a.schemaImport,
	}
}

func (a *app) schemaImport(c *cli.Context) error {
	if c.NArg() != 1 {
		return withHint("mlcfg schema import vllm==0.10.1", "want one release to import")
	}
	if c.String("into") != "" && c.String("output") != "" {
		return withHint("--into writes many files, --output one", "--into and --output exclude each other")
	}
	spec, err := importer.ParseSpec(c.Args().First())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	im := importer.Importer{Cache: c.String("cache"), Progress: a.warn}
	var record *importer.Record
	if path := c.String("from-python"); path != "" {
		record, err = im.Path(ctx, spec, path)
	} else {
		record, err = im.Release(ctx, spec)
	}
	if err != nil {
		return err
	}
	for _, note := range record.Notes {
		a.warn("%s: %s", spec, note)
	}
	dir := c.String("into")
	store := importer.NewStore(spec.Engine)
	if dir != "" {
		if store, err = importer.Open(dir, spec.Engine); err != nil {
			return err
		}
	}
	if err := store.Add(record); err != nil {
		return err
	}
	switch {
	case dir != "":
		return store.Write(dir)
	case c.String("output") != "":
		return atomicfile.Write(c.String("output"), []byte(store.Text()), 0o644)
	}
	_, err = io.WriteString(a.stdout, store.Text())
	return err
}
