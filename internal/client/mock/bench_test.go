package mock_test

import (
	"testing"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
)

// BenchmarkRun is one request of a run at full speed, with the mock's share.
func BenchmarkRun(b *testing.B) {
	for name, tokens := range map[string]int{"1 token": 1, "128 tokens": 128} {
		b.Run(name, func(b *testing.B) {
			s, err := mock.Start("127.0.0.1:0", mock.Config{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			c, err := client.New(client.Options{URLs: []string{s.URL()}, Model: "mock", Stream: true, TokenIDs: true})
			if err != nil {
				b.Fatal(err)
			}
			prompt := make([]int32, 32)
			source := client.SourceFunc(func(a client.Ask, r *client.Request) bool {
				r.Tokens, r.MaxTokens = prompt, tokens
				return a.Sent < b.N
			})
			b.ReportAllocs()
			b.ResetTimer()
			sum, err := c.Run(b.Context(), client.Plan{Pace: client.AtOnce, Concurrency: 64}, source, client.SinkFunc(func([]client.Result) error { return nil }))
			if err != nil || sum.OK != b.N {
				b.Fatal(sum, err)
			}
		})
	}
}
