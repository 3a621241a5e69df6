package schema

import _ "embed"

// The files are embedded as text, not as a file system, so that reading them
// copies nothing.

//go:embed sglang/cli.cue
var sglangCLI string

//go:embed sglang/engine.cue
var sglangEngine string

//go:embed sglang/env.cue
var sglangEnv string

//go:embed sglang/nested.cue
var sglangNested string

//go:embed sglang/releases.cue
var sglangReleases string

//go:embed sglang/sampling.cue
var sglangSampling string

//go:embed vllm/cli.cue
var vllmCLI string

//go:embed vllm/engine.cue
var vllmEngine string

//go:embed vllm/env.cue
var vllmEnv string

//go:embed vllm/nested.cue
var vllmNested string

//go:embed vllm/releases.cue
var vllmReleases string

//go:embed vllm/sampling.cue
var vllmSampling string

// embedded are the files of an engine, nil for an unknown one.
func embedded(engine string) []sourceFile {
	switch engine {
	case "sglang":
		return []sourceFile{
			{"sglang/cli.cue", sglangCLI},
			{"sglang/engine.cue", sglangEngine},
			{"sglang/env.cue", sglangEnv},
			{"sglang/nested.cue", sglangNested},
			{"sglang/releases.cue", sglangReleases},
			{"sglang/sampling.cue", sglangSampling},
		}
	case "vllm":
		return []sourceFile{
			{"vllm/cli.cue", vllmCLI},
			{"vllm/engine.cue", vllmEngine},
			{"vllm/env.cue", vllmEnv},
			{"vllm/nested.cue", vllmNested},
			{"vllm/releases.cue", vllmReleases},
			{"vllm/sampling.cue", vllmSampling},
		}
	}
	return nil
}
