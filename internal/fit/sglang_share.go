package fit

import "math"

// What SGLang's releases reserve, by the first that does.
const (
	sglangBySize   = "0.4.7"  // by the GPU's memory, before it one of five fractions by tensor parallel
	sglangByWork   = "0.5.3"  // by chunks and graphs
	sglangSmaller  = "0.5.9"  // smaller GPUs take larger batches
	sglangPrefill  = "0.5.10" // graphs of the prefill are on by default, and drafts have 4 GiB
	sglangNoDrafts = "0.5.14" // drafts have nothing of their own
	sglangDeepEP   = "0.5.15" // buffers of DeepEP
	sglangRunning  = "0.5.19" // max_running_requests bounds the graphs' batches
)

// context is what is in use before weights are loaded, in GiB: the process's context on the GPU, and
// buffers of communication.
func (s *sglang) context() float64 {
	const own, linked, unlinked = 0.6, 0.8, 0.13
	ranks := float64(s.tp * s.pp)
	switch {
	case ranks == 1:
		return own
	case s.GPU.linked():
		return own + linked*min(math.Log2(ranks), 2)
	}
	return own + unlinked
}

// defaults are what SGLang takes where nothing is said (server_args.py, _handle_gpu_memory_settings):
// the tokens of a chunk of the prefill, and the largest batch that has a graph.
func (s *sglang) defaults() (chunk, batch float64) {
	mib, few := s.GPU.driver(), s.tp < 4
	small := since(s.Release, sglangSmaller)
	switch {
	case mib < 20*1024:
		chunk, batch = 2048, 8
	case mib < 35*1024:
		chunk, batch = 2048, pickSize(few, 24, 80)
		if small {
			chunk, batch = 4096, pickSize(few, 48, 160)
		}
	case mib < 60*1024:
		chunk, batch = 4096, pickSize(few, 32, 160)
	case mib < 160*1024:
		chunk, batch = 8192, pickSize(few, 256, 512)
	default:
		chunk, batch = 16384, 512
	}
	if told := s.Args.num(0, "chunked_prefill_size"); told > 0 {
		chunk = float64(told)
	}
	if running := s.Args.num(0, "max_running_requests"); running > 0 && since(s.Release, sglangRunning) {
		batch = min(batch, float64(running))
	}
	if told := s.Args.num(0, "cuda_graph_max_bs", "cuda_graph_max_bs_decode"); told > 0 {
		batch = float64(told)
	}
	return chunk, batch
}

// share is mem_fraction_static where it is not set.
func (s *sglang) share() float64 {
	mib, ranks := s.GPU.driver(), float64(s.tp*s.pp)
	var share float64
	switch {
	case !since(s.Release, sglangBySize):
		share = oldShare(mib, ranks)
	case !since(s.Release, sglangByWork):
		share = round3((mib - s.reservedBySize(mib, ranks)) / mib)
	default:
		share = round3((mib - s.reservedByWork(mib, ranks)) / mib)
	}
	s.r.say("default-fraction", "sglang/srt/server_args.py, _handle_gpu_memory_settings; later "+sglangMemory, "%.0f MiB, as the driver tells, and %.0f ranks make mem_fraction_static %g", mib, ranks, share)
	if s.Model.Multimodal && since(s.Release, sglangBySize) {
		share *= s.vision()
		s.r.say("default-fraction", "sglang/srt/server_args.py, adjust_mem_fraction_for_vlm", "a model with other inputs has less: %.4f", share)
	}
	return share
}

// vision is by what the fraction is multiplied for a vision tower, by its size beside one of 24 layers of 1,024.
func (s *sglang) vision() float64 {
	tower := s.Model.config.in("vision_config")
	if tower == nil {
		return 1
	}
	layers, wide := tower.number("num_hidden_layers"), tower.number("hidden_size")
	if layers == 0 {
		layers = 24
	}
	if wide == 0 {
		wide = 1024
	}
	return 0.95 * max(0.8, min(1.05, 1-0.1*(layers*wide*wide/(24*1024*1024)-1)))
}

func round3(f float64) float64 { return math.Round(f*1000) / 1000 }

func oldShare(mib, ranks float64) float64 {
	switch {
	case mib > 81920 || ranks < 2:
		return 0.88
	case ranks >= 16:
		return 0.79
	case ranks >= 8:
		return 0.81
	case ranks >= 4:
		return 0.85
	}
	return 0.87
}

// reservedBySize is what is left for work, in MiB, by the GPU's memory alone.
func (s *sglang) reservedBySize(mib, ranks float64) float64 {
	var reserved float64
	switch {
	case mib < 35*1024:
		reserved = (2.8 + ranks/10) * 1024
	case mib < 90*1024:
		reserved = (9.5 + ranks/2) * 1024
	case mib < 160*1024:
		reserved = (12 + ranks/2) * 1024
	default:
		reserved = 32 * 1024
	}
	if s.Args["speculative_algorithm"] != nil {
		reserved += 2 * 1024
	}
	if s.Args.on("enable_dp_attention") {
		reserved += 4 * 1024
	}
	return reserved
}

// reservedByWork is what is left for work, in MiB, by chunks of the prefill and sizes of the graphs.
func (s *sglang) reservedByWork(mib, ranks float64) float64 {
	chunk, batch := s.defaults()
	reserved := 512 + max(chunk, 2048)*1.5 + ranks/8*1024
	graphs := !s.Args.on("disable_cuda_graph")
	if graphs {
		reserved += batch * 2
	}
	if s.Args.on("enable_dp_attention") {
		reserved += batch * float64(s.dp) * 3
		if batch > 300 {
			reserved += batch * float64(s.dp) * 1.5
		}
	}
	if graphs && s.prefillGraphs() {
		reserved += s.prefillReserve(chunk)
	}
	if mib > 60*1024 {
		reserved = max(reserved, 10*1024)
	}
	if graphs && s.Args.text("moe_a2a_backend") == "deepep" && since(s.Release, sglangDeepEP) {
		reserved += 2 * 1024
	}
	switch algorithm := s.Args.text("speculative_algorithm"); {
	case algorithm == "" || algorithm == "NGRAM" || since(s.Release, sglangNoDrafts):
	case algorithm == "STANDALONE":
		reserved += 6 * 1024
	case since(s.Release, sglangPrefill):
		reserved += 4 * 1024
	default:
		reserved += 2 * 1024
	}
	return reserved
}

// prefillGraphs reports whether graphs of the prefill are captured, as far as model and arguments say it.
func (s *sglang) prefillGraphs() bool {
	if s.Args.on("enable_piecewise_cuda_graph") && since(s.Release, sglangSmaller) {
		return true
	}
	return since(s.Release, sglangPrefill) && s.GPU.Capability > 0 && s.pp == 1 && !s.Model.Multimodal &&
		!s.Args.on("disable_piecewise_cuda_graph") && !s.Args.on("disable_prefill_cuda_graph") && !s.Args.on("enable_dp_attention") &&
		s.Args.text("cuda_graph_backend_prefill") != "disabled"
}

// prefillReserve is what graphs of the prefill have, in MiB: 8 for each size up to a chunk
// (generate_prefill_cuda_graph_batch_sizes), for MLA one and a half GiB.
func (s *sglang) prefillReserve(chunk float64) float64 {
	for i := range s.Model.Layers {
		if s.Model.Layers[i].Kind == Latent {
			return 1.5 * 1024
		}
	}
	sizes := 0
	for _, step := range []struct{ from, to, by float64 }{{4, 32, 4}, {48, 256, 16}, {288, 512, 32}, {576, 1024, 64}, {1280, 4096, 256}, {4608, chunk, 512}} {
		for n := step.from; n <= min(step.to, chunk); n += step.by {
			sizes++
		}
	}
	return 8 * float64(sizes)
}

func pickSize(first bool, a, b float64) float64 {
	if first {
		return a
	}
	return b
}
