package main

import "github.com/urfave/cli/v2"

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
