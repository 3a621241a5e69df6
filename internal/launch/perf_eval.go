package launch

import (
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/source"
)

// workload reads the workloads of vllm-project/perf-eval: a model, the server's arguments as one
// text, and its variables.
var workload = Adapter{
	Name: "workload of perf-eval",
	Claims: func(f *File) bool {
		return f.Has("serve_args:") && slices.ContainsFunc(f.Documents(), isWorkload)
	},
	Read: func(f *File) []Launch {
		b, _ := backend.Of(backend.VLLM)
		var found []Launch
		for _, root := range f.Documents() {
			if !isWorkload(root) {
				continue
			}
			server := root.Lookup(b.Engine)
			model := f.Word(server.Lookup("model"))
			l := Launch{Pos: model.Pos(), Backend: b, Program: &b.Programs[0], Words: []Word{model}}
			if args := server.Lookup("serve_args"); args != nil && args.Kind == source.String {
				l.Words = append(l.Words, unquotedWords(f.Word(args))...)
			}
			if image := server.Lookup("image"); image != nil && image.Kind == source.String {
				l.Release = OfImage(b, f.Word(image))
			}
			if n := root.Lookup("num_gpus"); n != nil && n.Kind == source.Int {
				l.Devices = int(n.Int.Int64())
			}
			l.Set(f.variables(server.Lookup("env"))...)
			found = append(found, l)
		}
		return found
	},
}

func isWorkload(root *source.Node) bool {
	model := root.Lookup(backend.VLLM, "model")
	return model != nil && model.Kind == source.String && root.Lookup(backend.VLLM, "serve_args") != nil
}

// unquotedWords are the words of a text that a shell puts in without quotes around it: split at
// spaces, and quotes in it stay.
func unquotedWords(text Word) []Word {
	b := fieldBuilder{}
	b.split(text)
	b.end()
	return b.out
}
