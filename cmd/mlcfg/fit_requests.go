package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/fit"
	"mlcfg/internal/manifest"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// asking makes requests out of what a command line names.
type asking struct {
	*app
	c *cli.Context
	// anyModel reports whether a request may go without a model that is not known.
	anyModel bool
}

// named finds a model by its name.
func (a asking) named(name string) (*fit.Model, error) {
	m, err := fit.FindModel(a.c.Context, name, a.hub())
	var none *fit.NoModelError
	if errors.As(err, &none) {
		hint := "mlcfg model card DIR makes a card of a folder with config.json; mlcfg model list names those that come with mlcfg"
		if near := schema.Nearest(fit.Cards(), name); near != "" {
			hint = "did you mean " + near
		}
		return nil, withHint(hint, "%v", err)
	}
	return m, err
}

// hub is the folder of the Hugging Face cache, empty where there is none
// (huggingface_hub, "Environment variables").
func (a *app) hub() string {
	if hub := a.getenv("HF_HUB_CACHE"); hub != "" {
		return hub
	}
	if home := a.getenv("HF_HOME"); home != "" {
		return filepath.Join(home, "hub")
	}
	if home := a.getenv("HOME"); home != "" {
		return filepath.Join(home, ".cache", "huggingface", "hub")
	}
	return ""
}

// ofArguments is what --model and key=value come to, one for each release.
func (a asking) ofArguments() ([]fit.Request, error) {
	model, err := a.named(a.c.String("model"))
	if err != nil {
		return nil, err
	}
	versions := a.c.StringSlice("engine-version")
	if len(versions) == 0 {
		return nil, withHint("add --engine-version "+newest(backend.VLLM), "the engine is not named")
	}
	var out []fit.Request
	for _, version := range versions {
		engine, release, err := anyVersion(version)
		if err != nil {
			return nil, err
		}
		args, env, err := overridesOf(a.c, engine)
		if err != nil {
			return nil, err
		}
		out = append(out, fit.Request{Model: model, Engine: engine, Release: release, Args: args, Env: env})
	}
	return out, nil
}

// anyVersion reads ENGINE=RELEASE. A release without a schema, such as a nightly build's number, is
// taken as it is: memory's rules go by its number.
func anyVersion(text string) (engine, release string, err error) {
	engine, release, _ = strings.Cut(text, "=")
	b, ok := backend.Of(engine)
	if ok {
		engine = b.Engine
	}
	if !ok || !fit.Knows(engine) {
		var names []string
		for _, b := range backend.Engines() {
			if fit.Knows(b.Engine) {
				names = append(names, b.Engine)
			}
		}
		return "", "", withHint("memory is known of "+orOf(names), "--engine-version %s names no engine whose memory is known", text)
	}
	if release == "" {
		_, release, _ = strings.Cut(newest(engine), "=")
		return engine, release, nil
	}
	if exact, err := schema.Resolve(engine, release); err == nil {
		return engine, exact, nil
	}
	if digit := strings.TrimPrefix(release, "v"); digit[:min(1, len(digit))] < "0" || digit[0] > '9' {
		return "", "", withHint("write --engine-version "+newest(engine), "--engine-version %s: %q is no release", text, release)
	}
	return engine, strings.TrimPrefix(release, "v"), nil
}

// newest is an engine with its newest release, as --engine-version takes it.
func newest(engine string) string {
	all := schema.Releases(engine)
	return engine + "=" + all[len(all)-1]
}

// overridesOf are the key=value of the command line as an engine's arguments and variables.
func overridesOf(c *cli.Context, engine string) (fit.Args, map[string]string, error) {
	args, env := fit.Args{}, map[string]string{}
	read, err := dialect(c, c.Args().Slice())
	if err != nil {
		return nil, nil, err
	}
	for i, override := range c.StringSlice("set") {
		node, found := read.ParseOverride(i+1, override)
		if found.HasErrors() || node == nil {
			return nil, nil, fmt.Errorf("%s: %s", override, found[0].Message)
		}
		values, _ := node.Interface().(map[string]any)
		for key, value := range values {
			inner, isMap := value.(map[string]any)
			switch {
			case isMap && strings.HasSuffix(key, "env_config") || isMap && key == "env":
				for name, v := range inner {
					env[name] = fmt.Sprint(v)
				}
			case isMap && key == engine+"_engine_config":
				join(args, inner)
			case key == strings.ToUpper(key):
				env[key] = rawValue(override)
			default:
				join(args, map[string]any{strings.ReplaceAll(key, "-", "_"): value})
			}
		}
	}
	return args, env, nil
}

func rawValue(override string) string {
	_, value, _ := strings.Cut(override, "=")
	return value
}

// join puts values over others, maps key by key.
func join(into, values map[string]any) {
	for key, value := range values {
		have, _ := into[key].(map[string]any)
		if inner, ok := value.(map[string]any); ok && have != nil {
			join(have, inner)
			continue
		}
		into[key] = value
	}
}

// ofFiles is what overlays, manifests and files that start engines come to: one for each
// backend or launch, and for each release that is named of its engine.
func (a asking) ofFiles(files []string) ([]fit.Request, error) {
	var out []fit.Request
	var others []string
	for _, file := range files {
		if root, _ := source.Parse(file, readText(file)); root == nil || !isManifest(root) {
			others = append(others, file)
			continue
		}
		q, err := a.ofManifest(file)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	s, err := sortFiles(others)
	if err != nil {
		return nil, err
	}
	for _, of := range []func() ([]fit.Request, error){
		func() ([]fit.Request, error) { return a.ofOverlays(s.overlays) },
		func() ([]fit.Request, error) { return a.ofLaunches(others, s.starts) },
	} {
		more, err := of()
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s starts no engine whose memory is known", list(files))
	}
	return sideBySide(a.c, out)
}

// sideBySide makes a request of each release that is named where there are several of its engine.
func sideBySide(c *cli.Context, all []fit.Request) ([]fit.Request, error) {
	releases := map[string][]string{}
	for _, version := range c.StringSlice("engine-version") {
		engine, release, err := anyVersion(version)
		if err != nil {
			return nil, err
		}
		releases[engine] = append(releases[engine], release)
	}
	var out []fit.Request
	for _, q := range all {
		if len(releases[q.Engine]) < 2 {
			out = append(out, q)
			continue
		}
		for _, release := range releases[q.Engine] {
			q.Release = release
			out = append(out, q)
		}
	}
	return out, nil
}

func (a asking) ofOverlays(overlays []string) ([]fit.Request, error) {
	if len(overlays) == 0 {
		return nil, nil
	}
	l, err := loadOverlays(a.c, overlays)
	if err != nil {
		return nil, err
	}
	var out []fit.Request
	for _, overlay := range overlays {
		checked, err := l.check(overlay)
		if err != nil {
			return nil, err
		}
		if checked.Found.HasErrors() && len(checked.Targets) == 0 {
			return nil, withHint("mlcfg lint "+overlay, "%s has %s", overlay, checked.Found.Summary())
		}
		if checked.Found.HasErrors() { // what has a fault is left out, as if it were not set
			a.app.warn("%s has %s; mlcfg lint tells more", overlay, checked.Found.Summary())
		}
		for _, t := range checked.Targets {
			if t.Values == nil || !fit.Knows(t.Backend.Engine) {
				continue
			}
			benchmark, _ := t.Values.Top["benchmark_name"].(string)
			model, err := a.model(t.Backend, t.Values.EngineConfig, benchmark)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", overlay, err)
			}
			q := fit.Request{Model: model, Engine: t.Backend.Engine, Release: t.Release, Args: t.Values.EngineConfig, Env: t.Values.Env}
			if g, err := fit.FindGPU(t.Values.GPU()); err == nil {
				q.GPU = &g
			}
			out = append(out, q)
		}
	}
	return out, nil
}

// ofLaunches is what the launches of files come to; one whose model is not known is told and
// left out.
func (a asking) ofLaunches(files []string, starts []started) ([]fit.Request, error) {
	if len(starts) == 0 {
		return nil, nil
	}
	checker, err := launchChecker(a.c, files)
	if err != nil {
		return nil, err
	}
	var out []fit.Request
	for _, start := range starts {
		for i := range start.launches {
			l := &start.launches[i]
			if !fit.Knows(l.Backend.Engine) {
				continue
			}
			r, err := checker.Resolve(l)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.Pos, err)
			}
			args, env, err := overridesOf(a.c, l.Backend.Engine)
			if err != nil {
				return nil, err
			}
			all := fit.Args{}
			join(all, r.Values.EngineConfig)
			join(all, args)
			for name, value := range r.Values.Env {
				if _, said := env[name]; !said {
					env[name] = value
				}
			}
			model, err := a.model(l.Backend, all, "")
			if err != nil {
				a.warn("%s: %v", l.Pos, err)
				continue
			}
			out = append(out, fit.Request{Model: model, Engine: l.Backend.Engine, Release: r.Values.Schema.Release, Args: all, Env: env, GPUs: l.Devices})
		}
	}
	return out, nil
}

// ofManifest is what a manifest comes to, with key=value over it.
func (a asking) ofManifest(file string) (fit.Request, error) {
	m, err := manifest.ReadFile(file, a.stdin)
	if err != nil {
		return fit.Request{}, err
	}
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok || !fit.Knows(b.Engine) {
		return fit.Request{}, fmt.Errorf("%s: the memory of %s is not known", file, m.Engine.Name)
	}
	args, env, err := overridesOf(a.c, b.Engine)
	if err != nil {
		return fit.Request{}, err
	}
	all := fit.Args{}
	join(all, m.EngineConfig)
	join(all, args)
	for name, value := range m.EnvConfig {
		if _, said := env[name]; !said {
			env[name] = value
		}
	}
	model, err := a.model(b, all, m.BenchmarkName)
	if err != nil {
		return fit.Request{}, fmt.Errorf("%s: %w", file, err)
	}
	return fit.Request{Model: model, Engine: b.Engine, Release: m.Engine.Version, Args: all, Env: env}, nil
}

// model is the model that --model or the configuration names, else that of the benchmark; nil for
// one that is not known and not needed.
func (a asking) model(b *backend.Backend, engineConfig map[string]any, benchmark string) (*fit.Model, error) {
	named, _ := engineConfig[b.Model].(string)
	name := cmp.Or(a.c.String("model"), named)
	if name == "" && a.anyModel {
		return nil, nil //nolint:nilnil // no model is known
	}
	if name == "" {
		return nil, withHint("name it with --model", "no model is set")
	}
	m, err := a.named(name)
	if err != nil && a.c.String("model") == "" { // a path inside a container: its last step may be a card's name
		found, err := fit.FindModel(a.c.Context, filepath.Base(name), a.hub())
		if err != nil {
			found = fit.FindShapes(benchmark)
		}
		if found != nil {
			found.Name = cmp.Or(name, benchmark)
			return found, nil
		}
		if a.anyModel {
			return nil, nil //nolint:nilnil // no model is known
		}
	}
	return m, err
}
