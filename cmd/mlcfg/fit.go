package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/fit"
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
		Flags: append(append(configFlags(), modelFlags()...),
			&cli.IntFlag{Name: "gpus", Usage: "`N` GPUs (default: as many as the parallel sizes take)"},
			&cli.Float64Flag{Name: "kv-gib", Usage: "`GIB` of the KV cache on each GPU (default: computed)"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text or json"},
		),
		Action: a.fit,
	}
}

// modelFlags are those that name what an engine serves, and on what.
func modelFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Usage: "`MODEL`: a folder, a card or a name (default: the file's)"},
		&cli.StringFlag{Name: "gpu", Usage: "`NAME` of the GPU, such as H100 or \"H100 (79.19 GiB)\""},
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
	of := asking{app: a, c: c}
	switch files := c.Args().Slice(); {
	case len(files) == 0 && c.String("model") == "":
		return withHint("mlcfg fit --model Llama-3.1-8B --gpu H100 --engine-version "+newest(backend.VLLM), "name a model, an overlay or a manifest")
	case len(files) == 0:
		requests, err = of.ofArguments()
	default:
		requests, err = of.ofFiles(files)
	}
	if err != nil {
		return err
	}
	var reports []*fit.Report
	refused := false
	for _, q := range requests {
		if gpu != nil {
			q.GPU = gpu
		}
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
