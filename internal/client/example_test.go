package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/balance"
	"mlcfg/internal/client/mock"
)

func Example() {
	server, err := mock.Start("127.0.0.1:0", mock.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	c, err := client.New(client.Options{
		URLs: []string{server.URL()}, Protocol: client.Completions, Model: "llama2-70b", Stream: true, TokenIDs: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	balancer, err := balance.New(balance.Config{Algorithm: balance.ShortestQueue, Replicas: 1})
	if err != nil {
		log.Fatal(err)
	}

	sent := 0
	source := client.SourceFunc(func(_ client.Ask, r *client.Request) bool { // three requests, a millisecond apart
		r.ID, r.At, r.Replica = uint64(sent), time.Duration(sent)*time.Millisecond, -1
		r.Tokens, r.MaxTokens = []int32{1, 2, 3}, 4
		sent++
		return sent <= 3
	})
	var tokens int64
	sink := client.SinkFunc(func(batch []client.Result) error {
		for _, r := range batch {
			tokens += r.OutputTokens
		}
		return nil
	})
	summary, err := c.Run(context.Background(), client.Plan{Pace: client.OnSchedule, Balancer: balancer}, source, sink)
	fmt.Println(summary.OK, "requests,", tokens, "tokens,", err)
	// Output: 3 requests, 12 tokens, <nil>
}
