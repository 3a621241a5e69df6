package engine

// vllmBackend is vLLM's server, "vllm serve MODEL"; with ray, its workers are
// started by Ray.
func vllmBackend(ray bool) backend {
	b := backend{
		protocol:         VLLM,
		command:          []string{"vllm", "serve"},
		modelKey:         "model",
		modelPositional:  true,
		tensorParallel:   "tensor_parallel_size",
		pipelineParallel: "pipeline_parallel_size",
		dataParallel:     "data_parallel_size",
	}
	if ray {
		b.fixed = map[string]any{"distributed_executor_backend": "ray"}
	}
	return b
}
