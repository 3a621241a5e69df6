// Package balance decides which replica serves a sample: one at a time as
// requests leave (schedule_algo, server), or all at once before they do
// (sorting, offline).
//
//	b, err := balance.New(balance.Config{Algorithm: balance.ShortestQueue, Replicas: 8})
//	replica := b.Pick(len(promptTokens)) // counts as sent
//	b.Done(replica)                      // when its last token is in
//
//	plan, err := balance.Sort(balance.Sorting{Strategy: balance.Descending}, 8, issued, tokens)
//	for _, sample := range plan.Of(0) { ... } // replica 0's samples, in order
//
// Both follow the reference harness of the public MLPerf Inference v5.1, v6.0 and v6.1
// submissions (harness_llm, server_sut.py and common/sorting.py), whose
// results are published: the same input gives the same replica and order.
package balance
