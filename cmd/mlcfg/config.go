package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/source"

	"mlcfg/schema"
)

// configFlags are the flags of every command that reads configuration.
func configFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "backend", Aliases: []string{"b"}, Usage: "`BACKEND` to compile for: vllm, sglang, trtllm, ray (vLLM with the Ray executor), or zmq (vLLM or SGLang on many machines)"},
		&cli.StringSliceFlag{Name: "set", Usage: "override a value (`KEY=VALUE`); a bare KEY=VALUE and --KEY VALUE do the same"},
		&cli.StringFlag{Name: "base", Usage: "`FILE` with the shared configuration (default: the project's, or the nearest config.yaml or common/config.yaml in a parent folder)"},
		&cli.StringSliceFlag{Name: "engine-version", Usage: "`ENGINE=RELEASE` to check against, such as vllm=0.9.2 (default: the project's, or the newest release that has most of the keys)"},
		&cli.StringSliceFlag{Name: "map", Usage: "read paths below FROM (inside a container) at TO instead (`FROM=TO`); manifests keep the original path"},
		&cli.StringFlag{Name: "round", Usage: "MLPerf `ROUND` whose LoadGen settings apply (default: the project's, or the newest)"},
		omegaconfFlag(), projectFlag(),
		&cli.StringFlag{Name: "config-path", Usage: "`DIR` of the overlay, with --config-name, as in the older harness"},
		&cli.StringFlag{Name: "config-name", Usage: "`NAME` of the overlay in --config-path, without .yaml"},
	}
}

func omegaconfFlag() cli.Flag {
	return &cli.StringFlag{Name: "omegaconf", Usage: "`RELEASE` of OmegaConf as which configuration is read, 2.3 or 2.4 (default: the project's, or 2.3)"}
}

func projectFlag() cli.Flag {
	return &cli.StringFlag{Name: "project", Usage: "project `FILE`, or none to use none (default: the nearest mlcfg.cue in a parent folder)"}
}

// loader is what the flags come to: overlays, and how to read and compile them.
type loader struct {
	overlays []string
	settings *config.Settings
	project  *config.Project
	compiler *compile.Compiler
}

// load reads the flags that configFlags defines, over what the project file
// says; the operands are overlays.
func load(c *cli.Context) (*loader, error) { return loadOverlays(c, c.Args().Slice()) }

// loadAll is load, with every overlay of the project where none is named.
func loadAll(c *cli.Context) (*loader, error) {
	overlays := c.Args().Slice()
	if len(overlays) == 0 && c.String("config-name") == "" && c.String("config-path") == "" {
		s, err := settings(c, nil)
		if err != nil {
			return nil, err
		}
		if overlays, err = s.OverlayFiles(); err != nil {
			return nil, err
		}
		if s.Overlays != nil && len(overlays) == 0 {
			return nil, withHint(s.Place("overlays").String()+" has the patterns", "no overlay of the project is there")
		}
	}
	return loadOverlays(c, overlays)
}

// loadOverlays is load with overlays that the caller took out of the operands.
func loadOverlays(c *cli.Context, overlays []string) (*loader, error) {
	l := &loader{overlays: overlays}
	dir, name := c.String("config-path"), c.String("config-name")
	switch {
	case dir == "" && name == "":
	case dir == "" || name == "":
		return nil, withHint("the overlay is then DIR/NAME.yaml", "--config-path DIR and --config-name NAME go together")
	case len(l.overlays) > 0:
		return nil, withHint("name overlays one way", "%s and --config-path name overlays both", l.overlays[0])
	default:
		l.overlays = []string{filepath.Join(dir, strings.TrimSuffix(name, ".yaml")+".yaml")}
	}
	var err error
	if l.settings, err = settings(c, l.overlays); err != nil {
		return nil, err
	}
	if err := misspelt(c, l.overlays); err != nil {
		return nil, err
	}
	if len(l.overlays) == 0 && l.settings.Overlays == nil && l.settings.Root == "" {
		return nil, withHint("mlcfg "+c.Command.Name+" models/llama2-70b/offline_mi325x.yaml ..., or name overlays in a project file, mlcfg.cue; there is none here or above (mlcfg init makes one)", "name an overlay")
	}
	if len(l.overlays) == 0 {
		return nil, withHint("mlcfg "+c.Command.Name+" models/llama2-70b/offline_mi325x.yaml ...", "name an overlay")
	}
	files, options, err := readOptions(c, l.settings)
	if err != nil {
		return nil, err
	}
	l.project, l.compiler = config.New(files), compile.New(options)
	return l, nil
}

// readOptions reads the flags that say how overlays are read and compiled, over
// what the project file says.
func readOptions(c *cli.Context, s *config.Settings) (config.Options, compile.Options, error) {
	files := config.Options{Base: cmp.Or(c.String("base"), s.Base), Overrides: c.StringSlice("set")}
	var err error
	if files.OmegaConf, err = source.ParseDialect(cmp.Or(c.String("omegaconf"), s.OmegaConf)); err != nil {
		return files, compile.Options{}, oneOf("omegaconf", cmp.Or(c.String("omegaconf"), s.OmegaConf), source.Dialects...)
	}
	options, err := compileOptions(c, s)
	return files, options, err
}

func compileOptions(c *cli.Context, s *config.Settings) (compile.Options, error) {
	options := compile.Options{
		Round: loadgen.RoundName(cmp.Or(c.String("round"), s.Round)), Releases: maps.Clone(s.Engines),
		ReadData: slices.Contains([]string{"compile", "sweep", "check"}, c.Command.Name),
	}
	if options.Releases == nil {
		options.Releases = map[string]string{}
	}
	if rounds := loadgen.Rounds(); options.Round != "" && !slices.Contains(rounds, options.Round) {
		return options, oneOf("round", options.Round, rounds...)
	}
	for _, b := range c.StringSlice("backend") {
		if b != "all" && !slices.Contains(options.Backends, b) {
			options.Backends = append(options.Backends, b)
		}
	}
	for _, text := range c.StringSlice("engine-version") {
		engine, spec, ok := strings.Cut(text, "=")
		if !ok && schema.IsRelease(strings.TrimPrefix(text, "v")) && len(options.Backends) == 1 {
			engine, spec, ok = options.Backends[0], text, true
		}
		if b, isBackend := backend.Of(engine); isBackend {
			engine = b.Engine
		}
		if !ok {
			return options, withHint("write --engine-version vllm=0.9.2", "--engine-version %s names no engine", text)
		}
		release, fork, err := schema.Version(engine, spec, s.Forks)
		if near := schema.NearestRelease(engine, spec); err != nil && near != "" {
			return options, withHint("write --engine-version "+engine+"="+near+", the release it is nearest to", "--engine-version %s: %w", text, err)
		} else if err != nil {
			return options, fmt.Errorf("--engine-version %s: %w", text, err)
		}
		if options.Releases[engine] = release; fork != nil {
			options.Releases[engine] += "+" + fork.Name
		}
	}
	var err error
	if options.Maps, err = pathmap.Parse(c.StringSlice("map")); err != nil {
		return options, fmt.Errorf("--map: %w", err)
	}
	options.Maps = append(options.Maps, s.Maps...) // of equals the first counts
	options.Variables, options.Machines, options.Forks, options.GPUs = s.Env, s.Machines, s.Forks, s.GPUs
	options.Site, err = siteSchema(s)
	return options, err
}

// check reads and checks one overlay.
func (l *loader) check(overlay string) (compile.Outcome, error) {
	config, err := l.project.Load(overlay)
	if err != nil {
		return compile.Outcome{}, err
	}
	out := l.compiler.Check(config)
	return out, out.Err
}

// onEach does f for every one of all, on all cores, and returns the results in
// order. The error is that of the first that has one.
func onEach[A, T any](all []A, f func(A) (T, error)) ([]T, error) {
	if len(all) >= manyFiles {
		paceHeap()
	}
	results, errs := make([]T, len(all)), make([]error, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(all)) {
		workers.Go(func() {
			for i := range next {
				results[i], errs[i] = f(all[i])
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// writeText writes findings for people.
func (a *app) writeText(l diag.List, p *config.Project, toStdout bool) error {
	w := a.stderr
	if toStdout {
		w = a.stdout
	}
	return diag.WriteText(w, l, diag.TextOptions{Source: p.Text, Color: a.color(w)})
}
