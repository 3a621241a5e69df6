package engine

// sglangBackend is SGLang's server, "python3 -m sglang.launch_server".
func sglangBackend() backend {
	return backend{
		protocol:         SGLang,
		command:          []string{"python3", "-m", "sglang.launch_server"},
		modelKey:         "model_path",
		tensorParallel:   "tp_size",
		pipelineParallel: "pp_size",
		dataParallel:     "dp_size",
		// With attention data parallel the ranks share the devices of tensor parallel.
		dataParallelShares: "enable_dp_attention",
	}
}
