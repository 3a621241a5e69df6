package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/explain"
)

const explainHelp = `Explain shows where the values of an overlay come from: the chain of the engine's
default, the base, the overlay and the overrides, with file and line of each and what
it overwrote, and what the engine's schema says about the key: type, range, default,
releases, help.

Without a key it shows the whole resolved configuration, with the origin of each value
in the margin.

A file that starts an engine (see lint) is explained likewise: its arguments with their
lines. FILE:LINE is one of several, FILE:prefill that of a role.

A key is a dotted path, or a bare name, which is searched in every section. In a
pattern, * matches any text; "env_config" is the whole section.

  mlcfg explain models/llama2-70b/server_mi325x.yaml --backend vllm
  mlcfg explain models/llama2-70b/server_mi325x.yaml max_num_seqs --backend vllm
  mlcfg explain models/llama2-70b/server_mi325x.yaml '*chunked*' --backend vllm --unset
  mlcfg explain serve.sh max_num_seqs
  mlcfg explain server_mi325x.yaml target_qps --backend sglang harness_config.target_qps=70
  mlcfg explain server_mi325x.yaml loadgen --backend vllm --format json`

func (a *app) explainCommand() *cli.Command {
	return &cli.Command{
		Name:        "explain",
		Usage:       "show where each value comes from and what its key means",
		ArgsUsage:   "FILE [KEY|PATTERN] --backend BACKEND [KEY=VALUE...]",
		Description: explainHelp,
		Flags: append(configFlags(),
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text or json"},
			&cli.BoolFlag{Name: "unset", Usage: "with a pattern: also show keys that the engine has and nothing sets"},
		),
		Action: a.explain,
	}
}

func (a *app) explain(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	if ok, err := a.explainLaunch(c, c.Args().Slice()); ok {
		return err
	}
	overlays, pattern := c.Args().Slice(), ""
	named := c.String("config-name") != ""
	switch {
	case named && len(overlays) == 1:
		overlays, pattern = nil, overlays[0]
	case !named && len(overlays) == 2:
		overlays, pattern = overlays[:1], overlays[1]
	case len(overlays) > 1:
		return withHint("quote a pattern: 'max_*'", "explain takes one overlay and one key, not %d operands", len(overlays))
	}
	l, err := loadOverlays(c, overlays)
	if err != nil {
		return err
	}
	if l, err = a.explainedBackend(c, l); err != nil {
		return err
	}
	view, err := a.view(l, l.overlays[0])
	if err != nil {
		return err
	}
	return a.writeView(c, view, pattern)
}

// explainedBackend is the loader for one backend: the one that the command line names, else the
// one that the file names or the only one that the overlay has sections for, which is said.
func (a *app) explainedBackend(c *cli.Context, l *loader) (*loader, error) {
	if len(c.StringSlice("backend")) > 0 {
		_, err := a.oneBackend(c, l)
		return l, err
	}
	config, err := l.project.Load(l.overlays[0])
	if err != nil {
		return nil, err
	}
	var engines []string
	for _, b := range backend.All() {
		if config.Overlay.Root.Lookup(b.EngineSection()) != nil && !slices.Contains(engines, b.Engine) {
			engines = append(engines, b.Engine)
		}
	}
	assumed, _ := config.Tree.Lookup("backend").Interface().(string)
	why := "the file names it"
	if !slices.Contains(backend.Names(), assumed) {
		if len(engines) != 1 {
			_, err := a.oneBackend(c, l)
			return l, err
		}
		assumed, why = engines[0], "the overlay has sections for it alone"
	}
	a.warn("--backend %s is assumed: %s", assumed, why)
	if err := c.Set("backend", assumed); err != nil {
		return nil, err
	}
	return loadOverlays(c, l.overlays)
}

// maxLong is how many keys are explained at full length: more are a section.
const maxLong = 4

// view reads an overlay as its one backend sees it. An overlay with faults is
// explained too; standard error says that there are some.
func (a *app) view(l *loader, overlay string) (*explain.View, error) {
	config, err := l.project.Load(overlay)
	if err != nil {
		return nil, err
	}
	out := l.compiler.Check(config)
	if out.Found.HasErrors() {
		a.warn("%s has %s; mlcfg lint tells more", overlay, out.Found.Summary())
	}
	if len(out.Targets) != 1 || out.Targets[0].Values == nil {
		if err := a.writeText(out.Found, l.project, false); err != nil {
			return nil, fmt.Errorf("writing the findings: %w", err)
		}
		return nil, fmt.Errorf("%s cannot be resolved", overlay)
	}
	return explain.Of(config, out, out.Targets[0]), nil
}
