package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/fit"
	"mlcfg/internal/manifest"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

const fitHelp = `Fit computes whether a model fits on GPUs under an engine's arguments: weights,
working memory and graphs on each GPU, what is left for the KV cache, the tokens and
requests that it holds, and the longest request. It also names the checks that the
engine's start would fail. No GPU, no Python and no network is needed.

--model is a folder with config.json, a model card (see mlcfg model), a name in the
Hugging Face cache, or the name of a model whose card comes with mlcfg. Arguments are
given as key=value, variables of the environment by their names. Several
--engine-version stand side by side.

A file may be named instead: an overlay, a manifest, or a file that starts an engine. Its
arguments, variables, model and release count; --model and key=value go before them.

  mlcfg fit --model Llama-3.1-8B --gpu H100 --engine-version vllm=0.11.0
  mlcfg fit --model ./config-dir --gpu MI300X --gpus 8 --engine-version vllm=0.17.1 tensor_parallel_size=8
  mlcfg fit --model gpt-oss-120b --gpu "H100 (79.19 GiB)" --engine-version vllm=0.19.1 --engine-version vllm=0.21.0
  mlcfg fit --model DeepSeek-R1 --gpu H200 --gpus 8 --engine-version sglang=0.5.23 tp_size=8
  mlcfg fit --model Qwen3-32B --engine-version vllm=0.11.0 --kv-gib 4.45 max_model_len=16000
  mlcfg fit --gpu MI325X models/llama2-70b/offline_mi325x.yaml
  mlcfg fit --gpu MI325X manifests/llama2-70b/offline_mi325x.vllm.yaml --format json | jq .kv_tokens

Exit status: 0 it fits or that is not known, 1 it does not, 2 trouble.`

func (a *app) fitCommand() *cli.Command {
	return &cli.Command{
		Name:        "fit",
		Usage:       "compute whether a model fits on GPUs, and what the KV cache holds",
		ArgsUsage:   "--model MODEL [KEY=VALUE...] | FILE [KEY=VALUE...]",
		Description: fitHelp,
		Flags: append(configFlags(),
			&cli.StringFlag{Name: "model", Usage: "`MODEL`: a folder, a card or a name (default: the file's)"},
			&cli.StringFlag{Name: "gpu", Usage: "`NAME` of the GPU, such as H100 or \"H100 (79.19 GiB)\""},
			&cli.IntFlag{Name: "gpus", Usage: "`N` GPUs (default: as many as the parallel sizes take)"},
			&cli.Float64Flag{Name: "kv-gib", Usage: "`GIB` of the KV cache on each GPU (default: computed)"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text or json"},
		),
		Action: a.fit,
	}
}

func (a *app) fit(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	gpu, unknown, err := theGPU(c)
	if err != nil {
		return err
	}
	var requests []fit.Request
	switch files := c.Args().Slice(); {
	case len(files) == 0 && c.String("model") == "":
		return withHint("mlcfg fit --model Llama-3.1-8B --gpu H100 --engine-version vllm=0.11.0", "name a model, an overlay or a manifest")
	case len(files) == 0:
		requests, err = a.fitOfArguments(c)
	default:
		requests, err = a.fitOfFiles(c, files)
	}
	if err != nil {
		return err
	}
	var reports []*fit.Report
	refused := false
	for _, q := range requests {
		q.GPU = gpu
		if c.IsSet("gpus") {
			q.GPUs = c.Int("gpus")
		}
		if c.IsSet("kv-gib") {
			told := c.Float64("kv-gib")
			if told <= 0 || told > 1e6 {
				return withHint("--kv-gib 4.45, in GiB on each GPU", "--kv-gib is %v, want a number above 0", told)
			}
			q.KVGiB = &told
		}
		r := fit.Compute(q)
		if unknown != "" {
			r.Unknown = append(r.Unknown, unknown)
		}
		reports = append(reports, r)
		refused = refused || r.Fits != nil && !*r.Fits
	}
	if err := a.writeFit(c.String("format"), reports); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if refused {
		return errFindings
	}
	return nil
}

// theGPU is the accelerator that is named, nil for none. With told KV memory one that is not known
// does no harm, and is then named as unknown.
func theGPU(c *cli.Context) (gpu *fit.GPU, unknown string, err error) {
	name := c.String("gpu")
	if name == "" {
		return nil, "", nil
	}
	g, err := fit.FindGPU(name)
	switch {
	case err == nil:
		return &g, "", nil
	case c.IsSet("kv-gib"):
		return nil, "the GPU: " + err.Error(), nil
	}
	hint := "the accelerators are " + strings.Join(fit.GPUs(), ", ")
	if near := schema.Nearest(fit.GPUs(), name); near != "" {
		hint = "did you mean " + near
	}
	return nil, "", withHint(hint, "--gpu: %v", err)
}

// theModel finds a model by its name.
func (a *app) theModel(c *cli.Context, name string) (*fit.Model, error) {
	m, err := fit.FindModel(c.Context, name, a.hub())
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

// fitOfArguments is what --model and key=value come to, one for each release.
func (a *app) fitOfArguments(c *cli.Context) ([]fit.Request, error) {
	model, err := a.theModel(c, c.String("model"))
	if err != nil {
		return nil, err
	}
	versions := c.StringSlice("engine-version")
	if len(versions) == 0 {
		return nil, withHint("add --engine-version vllm=0.11.0", "the engine is not named")
	}
	var out []fit.Request
	for _, version := range versions {
		engine, release, err := anyVersion(version)
		if err != nil {
			return nil, err
		}
		args, env, err := overridesOf(c, engine)
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
		all := schema.Releases(engine)
		return engine, all[len(all)-1], nil
	}
	if exact, err := schema.Resolve(engine, release); err == nil {
		return engine, exact, nil
	}
	if digit := strings.TrimPrefix(release, "v"); digit[:min(1, len(digit))] < "0" || digit[0] > '9' {
		return "", "", withHint("write --engine-version "+engine+"=0.9.2", "--engine-version %s: %q is no release", text, release)
	}
	return engine, strings.TrimPrefix(release, "v"), nil
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

// fitOfFiles is what overlays, manifests and files that start engines come to: one for each
// backend or launch, and for each release that is named of its engine.
func (a *app) fitOfFiles(c *cli.Context, files []string) ([]fit.Request, error) {
	var out []fit.Request
	var others []string
	for _, file := range files {
		if root, _ := source.Parse(file, readText(file)); root == nil || !isManifest(root) {
			others = append(others, file)
			continue
		}
		q, err := a.fitOfManifest(c, file)
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
		func() ([]fit.Request, error) { return a.fitOfOverlays(c, s.overlays) },
		func() ([]fit.Request, error) { return a.fitOfLaunches(c, others, s.starts) },
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
	return sideBySide(c, out)
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

func (a *app) fitOfOverlays(c *cli.Context, overlays []string) ([]fit.Request, error) {
	if len(overlays) == 0 {
		return nil, nil
	}
	l, err := loadOverlays(c, overlays)
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
		for _, t := range checked.Targets {
			if t.Values == nil || !fit.Knows(t.Backend.Engine) {
				continue
			}
			benchmark, _ := t.Values.Top["benchmark_name"].(string)
			model, err := a.modelOf(c, t.Backend, t.Values.EngineConfig, benchmark)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", overlay, err)
			}
			out = append(out, fit.Request{Model: model, Engine: t.Backend.Engine, Release: t.Release, Args: t.Values.EngineConfig, Env: t.Values.Env})
		}
	}
	return out, nil
}

// fitOfLaunches is what the launches of files come to; one whose model is not known is told and
// left out.
func (a *app) fitOfLaunches(c *cli.Context, files []string, starts []started) ([]fit.Request, error) {
	if len(starts) == 0 {
		return nil, nil
	}
	checker, err := launchChecker(c, files)
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
			args, env, err := overridesOf(c, l.Backend.Engine)
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
			model, err := a.modelOf(c, l.Backend, all, "")
			if err != nil {
				a.warn("%s: %v", l.Pos, err)
				continue
			}
			out = append(out, fit.Request{Model: model, Engine: l.Backend.Engine, Release: r.Values.Schema.Release, Args: all, Env: env, GPUs: l.Devices})
		}
	}
	return out, nil
}

// fitOfManifest is what a manifest comes to, with key=value over it.
func (a *app) fitOfManifest(c *cli.Context, file string) (fit.Request, error) {
	m, err := manifest.ReadFile(file, a.stdin)
	if err != nil {
		return fit.Request{}, err
	}
	b, ok := backend.With(m.Backend, m.Engine.Name)
	if !ok || !fit.Knows(b.Engine) {
		return fit.Request{}, fmt.Errorf("%s: the memory of %s is not known", file, m.Engine.Name)
	}
	args, env, err := overridesOf(c, b.Engine)
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
	model, err := a.modelOf(c, b, all, m.BenchmarkName)
	if err != nil {
		return fit.Request{}, fmt.Errorf("%s: %w", file, err)
	}
	return fit.Request{Model: model, Engine: b.Engine, Release: m.Engine.Version, Args: all, Env: env}, nil
}

// modelOf is the model that --model or the configuration names, else that of the benchmark.
func (a *app) modelOf(c *cli.Context, b *backend.Backend, engineConfig map[string]any, benchmark string) (*fit.Model, error) {
	named, _ := engineConfig[b.Model].(string)
	name := cmp.Or(c.String("model"), named)
	if name == "" {
		return nil, withHint("name it with --model", "no model is set")
	}
	m, err := a.theModel(c, name)
	if err != nil && c.String("model") == "" { // a path inside a container: its last step may be a card's name
		found, err := fit.FindModel(c.Context, filepath.Base(name), a.hub())
		if err != nil {
			found = fit.FindShapes(benchmark)
		}
		if found != nil {
			found.Name = cmp.Or(name, benchmark)
			return found, nil
		}
	}
	return m, err
}

func (a *app) writeFit(format string, reports []*fit.Report) error {
	if format == "json" {
		if len(reports) == 1 {
			return writeJSON(a.stdout, reports[0])
		}
		return writeJSON(a.stdout, map[string]any{"reports": reports})
	}
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteByte('\n')
		}
		fit.WriteText(&b, r)
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
