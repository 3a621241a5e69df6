package backend

// zmq is the reference harness's own way over several machines: each machine's
// worker starts its engines, the head deals requests out to all of them. It means
// vLLM's sections, and SGLang's where a use case has those alone.
var (
	zmq           = overZMQ(vllm)
	zmqWithSGLang = overZMQ(sglang)
)

func overZMQ(b Backend) Backend {
	b.Name, b.AllNodes = "zmq", true
	// A worker has no --backend: its file names the engine.
	b.AlsoNamed = []string{b.Engine}
	b.Unsorted = "its head shares samples out by the speed that each worker measured"
	b.WarmUp = "its workers send ten prompts each"
	b.Algorithms = []string{"round_robin", "shortest_queue", "shortest_queue_with_tokens"}
	if b.Engine == VLLM {
		b.Versions = map[string]string{"offline": "sync", "server": "async"}
		b.PrefillApart = true
	}
	return b
}
