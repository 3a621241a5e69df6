package launch

import (
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/source"
)

// helmValues reads values of vLLM's production-stack chart: each model that it serves, with the
// command that the chart's template makes of it.
var helmValues = Adapter{
	Name: "values of production-stack",
	Claims: func(f *File) bool {
		return f.Has("servingEngineSpec:") && slices.ContainsFunc(f.Documents(), func(root *source.Node) bool { return len(servedModels(root)) > 0 })
	},
	Read: func(f *File) []Launch {
		var found []Launch
		for _, root := range f.Documents() {
			shared := f.envList(root.Lookup("servingEngineSpec", "env"))
			for _, spec := range servedModels(root) {
				found = append(found, f.served(spec, shared))
			}
		}
		return found
	},
}

// servedModels are the specifications of models, without those of other programs.
func servedModels(root *source.Node) (all []*source.Node) {
	list := root.Lookup("servingEngineSpec", "modelSpec")
	if list == nil {
		return nil
	}
	for _, spec := range list.Items {
		off := spec.Lookup("enabled")
		if model := spec.Lookup("modelURL"); model != nil && model.Kind == source.String && (off == nil || off.Kind != source.Bool || off.Bool) {
			all = append(all, spec)
		}
	}
	return all
}

// helmFlags are the keys of vllmConfig whose values the template puts behind a flag.
var helmFlags = []struct{ key, flag string }{
	{"maxModelLen", "--max-model-len"},
	{"dtype", "--dtype"},
	{"tensorParallelSize", "--tensor-parallel-size"},
	{"maxNumSeqs", "--max-num-seqs"},
	{"gpuMemoryUtilization", "--gpu_memory_utilization"},
	{"maxLoras", "--max_loras"},
	{"runner", "--runner"},
	{"convert", "--convert"},
}

// served is the launch of one model, as helm/templates/deployment-vllm-multi.yaml writes it.
func (f *File) served(spec *source.Node, shared []Variable) Launch {
	b, _ := backend.Of(backend.VLLM)
	model := f.open(spec.Lookup("modelURL"), kubernetesPlace)
	l := Launch{Pos: model.Pos(), Backend: b, Program: &b.Programs[0], Words: []Word{model}}
	if repository, tag := spec.Lookup("repository"), spec.Lookup("tag"); repository != nil && tag != nil {
		l.Release = OfImage(b, Join(f.open(repository, kubernetesPlace), Word{Text: ":"}, f.open(tag, kubernetesPlace)))
		l.Release.Pos = tag.Pos
	}
	add := func(flag string, at *source.Node, values ...Word) {
		l.Words = append(append(l.Words, NewWord(flag, at.Pos)), values...)
	}
	if n := spec.Lookup("enableLoRA"); n != nil && n.Bool {
		add("--enable-lora", n)
	}
	if n := spec.Lookup("enableTool"); n != nil && n.Bool {
		add("--enable-auto-tool-choice", n)
	}
	if n := spec.Lookup("toolCallParser"); n != nil && n.Kind == source.String && n.Str != "" {
		add("--tool-call-parser", n, f.open(n, kubernetesPlace))
	}
	if config := spec.Lookup("vllmConfig"); config != nil && config.Kind == source.Map {
		if n := config.Lookup("enableChunkedPrefill"); n != nil {
			add(map[bool]string{true: "--enable-chunked-prefill", false: "--no-enable-chunked-prefill"}[n.Bool], n)
		}
		// Prefix caching that is not named is turned off.
		if n := config.Lookup("enablePrefixCaching"); n != nil {
			add(map[bool]string{true: "--enable-prefix-caching", false: "--no-enable-prefix-caching"}[n.Bool], n)
		} else {
			add("--no-enable-prefix-caching", config)
		}
		for _, known := range helmFlags {
			if n := config.Lookup(known.key); n != nil {
				add(known.flag, n, f.open(n, kubernetesPlace))
			}
		}
		l.Words = append(l.Words, f.list(config.Lookup("extraArgs"), kubernetesPlace)...)
	}
	if n := spec.Lookup("modelRevision"); n != nil {
		add("--revision", n, f.open(n, kubernetesPlace))
	}
	if n := spec.Lookup("lmcacheConfig", "enabled"); n != nil && n.Bool {
		add("--kv-transfer-config", n, Unknown(n.Pos, false))
	}
	if n := spec.Lookup("chatTemplate"); n != nil {
		add("--chat-template", n, Unknown(n.Pos, false))
	}
	l.Set(shared...)
	l.Set(f.envList(spec.Lookup("env"))...)
	return l
}
