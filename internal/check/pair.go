package check

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// pairCode is the code of findings about the two halves of a deployment.
const pairCode = "pair"

// pairRule is a condition of an engine on prefill and decode of one deployment, which it checks
// when the two first meet: after both have loaded the model.
type pairRule struct {
	engine      string
	first, last string // the releases in which the check was seen; an empty last is the newest
	key         string
	// broken reports whether the values of the key exclude each other; both are known, and nil
	// where nothing sets them.
	broken func(prefill, decode any) bool
	// wanted says what would be right.
	wanted string
	source engineSource
}

// pairRules hold for the connectors that both halves name; vLLM's for NIXL
// (vllm/distributed/kv_transfer/kv_connector), SGLang's for all (srt/disaggregation/common/conn.py).
var pairRules = []pairRule{
	{
		engine: backend.VLLM, first: "0.9.2", last: "0.11.0", key: "block_size", broken: different,
		wanted: "both have to be the same",
		source: engineSource{"add_remote_agent", "self.block_size == remote_block_size"},
	},
	{
		engine: backend.VLLM, first: "0.11.1", key: "block_size", broken: noMultiple,
		wanted: "that of decode has to be a multiple of that of prefill",
		source: engineSource{"block_size_ratio", "self.block_size % remote_block_size == 0"},
	},
	{
		engine: backend.VLLM, first: "0.9.2", last: "0.13.0", key: "tensor_parallel_size", broken: orOne(noMultiple),
		wanted: "that of decode has to be a multiple of that of prefill",
		source: engineSource{"tp_ratio", "self.tp_size % remote_tp_size == 0"},
	},
	{
		engine: backend.VLLM, first: "0.14.1", key: "tensor_parallel_size",
		broken: orOne(func(p, d any) bool { return noMultiple(p, d) && noMultiple(d, p) }),
		wanted: "one has to be a multiple of the other",
		source: engineSource{"tp_ratio", "remote_tp_size % self.tp_size == 0"},
	},
	{
		engine: backend.VLLM, first: "0.13.0", key: "kv_cache_dtype", broken: differentButAuto,
		wanted: "both have to be the same",
		source: engineSource{"compute_nixl_compatibility_hash", `"cache_dtype": str(cache_config.cache_dtype)`},
	},
	{
		engine: backend.VLLM, first: "0.19.1", key: "disable_hybrid_kv_cache_manager", broken: different,
		wanted: "both have to be the same",
		source: engineSource{"compute_nixl_compatibility_hash", `"is_hma_enabled": is_hma_enabled`},
	},
	{
		engine: backend.VLLM, first: "0.28.0", key: "speculative_config",
		broken: func(p, d any) bool { return drafts(p) != drafts(d) },
		wanted: "methods that read the model's hidden states are for both or for none",
		source: engineSource{"compute_nixl_compatibility_hash", `"speculative_config": _get_speculative_compatibility_factors(vllm_config)`},
	},
	{
		engine: backend.SGLang, first: "0.5.8", key: "page_size", broken: different,
		wanted: "both have to be the same",
		source: engineSource{"try_ensure_parallel_info", "info.page_size != self.kv_args.page_size"},
	},
	{
		engine: backend.SGLang, first: "0.5.10.post1", key: "kv_cache_dtype", broken: differentButAuto,
		wanted: "both have to be the same",
		source: engineSource{"try_ensure_parallel_info", "info.kv_cache_dtype != self.kv_cache_dtype_str"},
	},
	{
		engine: backend.SGLang, first: "0.5.7", key: "pp_size",
		broken: orOne(func(p, d any) bool { return different(p, d) && d != int64(1) }),
		wanted: "that of decode has to be 1, or that of prefill",
		source: engineSource{"_resolve_rank_mapping", "self.pp_size == info.pp_size or self.pp_size == 1"},
	},
}

func different(p, d any) bool { return p != nil && d != nil && !reflect.DeepEqual(p, d) }

// differentButAuto leaves out what the engine reads from the model.
func differentButAuto(p, d any) bool { return different(p, d) && p != "auto" && d != "auto" }

// noMultiple reports whether decode's number is no multiple of prefill's.
func noMultiple(p, d any) bool {
	np, okP := p.(int64)
	nd, okD := d.(int64)
	return okP && okD && np > 0 && nd%np != 0
}

// orOne is a condition on numbers that are 1 where nothing sets them.
func orOne(broken func(p, d any) bool) func(p, d any) bool {
	number := func(v any) any {
		if v == nil {
			return int64(1)
		}
		return v
	}
	return func(p, d any) bool { return broken(number(p), number(d)) }
}

// drafts is the method of a speculative configuration that reads the model's hidden states, empty
// for none and for those that do not (use_eagle of vllm/config/speculative.py).
func drafts(v any) string {
	m, _ := v.(map[string]any)
	method, _ := m["method"].(string)
	if slices.Contains([]string{"eagle", "eagle3", "mtp", "dflash", "dspark"}, method) {
		return method
	}
	return ""
}

// half is prefill or decode of a deployment, as one release reads it.
type half struct {
	launch  *launch.Launch
	tree    *merge.Tree
	unknown map[string]bool
	open    bool
}

func halfOf(l *launch.Launch, s *schema.Schema) half {
	line := l.Line(s)
	h := half{launch: l, open: line.Open, unknown: map[string]bool{}}
	for _, a := range line.Arguments {
		if !whole(a.Value) {
			h.unknown[a.Key.Name] = true
		}
	}
	h.tree = (&launchCheck{launch: l, line: line}).merged().Lookup(l.Backend.EngineSection())
	return h
}

// has is the value of a key; known is false where the file tells it in part.
func (h half) has(key string) (value any, at diag.Pos, known bool) {
	t := h.tree.Lookup(key)
	if t == nil {
		return nil, h.launch.Pos, !h.open && !h.unknown[key]
	}
	return t.Interface(), settingOf(t).KeyPos, !h.unknown[key]
}

// pairs holds prefill and decode of each deployment of a file together, where there is one of each.
func (lc *LaunchChecker) pairs(launches []launch.Launch) (found diag.List) {
	type deployment struct{ engine, name string }
	halves := map[deployment]map[launch.Role][]*launch.Launch{}
	var order []deployment
	for i := range launches {
		l := &launches[i]
		role := l.Role
		if role != launch.Prefill && role != launch.Decode {
			continue
		}
		d := deployment{l.Backend.Engine, l.Deployment}
		if halves[d] == nil {
			halves[d] = map[launch.Role][]*launch.Launch{}
			order = append(order, d)
		}
		halves[d][role] = append(halves[d][role], l)
	}
	for _, d := range order {
		if p, d := halves[d][launch.Prefill], halves[d][launch.Decode]; len(p) == 1 && len(d) == 1 {
			found = append(found, lc.pair(p[0], d[0])...)
		}
	}
	return found
}

// pair holds one prefill and one decode together.
func (lc *LaunchChecker) pair(prefill, decode *launch.Launch) (found diag.List) {
	s, err := lc.release(decode)
	if err != nil {
		return nil
	}
	oldest := s.Release
	if lc.options.Releases[s.Engine] == nil {
		oldest = decode.Release.Candidates(s.Engine)[0]
	}
	p, d := halfOf(prefill, s), halfOf(decode, s)
	if !meet(p, d) {
		return nil
	}
	for _, r := range pairRules {
		if r.engine != s.Engine || schema.CompareReleases(s.Release, r.first) < 0 || r.last != "" && schema.CompareReleases(s.Release, r.last) > 0 {
			continue
		}
		vp, atP, knownP := p.has(r.key)
		vd, atD, knownD := d.has(r.key)
		if !knownP || !knownD || !r.broken(vp, vd) {
			continue
		}
		finding := diag.Diagnostic{
			Pos: atD, Severity: diag.Error, Code: pairCode, Key: decode.Backend.EngineSection() + "." + r.key, Backend: decode.Backend.Name,
			Message: fmt.Sprintf("%s %s refuses to pair prefill's %s %s with decode's %s", s.Engine, s.Release, r.key, said(vp), said(vd)),
			Hint:    r.wanted,
			Related: []diag.Related{{Pos: atP, Message: "prefill's"}},
		}
		if schema.CompareReleases(oldest, r.first) < 0 {
			finding.Severity = diag.Warning
		}
		found.Add(finding)
	}
	return found
}

func said(v any) string {
	if v == nil {
		return "that is not set"
	}
	return schema.Format(v)
}

// meet reports whether two halves transfer by what the rules are about.
func meet(p, d half) bool {
	if p.launch.Backend.Engine != backend.VLLM {
		return true
	}
	for _, h := range []half{p, d} {
		config, _, known := h.has("kv_transfer_config")
		m, _ := config.(map[string]any)
		connector, _ := m["kv_connector"].(string)
		extra, _ := m["kv_connector_extra_config"].(map[string]any)
		if !known || !strings.HasPrefix(connector, "Nixl") || extra["enforce_handshake_compat"] == false {
			return false
		}
	}
	return true
}
