package launch

import (
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/source"
)

// modelRecipe reads the recipes of models of vllm-project/recipes: what the base, a variant, the
// features and the hardware come to together.
var modelRecipe = Adapter{
	Name: "recipe of a model",
	Claims: func(f *File) bool {
		return f.Has("model_id:") && f.Has("variants:", "base_args:") && hasTop(f, "model") && slices.ContainsFunc(f.Documents(), isModelRecipe)
	},
	Read: func(f *File) []Launch {
		var found []Launch
		for _, root := range f.Documents() {
			if isModelRecipe(root) && !isOmni(root) {
				found = append(found, f.recipe(root)...)
			}
		}
		return found
	},
}

func isModelRecipe(root *source.Node) bool {
	return root.Lookup("model", "model_id") != nil && (root.Lookup("variants") != nil || root.Lookup("model", "base_args") != nil)
}

// isOmni reports whether the recipe is for another program, which has flags of its own.
func isOmni(root *source.Node) bool {
	if root.Lookup("omni") != nil {
		return true
	}
	tasks := root.Lookup("meta", "tasks")
	return tasks != nil && slices.ContainsFunc(tasks.Items, func(n *source.Node) bool { return n.Str == "omni" })
}

// recipe returns the launches of a recipe: each variant as it comes, with each block for hardware
// or a strategy, and with each feature that has to be asked for.
func (f *File) recipe(root *source.Node) []Launch {
	b, _ := backend.Of(backend.VLLM)
	model := root.Lookup("model")
	base := recipePart{args: f.strings(model.Lookup("base_args")), env: f.variables(model.Lookup("base_env"))}
	optional := map[string]bool{}
	if opt := root.Lookup("opt_in_features"); opt != nil {
		for _, item := range opt.Items {
			optional[item.Str] = true
		}
	}
	var features recipePart
	var asked []recipePart
	if n := root.Lookup("features"); n != nil {
		for _, field := range n.Fields {
			part := recipePart{args: f.strings(field.Value.Lookup("args")), env: f.variables(field.Value.Lookup("env"))}
			if optional[field.Key] {
				asked = append(asked, part)
			} else {
				features = features.with(part)
			}
			asked = append(asked, f.recipeBlocks(field.Value.Lookup("hardware_overrides"))...)
			asked = append(asked, f.recipeBlocks(field.Value.Lookup("modes"))...)
		}
	}
	blocks := append(f.recipeBlocks(root.Lookup("hardware_overrides")), f.recipeBlocks(root.Lookup("strategy_overrides"))...)
	var elsewhere []string
	for _, block := range slices.Concat(blocks, asked) {
		for _, v := range block.env {
			elsewhere = append(elsewhere, v.Name)
		}
	}
	variants := root.Lookup("variants")
	if variants == nil || len(variants.Fields) == 0 {
		variants = &source.Node{Kind: source.Map, Fields: []source.Field{{Key: "default", Value: &source.Node{Kind: source.Map, Pos: model.Pos}}}}
	}
	var found []Launch
	for i, v := range variants.Fields {
		own := recipePart{args: f.strings(v.Value.Lookup("extra_args")), env: f.variables(v.Value.Lookup("extra_env"))}
		release := f.recipeRelease(b, model, v.Value)
		id := model.Lookup("model_id")
		if n := v.Value.Lookup("model_id"); n != nil {
			id = n
		}
		add := func(parts ...recipePart) {
			all := base
			for _, part := range parts {
				all = all.with(part)
			}
			l := Launch{Pos: id.Pos, Backend: b, Program: &b.Programs[0], Release: release, Words: append([]Word{f.Word(id)}, all.args...)}
			if !slices.ContainsFunc(all.args, func(w Word) bool { return strings.HasPrefix(w.Text, tensorParallel) }) {
				l.Words = append(l.Words, NewWord(tensorParallel, id.Pos), Unknown(id.Pos, false))
			}
			l.Set(all.env...)
			l.Maybe = elsewhere
			found = append(found, l)
		}
		add(own, features)
		for _, block := range f.recipeBlocks(v.Value.Lookup("hardware_overrides")) {
			add(own, block, features)
		}
		if i > 0 {
			continue // the others are the same for each variant
		}
		for _, block := range blocks {
			add(own, block, features)
		}
		for _, part := range asked {
			add(own, part)
		}
	}
	return found
}

// tensorParallel is the flag that the strategy that a reader chooses gives a launch, by the number
// of GPUs: a recipe without it does not mean one GPU.
const tensorParallel = "--tensor-parallel-size"

// recipePart are arguments and variables that go together.
type recipePart struct {
	args []Word
	env  []Variable
}

func (p recipePart) with(o recipePart) recipePart {
	return recipePart{slices.Concat(p.args, o.args), slices.Concat(p.env, o.env)}
}

// recipeBlocks are the blocks of arguments in a map of them, however deep: by hardware, strategy,
// role of a strategy.
func (f *File) recipeBlocks(n *source.Node) (all []recipePart) {
	if n == nil || n.Kind != source.Map {
		return nil
	}
	for _, field := range n.Fields {
		v := field.Value
		if v.Kind != source.Map {
			continue
		}
		part := recipePart{}
		for _, key := range []string{"extra_args", "vllm_args", "args"} {
			part.args = append(part.args, f.strings(v.Lookup(key))...)
		}
		for _, key := range []string{"extra_env", "env"} {
			part.env = append(part.env, f.variables(v.Lookup(key))...)
		}
		if len(part.args)+len(part.env) > 0 {
			all = append(all, part)
		}
		all = append(all, f.recipeBlocks(v)...)
	}
	return all
}

// recipeRelease is the oldest release that a recipe is for; newer ones are meant too.
func (f *File) recipeRelease(b *backend.Backend, model, variant *source.Node) Release {
	n := model.Lookup("min_vllm_version")
	if own := variant.Lookup("min_vllm_version"); own != nil {
		n = own
	}
	if n == nil {
		return Release{}
	}
	r := OfNumber(b, f.Word(n).Text)
	r.From, r.Pos, r.Floor = "min_vllm_version", n.Pos, r.Number != ""
	if nightly := model.Lookup("nightly_required"); nightly != nil && nightly.Bool {
		r.Later = true
	}
	return r
}

// strings are the words of a list of texts.
func (f *File) strings(n *source.Node) []Word {
	if n == nil {
		return nil
	}
	words := make([]Word, 0, len(n.Items))
	for _, item := range n.Items {
		words = append(words, f.open(item, srtPlace))
	}
	return words
}

// variables are those of a map.
func (f *File) variables(n *source.Node) []Variable {
	if n == nil {
		return nil
	}
	var all []Variable
	for _, field := range n.Fields {
		if strings.TrimSpace(field.Key) != "" {
			all = append(all, Variable{Name: field.Key, Pos: field.KeyPos, Value: f.Word(field.Value)})
		}
	}
	return all
}
