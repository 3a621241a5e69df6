package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/schema"
)

const schemaExportHelp = `Export writes a JSON Schema for overlays to standard output, for editors. It refuses
the names, types, ranges and words that lint refuses for a single key; it has no rules
over several keys, and JSON Schema accepts 3.0 as an integer.

Without --engine-version it covers the newest releases.

  mlcfg schema export > overlay.schema.json
  mlcfg schema export --engine-version vllm=0.9.2 --engine-version sglang=0.4.9
  mlcfg schema export --output .vscode/overlay.schema.json`

func (a *app) schemaExportCommand() *cli.Command {
	return &cli.Command{
		Name:        "export",
		Usage:       "write a JSON Schema of overlays, for editors",
		Description: schemaExportHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "json-schema", Usage: "`FORMAT`: json-schema"},
			&cli.StringSliceFlag{Name: "engine-version", Usage: "`ENGINE=RELEASE` to export, such as vllm=0.9.2"},
			&cli.StringFlag{Name: "output", Usage: "write to `FILE` instead of standard output"},
		},
		Action: a.schemaExport,
	}
}

func (a *app) schemaExport(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "json-schema"); err != nil {
		return err
	}
	if c.NArg() > 0 {
		return withHint("mlcfg schema export > overlay.schema.json", "export takes no operands")
	}
	releases := map[string]string{}
	for _, engine := range schema.Engines() {
		all := schema.Releases(engine)
		releases[engine] = all[len(all)-1]
	}
	for _, text := range c.StringSlice("engine-version") {
		engine, release, _ := strings.Cut(text, "=")
		if _, known := releases[engine]; !known {
			return unknownEngine(engine)
		}
		resolved, err := schema.Resolve(engine, release)
		if err != nil {
			return err
		}
		releases[engine] = resolved
	}
	var schemas []*schema.Schema
	for _, engine := range schema.Engines() {
		s, err := schema.Load(engine, releases[engine])
		if err != nil {
			return err
		}
		schemas = append(schemas, s)
	}
	text, err := schema.JSONSchema(schemas...)
	if err != nil {
		return err
	}
	if file := c.String("output"); file != "" {
		return atomicfile.Write(file, text, 0o644)
	}
	_, err = a.stdout.Write(text)
	return err
}
