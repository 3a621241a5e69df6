package check

import (
	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

// Backend is how an engine is named on the command line, and what it reads.
type Backend struct {
	// Name is vllm, sglang or ray.
	Name string
	// Engine is the engine whose schema holds, and the prefix of its sections.
	Engine string
	// Model, TP, PP and DP are the engine's keys of the model's path and of its
	// tensor, pipeline and data parallel sizes.
	Model, TP, PP, DP string
	// DPShares is the switch with which data parallel takes no devices of its
	// own but shares those of tensor parallel; empty where there is none.
	DPShares string
}

// backends are all backends, in the order in which they are listed.
var backends = []Backend{
	{Name: "vllm", Engine: "vllm", Model: "model", TP: "tensor_parallel_size", PP: "pipeline_parallel_size", DP: "data_parallel_size"},
	{Name: "sglang", Engine: "sglang", Model: "model_path", TP: "tp_size", PP: "pp_size", DP: "dp_size", DPShares: "enable_dp_attention"},
	{Name: "ray", Engine: "vllm", Model: "model", TP: "tensor_parallel_size", PP: "pipeline_parallel_size", DP: "data_parallel_size"},
}

// Backends are the names of all backends.
func Backends() []string {
	names := make([]string, len(backends))
	for i, b := range backends {
		names[i] = b.Name
	}
	return names
}

// BackendOf finds a backend by its name.
func BackendOf(name string) (Backend, bool) {
	for _, b := range backends {
		if b.Name == name {
			return b, true
		}
	}
	return Backend{}, false
}

// EngineSection, SamplingSection and EnvSection are the names of the backend's
// own sections in a configuration.
func (b Backend) EngineSection() string   { return b.Engine + "_engine_config" }
func (b Backend) SamplingSection() string { return b.Engine + "_sampling_config" }
func (b Backend) EnvSection() string      { return b.Engine + "_env_config" }

// BackendLayer is the name of the layer that a backend's name puts on top.
const BackendLayer = "backend"

// Layer is what the backend's name itself sets; ok is false where that is nothing.
func (b Backend) Layer() (layer merge.Layer, ok bool) {
	if b.Name != "ray" {
		return merge.Layer{}, false
	}
	pos := diag.Pos{File: "--backend ray", Line: 1, Column: 1}
	set := func(key string, value *source.Node) *source.Node {
		return &source.Node{Kind: source.Map, Pos: pos, Fields: []source.Field{{Key: key, KeyPos: pos, Value: value}}}
	}
	value := source.Of("ray")
	value.Pos = pos
	return merge.Layer{Name: BackendLayer, Root: set(b.EngineSection(), set(executor, value))}, true
}
