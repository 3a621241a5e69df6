package fit

import (
	"math"
	"slices"
)

// page is a page of one layer's cache: what a block of tokens, or a state, takes.
type page struct {
	kind  Kind
	block int64 // tokens
	bytes int64
	// window is of layers that see the last tokens only.
	window int64
	layer  int
}

// same is what layers of one group share.
func (p page) same(o page) bool {
	return p.kind == o.kind && p.block == o.block && p.bytes == o.bytes && p.window == o.window
}

// grows reports whether a request takes more pages as it gets longer, without an end.
func (p page) grows() bool { return p.kind == Full || p.kind == Latent }

// group is layers whose pages are handed out together.
type group struct {
	pages []page
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// cache computes tokens, concurrency and lengths out of the KV memory.
func (v *vllm) cache() {
	r := v.r
	if len(v.Model.Unknown) > 0 {
		return
	}
	pages, ok := v.pages()
	if !ok {
		return
	}
	if len(pages) == 0 {
		r.cannot("a KV cache: no layer keeps anything")
		return
	}
	groups, ok := v.groups(pages)
	if !ok {
		return
	}
	first, last := v.stage()
	perBlock := bytesPerBlock(groups, first, last)
	growing := int64(0)
	var block int64 = math.MaxInt64
	for _, g := range groups {
		if g.pages[0].grows() {
			growing++
			block = min(block, g.pages[0].block)
		}
	}
	if growing > 0 {
		r.BytesPerToken = ptr(float64(perBlock*growing) / float64(block*v.dcp))
		r.say("kv-bytes-per-token", vllmSpecs+" and "+vllmUtils+", get_kv_cache_groups",
			"%d layers in %d groups: %d bytes a block of %d tokens, %.0f bytes a token on a GPU at %s", last-first, len(groups), perBlock, block, *r.BytesPerToken, v.kvType)
	}
	checkBlock := perBlock
	if v.pp > 1 && since(v.Release, vllmGlobalCheck) && !since(v.Release, vllmStageCheck) {
		checkBlock = bytesPerBlock(groups, 0, len(v.Model.Layers))
		r.say("stages-counted-together", vllmUtils+", get_kv_cache_configs", "this release checks one request against the layers of all stages: %d bytes a block", checkBlock)
	}
	if v.maxLen > 0 {
		needed := float64(checkBlock) * float64(v.blocksFor(groups, v.maxLen))
		r.Needed = ptr(gibs(needed))
		r.say("kv-needed", vllmUtils+", _max_memory_usage_bytes_from_groups", "one request of %d tokens takes %.2f GiB", v.maxLen, needed/gib)
	}
	if r.KV == nil || *r.KV <= 0 {
		return
	}
	available := int64(*r.KV * gib)
	blocks := available / perBlock
	if told := v.Args.num(0, "num_gpu_blocks_override"); told > 0 {
		blocks = told
		available = told * checkBlock
	}
	r.Blocks = &blocks
	v.tokens(groups, blocks, block, growing)
	if since(v.Release, vllmNullBlock) {
		available -= checkBlock
	}
	v.lengths(groups, available/checkBlock)
}

// tokens is what the engine reports of the cache.
func (v *vllm) tokens(groups []group, blocks, block, growing int64) {
	r := v.r
	if v.maxLen > 0 {
		c := float64(blocks) / float64(max(1, v.blocksFor(groups, v.maxLen)))
		r.Concurrency = ptr(math.Round(c*100) / 100)
		r.say("max-concurrency", vllmUtils+", get_max_concurrency_for_kv_cache_config", "%d blocks hold %.2f requests of %d tokens", blocks, c, v.maxLen)
		if since(v.Release, vllmTokensOfLen) {
			r.Tokens = ptr(int64(c * float64(v.maxLen)))
			r.say("kv-tokens", vllmUtils+", get_kv_cache_capacity", "reported as concurrency x max_model_len: %d tokens", *r.Tokens)
			return
		}
	}
	smallest := groups[0].pages[0].block
	for _, g := range groups {
		if g.pages[0].kind != State || growing == 0 {
			smallest = min(smallest, g.pages[0].block)
		}
	}
	r.Tokens = ptr(blocks / int64(len(groups)) * smallest * v.dcp)
	r.say("kv-tokens", vllmUtils, "%d blocks / %d groups x %d tokens = %d tokens", blocks, len(groups), smallest*v.dcp, *r.Tokens)
}

// lengths finds the longest request that the blocks hold.
func (v *vllm) lengths(groups []group, blocks int64) {
	r := v.r
	top := int64(limit)
	if v.Model.MaxLen > 0 {
		top = max(v.Model.MaxLen, v.maxLen)
	}
	low, high := int64(0), top
	for low < high {
		middle := (low + high + 1) / 2
		if v.blocksFor(groups, middle) <= blocks {
			low = middle
		} else {
			high = middle - 1
		}
	}
	r.MaxLen = &low
	r.say("max-model-len", vllmUtils+", _estimate_max_model_len_from_groups", "%d tokens is the longest request that fits", low)
	if v.maxLen > low {
		r.refuse("request-does-not-fit", vllmUtils+", _check_enough_kv_cache_memory", "one request of max_model_len %d takes %.2f GiB, there are %.2f GiB; %d would fit", v.maxLen, *r.Needed, *r.KV, low)
	}
}

// blocksFor are the blocks that one request of a length takes.
func (v *vllm) blocksFor(groups []group, length int64) (blocks int64) {
	flying := v.batched
	if since(v.Release, vllmInFlight) {
		switch {
		case v.Args.off("async_scheduling"):
			flying *= v.pp
		case v.pp == 1:
			flying *= 2
		default:
			flying *= v.pp + 1
		}
	}
	for _, g := range groups {
		p := g.pages[0]
		switch p.kind {
		case Full, Latent:
			blocks += ceilDiv(ceilDiv(length, v.dcp), p.block)
		case Sliding:
			blocks += ceilDiv(min(p.window-1+flying, length), p.block) + 1
		case Chunked:
			blocks += ceilDiv(min(p.window+flying, length), p.block)
		case State:
			states := 1 + v.drafts
			if v.align {
				states++
			}
			blocks += states
		}
	}
	return blocks
}

// pages are what each layer keeps, its own draft's included.
func (v *vllm) pages() ([]page, bool) {
	m := v.Model
	var pages []page
	var state, token int64 // the largest state, and one token of attention
	for i := range m.Layers {
		l := &m.Layers[i]
		p := page{kind: l.Kind, block: v.block, window: l.Window, layer: i}
		switch l.Kind {
		case Full, Sliding, Chunked:
			each, ok := cell(v.kvType, l.KeyDim, l.ValueDim)
			if !ok {
				v.r.cannot("the size of a KV cache of %s", v.kvType)
				return nil, false
			}
			p.bytes = v.block * each * max(1, l.KVHeads/v.tp)
			if l.Index > 0 { // keys alone, in 8 bits or in 16 (vllm/models/minimax_m3/common/indexer.py)
				pages = append(pages, page{kind: Latent, block: v.block, bytes: v.block * l.Index * indexBytes(v.kvType), layer: i})
			}
		case Latent:
			each, index := v.latent(l)
			if each == 0 {
				v.r.cannot("the size of a KV cache of %s", v.kvType)
				return nil, false
			}
			p.bytes = v.block * each
			if index > 0 {
				pages = append(pages, page{kind: Latent, block: v.block, bytes: v.block * index, layer: i})
			}
		case State:
			p.bytes = v.state(l)
			state = max(state, p.bytes)
		default:
			continue
		}
		if p.bytes <= 0 {
			v.r.cannot("a cache of nothing in layer %d", i)
			return nil, false
		}
		if p.grows() && token == 0 {
			token = p.bytes / v.block
		}
		pages = append(pages, p)
	}
	pages = v.draft(pages)
	if state > 0 && token > 0 && !v.pad(pages, state, token) {
		return nil, false
	}
	if v.Args.on("disable_hybrid_kv_cache_manager") {
		for i := range pages {
			if pages[i].kind == Sliding || pages[i].kind == Chunked {
				pages[i].kind, pages[i].window = Full, 0
			}
		}
	}
	return pages, true
}

// latent is the bytes of a token of MLA: fp8_ds_mla packs 656, the index of sparse attention has
// 8 bits and a scale of 4 bytes for 128 elements (vllm/model_executor/layers/attention/mla_attention.py
// and vllm/model_executor/models/deepseek_v2.py).
func (v *vllm) latent(l *Layer) (bytes, index int64) {
	if l.Index > 0 {
		index = l.Index + l.Index/128*4
	}
	switch {
	case v.kvType == "fp8_ds_mla", l.Index > 0 && bytesOf(v.kvType) == 1:
		return 656, index
	case v.kvType == "nvfp4_ds_mla":
		return 352, index
	}
	bytes, _ = cell(v.kvType, l.Width, 0)
	return bytes, index
}

// state is the bytes of a state on one rank (vllm/model_executor/layers/mamba/mamba_utils.py): the
// convolution looks back further by what is drafted.
func (v *vllm) state(l *Layer) int64 {
	conv := bytesOf(v.dtype())
	if told := bytesOf(v.Args.text("mamba_cache_dtype")); told > 0 {
		conv = told
	}
	recurrent := conv
	if own := bytesOf(l.RecurrentType); own > 0 {
		recurrent = own
	}
	if told := bytesOf(v.Args.text("mamba_ssm_cache_dtype")); told > 0 {
		recurrent = told
	}
	return int64(float64(l.Conv/v.tp*(l.Steps+v.drafts))*conv + float64(l.Recurrent/v.tp)*recurrent)
}

// draft adds the layers of the model's own draft, which keep what the last layer of attention keeps.
func (v *vllm) draft(pages []page) []page {
	s := v.Args.in("speculative_config")
	if s == nil {
		return pages
	}
	method := s.text("method")
	if method != "mtp" && method != "deepseek_mtp" && method != "qwen3_next_mtp" && method != "qwen3_5_mtp" {
		if method != "ngram" && method != "suffix" {
			v.r.cannot("the weights and the KV cache of the draft model of speculative_config")
		}
		return pages
	}
	for i := len(pages) - 1; i >= 0; i-- {
		if p := pages[i]; p.grows() {
			p.layer = len(v.Model.Layers) - 1
			for range max(1, v.Model.Drafts) {
				pages = append(pages, p)
			}
			return pages
		}
	}
	return pages
}

// pad makes the blocks of attention large enough for a state, and states as large as those
// (vllm/platforms/interface.py, before it vllm/model_executor/models/config.py).
func (v *vllm) pad(pages []page, state, token int64) bool {
	step := int64(16)
	for i := range pages {
		if pages[i].kind == Latent {
			step = 128
		}
	}
	step = max(step, v.Args.num(0, "block_size"))
	block := max(step*ceilDiv(state, step*token), v.Args.num(0, "block_size"))
	if block > 1<<20 {
		v.r.cannot("blocks of %d tokens, which a state of %d bytes would need", block, state)
		return false
	}
	v.r.say("page-padding", "vllm/platforms/interface.py, _align_hybrid_block_size", "a state takes %d bytes, so that a block of attention has %d tokens and a state is padded to %d bytes", state, block, block*token)
	for i := range pages {
		p := &pages[i]
		if p.kind == State {
			p.block, p.bytes = block, block*token
			continue
		}
		p.bytes = p.bytes / p.block * block
		p.block = block
	}
	return true
}

// groups puts layers together as the engine does, with pages of one size.
func (v *vllm) groups(pages []page) ([]group, bool) {
	if uniform(pages) {
		return []group{{pages}}, true
	}
	largest := slices.MaxFunc(pages, func(a, b page) int { return int(min(1, max(-1, a.bytes-b.bytes))) }).bytes
	for i := range pages {
		p := &pages[i]
		switch {
		case p.bytes == largest:
		case p.kind == State:
			p.bytes = largest
		case largest%p.bytes == 0:
			p.block *= largest / p.bytes
			p.bytes = largest
		case p.kind != Latent && since(v.Release, vllmPaddedPages):
			p.bytes = largest
		default:
			v.r.refuse("pages-differ", vllmUtils+", unify_kv_cache_spec_page_size", "this release cannot make the pages of all layers alike: %d bytes do not divide %d", p.bytes, largest)
			return nil, false
		}
	}
	var kinds []group
	for _, p := range pages {
		at := slices.IndexFunc(kinds, func(g group) bool { return g.pages[0].same(p) })
		if at < 0 {
			kinds, at = append(kinds, group{}), len(kinds)
		}
		kinds[at].pages = append(kinds[at].pages, p)
	}
	least, most := len(pages), 0
	for _, g := range kinds {
		least, most = min(least, len(g.pages)), max(most, len(g.pages))
	}
	size, ratio := least, 1.25
	if since(v.Release, vllmWiderRatio) {
		ratio = 1.5
	}
	if since(v.Release, vllmGroupRatio) && float64(most) < float64(least)*ratio {
		size = most
	}
	var out []group
	for _, g := range kinds {
		n := (len(g.pages) + size - 1) / size
		for i := range n {
			var part group
			for at := i; at < len(g.pages); at += n {
				part.pages = append(part.pages, g.pages[at])
			}
			out = append(out, part)
		}
	}
	return out, true
}

// uniform reports whether all layers need the same tokens, so that one group has them all.
func uniform(pages []page) bool {
	for _, p := range pages[1:] {
		f := pages[0]
		if p.block != f.block || p.grows() != f.grows() || !f.grows() && (p.kind != f.kind || p.window != f.window || p.kind == State && p.bytes != f.bytes) {
			return false
		}
	}
	return true
}

// bytesPerBlock are a block's on a stage: the largest group's, padded where others have fewer layers.
func bytesPerBlock(groups []group, first, last int) (most int64) {
	for _, g := range groups {
		var n int64
		for _, p := range g.pages {
			if first <= p.layer && p.layer < last {
				n += p.bytes
			}
		}
		most = max(most, n)
	}
	return max(1, most)
}
