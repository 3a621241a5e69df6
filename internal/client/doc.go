// Package client carries requests to the replicas of an inference engine and
// times them. It knows the engines' HTTP protocols and the clock; it knows no
// scenario, no data set and no benchmark.
//
//	c, err := client.New(client.Options{URLs: []string{"http://127.0.0.1:8000"},
//		Protocol: client.Completions, Model: "llama2-70b", Stream: true, TokenIDs: true})
//	summary, err := c.Run(ctx, client.Plan{Pace: client.OnSchedule, Balancer: b}, source, sink)
//
// source hands out requests one by one, with the time at which each is due;
// sink gets batches of results, with all times in nanoseconds since the start of
// the run. Three paces: OnSchedule (open loop: a request leaves when it is due,
// whatever the engine does), AtOnce (everything is due at the start, so many in
// flight), OnCompletion (the next one is due when one completes).
//
// A request is sent once; only one whose connection the engine had closed before
// a byte of an answer came is sent once more, and its result says so. What went
// wrong is part of the result. Latencies count from the time at which a request was due, so a
// client that is late cannot make an engine look faster than it is; how late
// each request left is recorded, and Summary says when the client, not the
// engine, was the limit.
package client
