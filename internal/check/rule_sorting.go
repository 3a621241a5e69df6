package check

import (
	"fmt"
	"math"
	"strings"

	"mlcfg/internal/diag"
)

// bucketsFit: buckets are the replicas' shares of the samples, one each, which
// add up to the whole.
func bucketsFit(c *Config, found *diag.List) {
	strategy, okS := c.harness("sorting", "strategy")
	buckets, okB := c.harness("sorting", "buckets")
	if !okS || c.faulty["harness_config.sorting.buckets"] || c.faulty["harness_config.sorting.strategy"] {
		return
	}
	shares, _ := buckets.value.([]any)
	switch {
	case strategy.value != "buckets" && okB:
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "buckets",
			Message: fmt.Sprintf("buckets have no effect with strategy %v", strategy.value),
		}, buckets, strategy)
		return
	case strategy.value != "buckets":
		return
	case !okB:
		c.report(found, diag.Diagnostic{
			Code: "buckets", Message: "strategy buckets needs buckets, a share in percent for each replica",
		}, strategy)
		return
	}
	if n, ok := c.replicas(); ok && int64(len(shares)) != n {
		c.report(found, diag.Diagnostic{
			Code:    "buckets",
			Message: fmt.Sprintf("%d buckets for %d replicas", len(shares), n),
			Hint:    "one share for each replica: device_count / (tensor x pipeline x data parallel)",
		}, buckets)
	}
	sum := 0.0
	for _, share := range shares {
		f, _ := key{value: share}.number()
		sum += f
	}
	if math.Abs(sum-100) > 1e-6 {
		c.report(found, diag.Diagnostic{
			Code:    "buckets",
			Message: fmt.Sprintf("the buckets add up to %.9g percent, not to 100", sum),
		}, buckets)
	}
}

// capacitiesFit: capacities are the replicas' speeds, one each, for greedy_pack alone.
func capacitiesFit(c *Config, found *diag.List) {
	strategy, okS := c.harness("sorting", "strategy")
	capacities, okC := c.harness("sorting", "capacities")
	if !okS || !okC || c.faulty["harness_config.sorting.capacities"] {
		return
	}
	if strategy.value != "greedy_pack" {
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "buckets",
			Message: fmt.Sprintf("capacities have no effect with strategy %v", strategy.value),
		}, capacities, strategy)
		return
	}
	list, _ := capacities.value.([]any)
	if n, ok := c.replicas(); ok && int64(len(list)) != n {
		c.report(found, diag.Diagnostic{
			Code:    "buckets",
			Message: fmt.Sprintf("%d capacities for %d replicas", len(list), n),
			Hint:    "one number for each replica: device_count / (tensor x pipeline x data parallel)",
		}, capacities)
	}
}

// chunkFits: the harness drops a whole chunk where one of its prompts is as long as
// batchpacking's limit; mlrun refuses to start then.
func chunkFits(c *Config, found *diag.List) {
	strategy, ok := c.harness("sorting", "strategy")
	limit, okL := c.engine("max_num_batched_tokens")
	length, okM := c.engine("max_model_len")
	l, isL := limit.int()
	m, isM := length.int()
	if !ok || strategy.value != "batchpacking" || !okL || !okM || !isL || !isM || length.setting == nil || l > m {
		return
	}
	c.report(found, diag.Diagnostic{
		Severity: diag.Warning, Code: "packing-limit",
		Message: fmt.Sprintf("strategy batchpacking drops every sample of a chunk with a prompt of max_num_batched_tokens %d or more, and max_model_len %d allows one", l, m),
		Hint:    "set max_num_batched_tokens above the longest prompt",
	}, limit, length, strategy)
}

// packingNeedsLimit: batchpacking fills batches up to a limit, and does nothing
// without one.
func packingNeedsLimit(c *Config, found *diag.List) {
	strategy, ok := c.harness("sorting", "strategy")
	if !ok || strategy.value != "batchpacking" {
		return
	}
	limit, _ := c.engine("max_num_batched_tokens")
	if n, isN := limit.int(); isN && n > 0 || c.faulty[strings.Join(limit.path, ".")] {
		return
	}
	c.report(found, diag.Diagnostic{
		Code:    "packing-limit",
		Message: "strategy batchpacking needs the engine's max_num_batched_tokens above 0, and does nothing without it",
		Hint:    "set max_num_batched_tokens among the engine's arguments; the harness overwrites its own by that",
	}, strategy)
}

// sortingIsOffline: a server run answers samples as they come.
func sortingIsOffline(c *Config, found *diag.List) {
	strategy, okS := c.harness("sorting", "strategy")
	scenario, okC := c.top("scenario")
	if !okS || !okC || scenario.value == "offline" || strategy.value == "ignore" {
		return
	}
	c.report(found, diag.Diagnostic{
		Severity: diag.Warning, Code: "sorting-scenario",
		Message: fmt.Sprintf("sorting strategy %v has no effect in scenario %v", strategy.value, scenario.value),
	}, strategy, scenario)
}
