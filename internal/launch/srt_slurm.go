package launch

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
)

// srtRecipe reads the job recipes of srt-slurm, of both schemas: each worker that a recipe starts.
var srtRecipe = Adapter{
	Name: "recipe of srt-slurm",
	Claims: func(f *File) bool {
		return f.Has("container:", "model_paths", "base:") && f.Has("resources:", "roles:", "override_") && slices.ContainsFunc(f.Documents(), isSRT)
	},
	Read: func(f *File) []Launch {
		var found []Launch
		for _, root := range f.Documents() {
			for i, recipe := range srtVariants(root) {
				for _, l := range f.srt(recipe) {
					l.Deployment = strconv.Itoa(i)
					found = append(found, l)
				}
			}
		}
		return found
	},
}

func isSRT(root *source.Node) bool {
	if base := root.Lookup("base"); base != nil && base.Kind == source.Map {
		return slices.ContainsFunc(srtVariants(root), isSRT)
	}
	model, engine := root.Lookup("model"), root.Lookup("backend")
	if engine == nil {
		engine = root.Lookup("engine")
	}
	roles := root.Lookup("roles")
	return model != nil && model.Kind == source.Map && (roles != nil && roles.Kind == source.Map || engine != nil && root.Lookup("resources") != nil)
}

// srtVariants are the recipes of a file: itself, or its base with each of its overrides.
func srtVariants(root *source.Node) []*source.Node {
	base := root.Lookup("base")
	if base == nil || base.Kind != source.Map {
		return []*source.Node{root}
	}
	var all []*source.Node
	for _, f := range root.Fields {
		switch {
		case strings.HasPrefix(f.Key, "override_"):
			all = append(all, overridden(base, f.Value))
		case strings.HasPrefix(f.Key, "zip_override_"):
			for i := range min(zipped(f.Value), maxZipped) {
				all = append(all, overridden(base, atIndex(f.Value, i)))
			}
		}
	}
	if all == nil {
		return []*source.Node{base}
	}
	return all
}

// maxZipped bounds the jobs of one zip_override.
const maxZipped = 32

// overridden is a recipe with an override over it: maps merge, a null takes a key away.
func overridden(base, over *source.Node) *source.Node {
	if base == nil || base.Kind != source.Map || over.Kind != source.Map {
		return over
	}
	merged := &source.Node{Kind: source.Map, Pos: base.Pos}
	for _, f := range base.Fields {
		if own := over.Field(f.Key); own == nil {
			merged.Fields = append(merged.Fields, f)
		} else if own.Value.Kind != source.Null {
			merged.Fields = append(merged.Fields, source.Field{Key: f.Key, KeyPos: own.KeyPos, Value: overridden(f.Value, own.Value)})
		}
	}
	for _, f := range over.Fields {
		if base.Field(f.Key) == nil && f.Value.Kind != source.Null {
			merged.Fields = append(merged.Fields, f)
		}
	}
	return merged
}

// zipped is the number of jobs of a zip_override: each list in it has a value for each job.
func zipped(n *source.Node) int {
	most := 1
	if n.Kind == source.List {
		most = max(most, len(n.Items))
	}
	for _, f := range n.Fields {
		most = max(most, zipped(f.Value))
	}
	return most
}

// atIndex is a zip_override for one of its jobs.
func atIndex(n *source.Node, i int) *source.Node {
	switch {
	case n.Kind == source.List && len(n.Items) > 0:
		return n.Items[min(i, len(n.Items)-1)]
	case n.Kind == source.Map:
		one := &source.Node{Kind: source.Map, Pos: n.Pos}
		for _, f := range n.Fields {
			one.Fields = append(one.Fields, source.Field{Key: f.Key, KeyPos: f.KeyPos, Value: atIndex(f.Value, i)})
		}
		return one
	}
	return n
}

// srtModes are the names of roles in the first schema and in the second.
var srtModes = []struct {
	role Role
	keys []string
}{
	{Prefill, []string{"prefill"}},
	{Decode, []string{"decode"}},
	{Aggregated, []string{"aggregated", "agg"}},
}

// srtPlace is a parameter of a sweep, or of the job.
var srtPlace = lazyregexp.New(`\{[A-Za-z_][A-Za-z0-9_]*\}`)

// srt returns the workers of a recipe.
func (f *File) srt(root *source.Node) []Launch {
	var found []Launch
	for _, mode := range srtModes {
		for _, key := range mode.keys {
			role := root.Lookup("roles", key)
			b := srtEngine(root, role)
			if b == nil {
				continue
			}
			args, env := role.Lookup("args"), []*source.Node{root.Lookup("environment"), role.Lookup("env")}
			if role == nil {
				args = root.Lookup("backend", b.Engine+"_config", key)
				env[1] = root.Lookup("backend", key+"_environment")
			}
			if args == nil || args.Kind != source.Map {
				continue
			}
			l := Launch{Pos: args.Pos, Backend: b, Program: srtProgram(b, root), Role: mode.role, Release: f.srtRelease(b, root, role)}
			if len(args.Fields) > 0 {
				l.Pos = args.Fields[0].KeyPos
			}
			l.Words, l.Dropped = f.srtWords(b, root, args)
			if b.Engine == backend.VLLM && l.Program.Module != "" {
				l.Words = append(l.Words, f.srtConnector(root, role, args)...)
			}
			for _, section := range env {
				if section == nil {
					continue
				}
				for _, v := range section.Fields {
					l.Set(Variable{Name: v.Key, Pos: v.KeyPos, Value: f.open(v.Value, srtPlace)})
				}
			}
			found = append(found, l)
		}
	}
	return found
}

// srtEngine is the engine of a role: its own, the recipe's, or the one that is meant where none is
// named. Other engines have no launches here.
func srtEngine(root, role *source.Node) *backend.Backend {
	name := backend.SGLang
	for _, n := range []*source.Node{role.Lookup("engine", "type"), role.Lookup("engine"), root.Lookup("engine", "type"), root.Lookup("engine"), root.Lookup("backend", "type")} {
		if n != nil && n.Kind == source.String {
			name = n.Str
			break
		}
	}
	b, ok := backend.Of(name)
	if !ok || len(b.Programs) == 0 {
		return nil
	}
	return b
}

// srtProgram is how the workers are started: by Dynamo unless the front end is the engine's own.
func srtProgram(b *backend.Backend, root *source.Node) *backend.Program {
	front := root.Lookup("frontend", "type")
	if front == nil || front.Str == "dynamo" {
		for i := range b.Programs {
			if strings.HasPrefix(b.Programs[i].Module, "dynamo.") {
				return &b.Programs[i]
			}
		}
	}
	return &b.Programs[0]
}

// srtRelease is what the recipe declares of its frameworks, else what its image tells.
func (f *File) srtRelease(b *backend.Backend, root, role *source.Node) Release {
	if n := root.Lookup("identity", "frameworks", b.Engine); n != nil {
		r := OfNumber(b, f.Word(n).Text)
		if r.From, r.Pos = "identity.frameworks", n.Pos; r.Number != "" {
			return r
		}
	}
	for _, image := range []*source.Node{role.Lookup("container"), root.Lookup("model", "container")} {
		if image != nil && image.Kind == source.String {
			return OfImage(b, f.open(image, srtPlace))
		}
	}
	return Release{}
}

// srtOwn are keys of a role's arguments that srt-slurm takes for itself.
var srtOwn = []string{"connector", "kv-events-config"}

// srtSets are arguments that srt-slurm sets by itself.
var srtSets = []string{"model-path", "served-model-name", "host", "port", "nccl-port", "dist-init-addr", "nnodes", "node-rank", "disaggregation-mode", "disaggregation-bootstrap-port"}

// srtWords are the words that srt-slurm makes of a role's arguments: sorted keys, true a flag
// alone, false and null nothing.
func (f *File) srtWords(b *backend.Backend, root, args *source.Node) (words []Word, dropped []Dropped) {
	if path := root.Lookup("model", "path"); path != nil && path.Kind == source.String {
		w := f.open(path, srtPlace)
		if rest, ok := strings.CutPrefix(w.Text, "hf:"); ok {
			w = w.From(len(w.Text) - len(rest))
		}
		words = append(words, Flag(NewWord(strings.ReplaceAll(b.Model, "_", "-"), path.Pos), w)...)
	}
	fields := map[string]source.Field{}
	for _, field := range args.Fields {
		fields[field.Key] = field
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		field := fields[key]
		name := strings.ReplaceAll(key, "_", "-")
		if slices.Contains(srtOwn, name) || strings.ContainsAny(key, " \n") {
			continue
		}
		flag := NewWord(name, field.KeyPos)
		switch v := field.Value; {
		case v.Kind == source.Null, v.Kind == source.Bool && !v.Bool:
			if value := map[bool]string{true: "null", false: "false"}[v.Kind == source.Null]; !slices.Contains(srtSets, name) {
				dropped = append(dropped, Dropped{Flag: Flag(flag)[0], Value: value, By: "srt-slurm"})
			}
		case v.Kind == source.Bool:
			words = append(words, Flag(flag)...)
		case v.Kind == source.List:
			var values []Word
			for _, item := range v.Items {
				values = append(values, f.open(item, srtPlace))
			}
			words = append(words, Flag(flag, values...)...)
		case v.Kind == source.Map:
			words = append(words, Flag(flag, NewWord(v.PyStr(), v.Pos))...)
		default:
			words = append(words, Flag(flag, f.open(v, srtPlace))...)
		}
	}
	return words, dropped
}

// srtConnectors are the short names of a connector, with what srt-slurm makes of them.
var srtConnectors = map[string]string{
	"nixl":    `{"kv_connector": "NixlConnector", "kv_role": "kv_both"}`,
	"lmcache": `{"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both"}`,
	"kvbm":    `{"kv_connector": "DynamoConnector", "kv_connector_module_path": "kvbm.vllm_integration.connector", "kv_role": "kv_both"}`,
}

// srtConnector is the argument that srt-slurm makes of the connector of a role under Dynamo, which
// is the role's own, the engine's, or nixl.
func (f *File) srtConnector(root, role, args *source.Node) []Word {
	text := NewWord("nixl", args.Pos)
	for _, n := range []*source.Node{args.Lookup("connector"), role.Lookup("engine", "connector"), root.Lookup("engine", "connector"), root.Lookup("backend", "connector")} {
		if n == nil {
			continue
		}
		if n.Kind != source.String {
			return nil // null is none
		}
		text = f.open(n, srtPlace)
		break
	}
	if text.Text == "null" || text.Text == "none" || args.Lookup("kv-transfer-config") != nil || args.Lookup("kv_transfer_config") != nil {
		return nil
	}
	if preset, ok := srtConnectors[strings.ToLower(text.Text)]; ok {
		text = Word{Text: preset, spans: []span{{pos: text.Pos()}}}
	}
	return []Word{NewWord("--kv-transfer-config", text.Pos()), text}
}
