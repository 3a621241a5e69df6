package backend

import "maps"

// executor is vLLM's key of what starts its workers.
const executor = "distributed_executor_backend"

// ray is vLLM with its workers started by Ray.
var ray = vllmOverRay()

func vllmOverRay() Backend {
	b := vllm
	b.Name, b.Fixed = Ray, map[string]any{executor: Ray}
	b.WarmUp = "each replica gets one prompt"
	b.Algorithms = []string{"round_robin", "shortest_queue", "shortest_queue_with_tokens"}
	return b
}

// Ray is Ray's name, both as a backend and as what starts vLLM's workers.
const Ray = "ray"

// Executor is the key by which a configuration of this engine means another
// backend, and that backend's value of it; empty where there is none.
func (b *Backend) Executor() (key, value string) {
	if b.Engine != VLLM {
		return "", ""
	}
	return executor, Ray
}

// vllmCompanion is Ray where vLLM's workers are started by it: on one machine
// each replica has a Ray of its own, over several there is one Ray, whose head
// runs beside the engine; the others run nothing but Ray.
func vllmCompanion(section map[string]any) *Companion {
	if section[executor] != Ray {
		return nil
	}
	const usualPort = "6379" // Ray's own
	return &Companion{
		Name: Ray, Title: "Ray",
		Arguments: []Words{
			{Words: []string{"ray", "start"}},
			{Words: []string{"--head", "--port", "{head-port:" + usualPort + "}", "--include-dashboard=false"}, When: Head},
			{Words: []string{"--address", "{head-address:" + usualPort + "}"}, When: Worker},
			{Words: []string{"--node-ip-address", "{address}"}, When: Address},
			{Words: []string{"--num-gpus", "{devices}"}, When: Devices},
			{Words: []string{"--disable-usage-stats", "--block"}},
		},
		Address:         "{head-address:" + usualPort + "}",
		RefusesVariable: "ROCR_VISIBLE_DEVICES",
		HeadByIP:        true,
		Variables: []Variable{
			{Name: "RAY_ADDRESS", Value: "local", When: Alone},
			{Name: "RAY_ADDRESS", Value: "{head-address:" + usualPort + "}", When: Head},
		},
	}
}

// CompanionOf finds what the engine may need beside it by its name; nil where it
// needs nothing of that name.
func (b *Backend) CompanionOf(name string) *Companion {
	key, _ := b.Executor()
	if b.Companion == nil || key == "" {
		return nil
	}
	return b.Companion(map[string]any{key: name})
}

// WithFixed returns the section with the values that the backend's name stands for.
func (b *Backend) WithFixed(section map[string]any) map[string]any {
	out := maps.Clone(section)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b.Fixed)
	return out
}
