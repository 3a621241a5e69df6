package check

import (
	"fmt"

	"mlcfg/internal/diag"
)

// batchHoldsSequences: each sequence of a step takes a token of the batch at
// least (vLLM: SchedulerConfig).
func batchHoldsSequences(c *Config, found *diag.List) {
	c.ordered(found, c.engine, "max_num_seqs", "max_num_batched_tokens", diag.Diagnostic{
		Code: "batch-limits", Hint: "each sequence of a batch has a token in it at least",
	})
}

// batchHoldsPrompt: without chunked prefill a prompt goes through in one batch,
// so that the longest must fit (vLLM: SchedulerConfig).
func batchHoldsPrompt(c *Config, found *diag.List) {
	chunked, ok := c.engine("enable_chunked_prefill")
	if ok && chunked.setting != nil && chunked.value == false {
		c.ordered(found, c.engine, "max_model_len", "max_num_batched_tokens", diag.Diagnostic{
			Code: "batch-limits", Hint: "without chunked prefill a whole prompt goes through in one batch",
		})
	}
}

// ordered reports a key that is set above another, set or by default. get finds
// keys by name; d lacks the message.
func (c *Config) ordered(found *diag.List, get func(string) (key, bool), low, high string, d diag.Diagnostic) {
	a, okA := get(low)
	b, okB := get(high)
	x, isX := a.number()
	y, isY := b.number()
	if !okA || !okB || !isX || !isY || a.setting == nil || x <= y {
		return
	}
	d.Message = fmt.Sprintf("%s %v is above %s %v", low, a.value, high, b.value)
	if b.setting == nil {
		d.Message += ", the default"
	}
	c.report(found, d, a, b)
}

// sglangPages: the prefill is cut into chunks of whole cache pages (SGLang: ServerArgs).
func sglangPages(c *Config, found *diag.List) {
	chunk, okC := c.engine("chunked_prefill_size")
	page, okP := c.engine("page_size")
	n, isN := chunk.int()
	p, isP := page.int()
	if !okC || !okP || !isN || !isP || n <= 0 || p <= 1 || n%p == 0 {
		return
	}
	c.report(found, diag.Diagnostic{
		Code:    "batch-limits",
		Message: fmt.Sprintf("chunked_prefill_size %d is not a multiple of page_size %d", n, p),
		Hint:    fmt.Sprintf("the nearest multiple below is %d", n-n%p),
	}, chunk, page)
}

// sglangParallel: data parallel attention shares out the tensor parallel
// devices (SGLang: ServerArgs).
func sglangParallel(c *Config, found *diag.List) {
	attention, _ := c.engine("enable_dp_attention")
	tp, okT := c.engine(c.Backend.TP)
	dp, okD := c.engine(c.Backend.DP)
	t, isT := tp.int()
	d, isD := dp.int()
	if attention.value != true || !okT || !okD || !isT || !isD || d < 1 || t%d == 0 {
		return
	}
	c.report(found, diag.Diagnostic{
		Code:    "replicas",
		Message: fmt.Sprintf("%s %d is not a multiple of %s %d, which enable_dp_attention needs", c.Backend.TP, t, c.Backend.DP, d),
	}, dp, tp)
}
