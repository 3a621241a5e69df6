package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/schema"
)

const schemaHelp = `Schema shows what engine releases define: every argument, request parameter and
environment variable with its type, default, range and help text.

  mlcfg schema list vllm                               the embedded releases
  mlcfg schema show vllm max_num_seqs                  a key through all releases
  mlcfg schema show vllm --engine-version 0.10.1       all keys of a release
  mlcfg schema import vllm==0.10.1 > vllm-0.10.1.cue   read a release's package
  mlcfg schema export > overlay.schema.json            a JSON Schema for editors`

func (a *app) schemaCommand() *cli.Command {
	commands := []*cli.Command{a.schemaListCommand(), a.schemaShowCommand(), a.schemaImportCommand(), a.schemaExportCommand()}
	return &cli.Command{
		Name:            "schema",
		Usage:           "show, list, import and export what engine releases define",
		Description:     schemaHelp,
		Subcommands:     commands,
		HideHelpCommand: true,
		Action:          a.noCommand("mlcfg schema", commands),
	}
}

func (a *app) schemaListCommand() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list the embedded releases and their number of keys",
		ArgsUsage: "[ENGINE]",
		Description: "List shows every release of each engine that mlcfg knows, or of one engine.\n\n" +
			"  mlcfg schema list\n  mlcfg schema list vllm --format json",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text, markdown or json"},
			&cli.BoolFlag{Name: "available", Usage: "ask the package index for releases that are newer than the oldest embedded one and not embedded"},
		},
		Action: a.schemaList,
	}
}

// listed is one line of the list.
type listed struct {
	Engine   string `json:"engine"`
	Release  string `json:"release"`
	Engines  int    `json:"engine_config"`
	CLI      int    `json:"cli"`
	Sampling int    `json:"sampling_config"`
	Env      int    `json:"env_config"`
	Nested   int    `json:"nested"`
	Digest   string `json:"digest"`
}

func (a *app) schemaList(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "markdown", "json"); err != nil {
		return err
	}
	engines := schema.Engines()
	if engine := c.Args().First(); engine != "" {
		if !slices.Contains(engines, engine) {
			return unknownEngine(engine)
		}
		engines = []string{engine}
	}
	if c.Bool("available") {
		return a.listAvailable(c.Context, engines)
	}
	var all []listed
	for _, engine := range engines {
		for _, release := range schema.Releases(engine) {
			s, err := schema.Load(engine, release)
			if err != nil {
				return err
			}
			all = append(all, countKeys(s))
		}
	}
	switch c.String("format") {
	case "json":
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"releases": all})
	case "markdown":
		return a.listMarkdown(engines, all)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "engine\trelease\targuments\tcommand line only\tsampling\tenvironment\tnested")
	for _, l := range all {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", l.Engine, l.Release, l.Engines, l.CLI, l.Sampling, l.Env, l.Nested)
	}
	return w.Flush()
}

func countKeys(s *schema.Schema) listed {
	l := listed{Engine: s.Engine, Release: s.Release, Digest: s.Digest}
	for _, name := range s.Sections() {
		n := len(s.Section(name).Names())
		switch name {
		case schema.EngineConfig:
			l.Engines = n
		case schema.CLIOnly:
			l.CLI = n
		case schema.SamplingConfig:
			l.Sampling = n
		case schema.EnvConfig:
			l.Env = n
		default:
			l.Nested += n
		}
	}
	return l
}

// listMarkdown writes docs/releases.md.
func (a *app) listMarkdown(engines []string, all []listed) error {
	_, err := fmt.Fprint(a.stdout, `# Releases with an embedded schema

Made by `+"`make schema-docs`"+`; do not edit. The numbers are counts of keys: arguments of the
engine, arguments that only the server's command line takes, request (sampling)
parameters, known environment variables, and keys of nested maps.
`)
	for _, engine := range engines {
		fmt.Fprintf(a.stdout, "\n## %s\n\n| release | arguments | command line only | sampling | environment | nested |\n| --- | --: | --: | --: | --: | --: |\n", engine)
		for _, l := range slices.Backward(all) {
			if l.Engine == engine {
				_, err = fmt.Fprintf(a.stdout, "| %s | %d | %d | %d | %d | %d |\n", l.Release, l.Engines, l.CLI, l.Sampling, l.Env, l.Nested)
			}
		}
	}
	return err
}

func unknownEngine(engine string) error {
	return withHint("the engines are "+strings.Join(schema.Engines(), ", ")+"; harness and user.conf are shown too", "there is no engine %q", engine)
}
