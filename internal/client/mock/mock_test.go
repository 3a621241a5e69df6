package mock_test

import (
	"testing"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/client/mock"
)

// TestMock holds that the client finds every answer of the mock whole, whatever
// is asked for, and that the mock's truth has every request.
func TestMock(t *testing.T) {
	for _, delays := range []mock.Config{{}, {FirstToken: time.Millisecond, PerToken: time.Microsecond}, {Tokens: 3}} {
		s, err := mock.Start("127.0.0.1:0", delays)
		if err != nil {
			t.Fatal(err)
		}
		for _, stream := range []bool{true, false} {
			for _, ids := range []bool{true, false} {
				for _, tokens := range []int{0, 1, 20} {
					c, err := client.New(client.Options{URLs: []string{s.URL()}, Model: "mock", Stream: stream, TokenIDs: ids})
					if err != nil {
						t.Fatal(err)
					}
					source := client.SourceFunc(func(a client.Ask, r *client.Request) bool {
						r.ID, r.Tokens, r.MaxTokens = uint64(a.Sent), []int32{1, 2, 3}, tokens
						return a.Sent < 10
					})
					want := tokens
					if want == 0 {
						want = max(delays.Tokens, 1)
					}
					sink := client.SinkFunc(func(batch []client.Result) error {
						for _, r := range batch {
							if !r.OK() || r.OutputTokens != int64(want) || r.InputTokens != 3 || (ids && len(r.OutputIDs) != want) {
								t.Errorf("%+v, stream %t, ids %t, %d tokens: %+v", delays, stream, ids, tokens, r)
							}
						}
						return nil
					})
					if _, err := c.Run(t.Context(), client.Plan{Pace: client.AtOnce, Concurrency: 2}, source, sink); err != nil {
						t.Fatal(err)
					}
					truth := s.Truth()
					if len(truth) != 10 {
						t.Fatalf("%d visits, want 10", len(truth))
					}
					for _, v := range truth {
						if v.Tokens != want || v.First < v.Arrival+int64(delays.FirstToken) || v.Last < v.First {
							t.Errorf("visit %+v", v)
						}
					}
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
