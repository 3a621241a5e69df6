package launch

import (
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
)

// benchmarkScenario reads the scenarios of llm-d-benchmark: a command of each role, or the one
// that its templates make of keys.
var benchmarkScenario = Adapter{
	Name: "scenario of llm-d-benchmark",
	Claims: func(f *File) bool {
		return f.Has("scenario:") && f.Has("modelservice:", "standalone:", "decode:") && slices.ContainsFunc(f.Documents(), isScenario)
	},
	Read: func(f *File) []Launch {
		var found []Launch
		for _, root := range f.Documents() {
			if !isScenario(root) {
				continue
			}
			for i, item := range root.Lookup("scenario").Items {
				for _, role := range scenarioRoles {
					for _, l := range f.scenarioRole(item, role) {
						l.Deployment = strconv.Itoa(i)
						found = append(found, l)
					}
				}
			}
		}
		return found
	},
}

func isScenario(root *source.Node) bool {
	list := root.Lookup("scenario")
	return list != nil && slices.ContainsFunc(list.Items, func(n *source.Node) bool {
		return slices.ContainsFunc([]string{"modelservice", "standalone", "decode"}, func(key string) bool { return n.Lookup(key) != nil })
	})
}

// scenarioRoles are the parts of a scenario that start servers.
var scenarioRoles = []scenarioRole{{Whole, "standalone"}, {Prefill, "prefill"}, {Decode, "decode"}}

type scenarioRole struct {
	role Role
	key  string
}

// scenarioPlace is what the templates fill in, which no shell could.
var scenarioPlace = lazyregexp.New(`\$\{[A-Za-z]+\.[A-Za-z.]+\}|\$\([A-Za-z_][A-Za-z0-9_]*\)|\{\{.*?\}\}`)

// common is a key that stands in an item's common part, or in the item itself.
func common(item *source.Node, path ...string) *source.Node {
	if n := item.Lookup(append([]string{"common"}, path...)...); n != nil {
		return n
	}
	return item.Lookup(path...)
}

// scenarioRole returns what one role of a scenario starts.
func (f *File) scenarioRole(item *source.Node, of scenarioRole) (found []Launch) {
	section := item.Lookup("modelservice", of.key)
	if section == nil {
		section = item.Lookup(of.key)
	}
	if section == nil || section.Kind != source.Map {
		return nil
	}
	image, known := f.scenarioImage(item, section)
	if custom := section.Lookup(backend.VLLM, "customCommand"); custom != nil && custom.Kind == source.String {
		values := f.scenarioValues(item, section)
		found = f.Shell(f.open(custom, scenarioPlace), values...)
		for i := range found {
			found[i].Variables = slices.DeleteFunc(found[i].Variables, func(v Variable) bool {
				return slices.ContainsFunc(values, func(o Variable) bool { return o.Name == v.Name })
			})
		}
	} else if l, ok := f.scenarioCommand(item, section); ok && known {
		found = []Launch{l}
	}
	own := f.envList(section.Lookup("extraEnvVars"))
	for i := range found {
		l := &found[i]
		l.Role = of.role
		if l.Release.Number == "" {
			l.Release = OfImage(l.Backend, image)
		}
		if n := common(item, "vllmCommon", "kvTransfer"); n != nil && isTrue(n.Lookup("enabled")) {
			l.Words = append(l.Words, NewWord("--kv-transfer-config", n.Pos), Unknown(n.Pos, false))
		}
		script := l.Variables
		l.Variables = nil
		l.Set(own...)
		l.Set(script...)
	}
	return found
}

// scenarioImage is the image of a role; known is false for one of another program.
func (f *File) scenarioImage(item, section *source.Node) (image Word, known bool) {
	n := section.Lookup("image")
	if n == nil || n.Kind != source.Map {
		n = common(item, "images", backend.VLLM)
	}
	repository, tag := n.Lookup("repository"), n.Lookup("tag")
	if repository == nil || repository.Kind != source.String {
		return Word{}, true // the defaults', which have vLLM's
	}
	image = f.open(repository, scenarioPlace)
	if tag != nil && tag.Kind == source.String {
		image = Join(image, Word{Text: ":"}, f.open(tag, scenarioPlace))
	}
	b, _, _, _ := backend.ImageOf(image.Text)
	return image, b != nil
}

// scenarioKeys are keys of a scenario, the flags that the templates make of them, and the
// variables by which commands name them.
var scenarioKeys = []struct {
	path      []string
	flag      string
	variables []string
}{
	{[]string{"model", "blockSize"}, "--block-size", []string{"VLLM_BLOCK_SIZE"}},
	{[]string{"model", "maxModelLen"}, "--max-model-len", []string{"VLLM_MAX_MODEL_LEN"}},
	{[]string{"model", "gpuMemoryUtilization"}, "--gpu-memory-utilization", []string{"VLLM_ACCELERATOR_MEM_UTIL"}},
	{[]string{"model", "maxNumSeq"}, "", []string{"VLLM_MAX_NUM_SEQ"}},
	{[]string{"model", "maxNumBatchedTokens"}, "", []string{"VLLM_MAX_NUM_BATCHED_TOKENS"}},
	{[]string{"parallelism", "tensor"}, "--tensor-parallel-size", []string{"VLLM_TENSOR_PARALLELISM", "TP_SIZE"}},
	{[]string{"parallelism", "dataLocal"}, "", []string{"DP_SIZE_LOCAL"}},
}

// value is a key of a role, or of the scenario.
func value(item, section *source.Node, path []string) *source.Node {
	n := section.Lookup(path...)
	if n == nil {
		n = common(item, path...)
	}
	if n == nil || n.Kind == source.Map || n.Kind == source.List || n.Kind == source.Null {
		return nil
	}
	return n
}

// scenarioValues are the variables that the templates set to keys of the scenario.
func (f *File) scenarioValues(item, section *source.Node) (all []Variable) {
	for _, key := range scenarioKeys {
		n := value(item, section, key.path)
		if n == nil || section.Lookup("vllmVariants") != nil {
			continue
		}
		for _, name := range key.variables {
			all = append(all, Variable{Name: name, Pos: n.Pos, Value: f.open(n, scenarioPlace)})
		}
	}
	return all
}

// scenarioSwitches are the flags of vllmCommon.flags.
var scenarioSwitches = []struct{ key, flag string }{
	{"enforceEager", "--enforce-eager"},
	{"disableLogRequests", "--no-enable-log-requests"},
	{"disableUvicornAccessLog", "--disable-uvicorn-access-log"},
	{"noPrefixCaching", "--no-enable-prefix-caching"},
	{"enablePrefixCaching", "--enable-prefix-caching"},
}

// scenarioCommand is the command that the templates make for a role without one of its own.
func (f *File) scenarioCommand(item, section *source.Node) (l Launch, ok bool) {
	b, _ := backend.Of(backend.VLLM)
	name := common(item, "model", "name")
	if by := section.Lookup(backend.VLLM, "modelCommand"); name == nil || name.Kind != source.String || by != nil && by.Str == "imageDefault" {
		return l, false
	}
	if on := section.Lookup("enabled"); on != nil && !isTrue(on) {
		return l, false
	}
	l = Launch{Pos: section.Pos, Backend: b, Program: &b.Programs[0], Words: []Word{f.open(name, scenarioPlace)}}
	for _, key := range scenarioKeys {
		n := value(item, section, key.path)
		if n == nil || key.flag == "" {
			continue
		}
		if number := strings.TrimLeft(f.Word(n).Text, "0."); number != "" { // 0 leaves it out
			l.Words = append(l.Words, NewWord(key.flag, n.Pos), f.open(n, scenarioPlace))
		}
	}
	for _, known := range scenarioSwitches {
		if n := common(item, "vllmCommon", "flags", known.key); isTrue(n) {
			l.Words = append(l.Words, NewWord(known.flag, n.Pos))
		}
	}
	if flags := section.Lookup(backend.VLLM, "additionalFlags"); flags != nil {
		for _, item := range flags.Items {
			l.Words = append(l.Words, f.split(f.open(item, scenarioPlace))...)
		}
	}
	return l, true
}

func isTrue(n *source.Node) bool { return n != nil && n.Kind == source.Bool && n.Bool }
