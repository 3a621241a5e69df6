package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/schema"
)

// shape is how the engine wants a text, or each text of a list, to be spelt where the
// type takes any; it looks when it starts, or at every request.
type shape struct {
	engine, section string
	// path leads from the section's key to the text.
	path []string
	// takes is what the engine wants: the whole text, and a number as its text. Keys are
	// those of a map.
	takes *lazyregexp.Regexp
	keys  bool
	want  string
	// source is where the engine looks.
	source string
}

// shapes are those that no reader of the engines' sources finds: they are tests of their
// own code.
var shapes = []shape{
	{
		backend.VLLM, schema.EngineConfig,
		[]string{"show_hidden_metrics_for_version"},
		wholeText(`\s*v?(?:\d+!)?\d+(?:\.\d+)*(?:[-_.]?(?i:alpha|a|beta|b|preview|pre|c|rc)[-_.]?\d*)?(?:-\d+|[-_.]?(?i:post|rev|r)[-_.]?\d*)?(?:[-_.]?(?i:dev)[-_.]?\d*)?(?:\+[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*)?\s*`), false,
		"the number of a release, such as 0.33", "vllm/config/observability.py: packaging.version.parse",
	},
	{
		backend.VLLM, schema.EngineConfig,
		[]string{"pt_load_map_location"},
		wholeText(`[^{]*|\{\s*(?:"[^"]*"\s*:\s*"[^"]*"\s*,?\s*)*\}`), false,
		"the name of a device, or JSON with such names", "vllm/config/load.py: str | dict[str, str]",
	},
	{
		backend.VLLM, schema.EngineConfig,
		[]string{"numa_bind_cpus"},
		wholeText(`\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*`), false,
		"a list of CPUs as numactl takes it, such as 0-3 or 0,2,4-7", "vllm/config/parallel.py: _NUMACTL_CPUSET_PATTERN",
	},
	{
		backend.VLLM, schema.EngineConfig,
		[]string{"compilation_config", "custom_ops"},
		wholeText(`all|none|[+-].+`), false,
		"all, none, +op or -op", "vllm/config/compilation.py: Invalid syntax for custom op",
	},
	{
		backend.VLLM, schema.SamplingConfig,
		[]string{"logit_bias"},
		wholeText(`\s*[+-]?\d+\s*`), true, "the number of a token", "vllm/entrypoints/openai: int(token_id)",
	},
	{
		backend.SGLang, schema.SamplingConfig,
		[]string{"logit_bias"},
		wholeText(`\s*[+-]?\d+\s*`), true, "the number of a token", "sglang/srt/sampling/sampling_params.py: int(token_id)",
	},
	{
		backend.SGLang, schema.SamplingConfig,
		[]string{"watermark", "context_window"},
		wholeText(`[1-9]\d*`), false, "an integer of at least 1", "sglang/srt/sampling/watermarking/core.py: must be a positive integer",
	},
	{
		backend.SGLang, schema.SamplingConfig,
		[]string{"watermark", "key"},
		wholeText(`(?:0[xX])?[0-9a-fA-F]+`), false, "hex digits", "sglang/srt/sampling/watermarking/core.py: parse_watermark_key",
	},
}

// wholeText matches a text that is s altogether.
func wholeText(s string) *lazyregexp.Regexp { return lazyregexp.New(`^(?:` + s + `)$`) }

// textsHaveShape refuses texts that the engine cannot take apart.
func textsHaveShape(c *Config, found *diag.List) {
	for _, s := range shapes {
		if s.engine != c.Schema.Engine {
			continue
		}
		section, name := c.EngineConfig, c.Backend.EngineSection()
		if s.section == schema.SamplingConfig {
			section, name = c.SamplingConfig, c.Backend.SamplingSection()
		}
		v := any(section)
		for _, step := range s.path {
			m, _ := v.(map[string]any)
			v = m[step]
		}
		t := c.tree.Lookup(name, s.path[0])
		if v == nil || t == nil {
			continue
		}
		for _, x := range s.parts(v) {
			if s.takes.MatchString(x.text) {
				continue
			}
			at := descend(t, append(slices.Clone(s.path[1:]), x.step...))
			found.Add(diag.Diagnostic{
				Pos: at.node.Pos, Severity: diag.Error, Code: schema.Refused, Key: at.path, Backend: c.Backend.Name,
				Message: fmt.Sprintf("%s %s refuses this: %s holds %s where it wants %s", c.Schema.Engine, c.Schema.Release, s.path[len(s.path)-1], strconv.Quote(x.text), s.want),
			})
		}
	}
}

// part is a text with the steps to it.
type part struct {
	text string
	step []string
}

func (s *shape) parts(v any) (list []part) {
	switch x := v.(type) {
	case []any:
		for i, item := range x {
			list = append(list, part{fmt.Sprint(item), []string{strconv.Itoa(i)}})
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if s.keys {
				list = append(list, part{name, []string{name}})
			}
		}
	default:
		if !s.keys {
			list = append(list, part{fmt.Sprint(x), nil})
		}
	}
	return list
}
