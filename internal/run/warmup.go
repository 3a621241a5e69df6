package run

import (
	"context"
	"fmt"
	"slices"

	"mlcfg/internal/client"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// warmUpRequests is how many fixed prompts each replica gets before the test
// starts, as many as in the reference harness.
const warmUpRequests = 10

// warmUpOf reports whether a manifest asks for a warm-up, and how many prompts each
// replica gets where it says; 0: warmUpRequests. The reference harness reads the
// number from v6.1 on, for scenario server.
func warmUpOf(m *manifest.Manifest, scenario loadgen.Scenario) (warm bool, requests int) {
	if warm, _ = manifest.Bool(m.HarnessConfig, "enable_warmup"); !warm {
		return false, 0
	}
	n, said := manifest.Int(m.HarnessConfig, "warm_up_sample_count_per_server")
	if !said || scenario != loadgen.Server || !loadgen.Reached(m.Harness, "v6.1") {
		return true, 0
	}
	return n > 0, int(min(n, maxWarmUp))
}

// maxWarmUp bounds the prompts of a replica's warm-up, far above what is published (8,800).
const maxWarmUp = 1 << 20

// warmUp sends fixed prompts that are in no data set, so that no cache knows a
// sample before the test starts. Its results are not recorded; a failed
// request ends the run.
func (r *runner) warmUp(ctx context.Context, c *client.Client, replicas int, abort <-chan struct{}) error {
	each := orElse(r.plan.WarmUpRequests, warmUpRequests)
	r.log.Step("warm-up, %d requests a replica", each)
	left := slices.Repeat([]int{each}, replicas)
	source := client.SourceFunc(func(a client.Ask, q *client.Request) bool {
		if left[a.Replica] == 0 {
			return false
		}
		left[a.Replica]--
		q.ID, q.Replica = uint64(a.Replica*each+left[a.Replica]), a.Replica
		r.plan.fillWarmUp(q, left[a.Replica])
		return true
	})
	var failed error
	sink := client.SinkFunc(func(batch []client.Result) error {
		for i := range batch {
			if !batch[i].OK() && failed == nil {
				failed = fmt.Errorf("warm-up request to replica %d failed: %s", batch[i].Replica, batch[i].Error)
			}
		}
		return nil
	})
	// In flight are no more than the engine batches: the rest would wait there.
	flying := max(warmUpRequests, min(each, r.plan.Concurrency))
	sum, err := c.Run(ctx, client.Plan{Pace: client.AtOnce, Concurrency: flying, Timeout: r.plan.RequestTimeout, StallLimit: r.plan.StallTimeout, Abort: abort}, source, sink)
	if err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	r.checkAnswers(&sum)
	return failed
}

// warmUpLength is the length of a warm-up prompt in tokens, warmUpTokens how
// many tokens it asks for at most.
const (
	warmUpLength = 64
	warmUpTokens = 16
)

// fillWarmUp makes the i-th fixed prompt: ids that every vocabulary has.
func (p *Plan) fillWarmUp(r *client.Request, i int) {
	r.MaxTokens = warmUpTokens
	if p.samples != nil && p.samples.Tokens(0) == nil {
		r.Text = fmt.Sprintf("Warm-up prompt number %d. Count from one to ten.", i)
		return
	}
	r.Tokens = make([]int32, warmUpLength)
	for j := range r.Tokens {
		r.Tokens[j] = int32(100 + (i*warmUpLength+j*7)%900)
	}
}
