package run

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"mlcfg/internal/dataset"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
)

// resources are a benchmark's usual model and data set. Paths are those inside
// the container of the reference harness.
type resources struct {
	models []string
	// modelMD5 is of the model's first safetensors file, dataMD5 of the data set.
	modelMD5 []string
	data     string
	dataMD5  string
}

// benchmarkResources are what the resource check of AMD's harness compares
// with, in its submissions to MLPerf Inference v5.1.
var benchmarkResources = map[string]resources{
	"llama2-70b":                llama2Resources,
	"llama2-70b-interactive":    llama2Resources,
	"llama3_1-405b":             llama31Resources,
	"llama3_1-405b-interactive": llama31Resources,
	"mixtral-8x7b": {
		models:   []string{"/model/mixtral-8x7b/fp8_quantized"},
		modelMD5: []string{"d429c34b5ea2876a0b788ddee0165d7e", "ec737dc84c82a1d2ff4c28c284d12cca"},
		data:     "/data/mixtral-8x7b/mlperf_mixtral8x7b_dataset_15k.pkl",
		dataMD5:  "ded6c711288c9bbca02929855557b8c1",
	},
}

var llama2Resources = resources{
	models:   []string{"/model/llama2-70b-chat-hf/fp4_quantized", "/model/llama2-70b-chat-hf/fp8_quantized"},
	modelMD5: []string{"4d0cbae6b8bccbdfc8fdd73aa2829917", "332a949d2829dd1b96fb2c162075c993", "b7aa0389b68d204fe6fca1c6a600db61"},
	data:     "/data/processed-openorca/open_orca_gpt4_tokenized_llama.sampled_24576.pkl",
	dataMD5:  "5fe8be0a7ce5c3c9a028674fd24b00d5",
}

var llama31Resources = resources{
	models:   []string{"/model/llama3.1-405b/fp4_quantized", "/model/llama3.1-405b/fp8_quantized", "/model/llama3.1-405b/fp4_quantized/pruned_59_84"},
	modelMD5: []string{"7dccd6047bbf888c31bce62f588b9dbb", "9cf165d1e925964ff9936902d6db3613", "fd1d753bf4e8a98ce6cc7e39a9d49295"},
	data:     "/data/llama3.1-405b/mlperf_llama3.1_405b_dataset_8313_processed_fp16_eval.pkl",
	dataMD5:  "25d9f2085bbcacb07554cd7f4af303c9",
}

// digestOf is [dataset.Digest]; a type of its own lets tests count files of any size.
type digestOf func(ctx context.Context, path, algorithm string) (digest string, cached bool, err error)

// checkResources compares model and data set with the benchmark's usual ones:
// the paths as the manifest has them, and the content of what is at a usual
// path. What is nobody's benchmark has nothing to be compared with.
func (p *Plan) checkResources(ctx context.Context, digest digestOf) []Finding {
	usual, known := benchmarkResources[p.Benchmark]
	if !known || p.Engine.Simulated || p.NoResourceCheck {
		return nil
	}
	abort, _ := manifest.Bool(p.Manifest.HarnessConfig, "resource_checker_abort_on_failure")
	var out []Finding
	differs := func(format string, args ...any) {
		out = append(out, Finding{Text: fmt.Sprintf(format, args...), Fatal: abort, Invalid: true})
	}
	compare := func(what, file string, want []string) {
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			return // that it is missing has been said
		}
		have, _, err := digest(ctx, file, "md5")
		switch {
		case err != nil:
			differs("the MD5 of %s cannot be made: %v", what, err)
		case !slices.Contains(want, have):
			differs("%s has MD5 %s, that of %s is %s", what, have, p.Benchmark, strings.Join(want, " or "))
		}
	}
	if path := p.modelPath(); p.Engine.External {
		// What the engine there has loaded cannot be seen from here.
	} else if !slices.Contains(usual.models, path) {
		differs("the model is %s, that of %s is %s", path, p.Benchmark, strings.Join(usual.models, " or "))
	} else if shard := engine.FirstShard(p.Engine.Model); shard != "" {
		compare("the model's first file "+shard, shard, usual.modelMD5)
	}
	if p.Worker() {
		// A worker node reads no samples.
	} else if p.Data.Path != usual.data {
		differs("the data set is %s, that of %s is %s", p.Data.Path, p.Benchmark, usual.data)
	} else {
		compare("the data set "+p.Data.File, p.Data.File, []string{usual.dataMD5})
	}
	return out
}

// modelPath is the model as the manifest names it.
func (p *Plan) modelPath() string {
	text, _ := manifest.Text(p.Manifest.EngineConfig, p.Engine.Facts.Model)
	return text
}

// checkDeclared compares data set and model with the digests that
// harness_config declares.
func (p *Plan) checkDeclared(ctx context.Context, digest digestOf) []Finding {
	var out []Finding
	compare := func(key, what, file string) {
		declared, ok := manifest.Text(p.Manifest.HarnessConfig, key)
		if !ok || declared == "" {
			return
		}
		fatal := func(format string, args ...any) {
			out = append(out, Finding{Text: "harness_config." + key + ": " + fmt.Sprintf(format, args...), Fatal: true})
		}
		algorithm, want, ok := strings.Cut(declared, ":")
		if !ok {
			fatal("%q is no digest; want sha256:HEX or md5:HEX", declared)
			return
		}
		if file == "" {
			fatal("there is no file to compare it with: %s", what)
			return
		}
		if _, err := os.Stat(file); err != nil {
			return // that it is missing has been said
		}
		have, _, err := digest(ctx, file, algorithm)
		switch {
		case err != nil:
			fatal("%v", err)
		case !strings.EqualFold(have, want):
			fatal("%s %s has %s:%s, declared is %s", what, file, algorithm, have, declared)
		}
	}
	if !p.Data.Synthetic && !p.Worker() {
		compare("dataset_digest", "the data set", p.Data.File)
	}
	if !p.Engine.Simulated && !p.Engine.External {
		what := "the model's first file"
		file := engine.FirstShard(p.Engine.Model)
		if info, err := os.Stat(p.Engine.Model); err == nil && info.Mode().IsRegular() {
			what, file = "the model", p.Engine.Model
		}
		compare("model_digest", what, file)
	}
	return out
}

var _ digestOf = dataset.Digest
