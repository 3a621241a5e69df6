package client_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/engine/sim"
)

// TestSimulatedEngine runs every protocol against the simulated engine, which
// speaks as vLLM and SGLang do, sound and with faults.
func TestSimulatedEngine(t *testing.T) { simulatedEngine(t, false) }

// TestSimulatedEngineHTTP2 is the same behind a server that speaks HTTP/2 alone, in the clear.
func TestSimulatedEngineHTTP2(t *testing.T) { simulatedEngine(t, true) }

func simulatedEngine(t *testing.T, http2 bool) {
	none := sim.Faults{}
	for _, c := range []struct {
		protocol    client.Protocol
		engine      string
		stream      bool
		incremental bool
		faults      sim.Faults
		fails       client.ErrorClass // every fifth request
	}{
		{client.Completions, backend.VLLM, true, false, none, client.NoError},
		{client.Completions, backend.VLLM, false, false, none, client.NoError},
		{client.Completions, backend.SGLang, true, false, none, client.NoError},
		{client.Completions, backend.SGLang, false, false, none, client.NoError},
		{client.Chat, backend.VLLM, true, false, none, client.NoError},
		{client.Chat, backend.VLLM, false, false, none, client.NoError},
		{client.Chat, backend.SGLang, true, false, none, client.NoError},
		{client.Generate, backend.SGLang, true, false, none, client.NoError},
		{client.Generate, backend.SGLang, true, true, none, client.NoError},
		{client.Generate, backend.SGLang, false, false, none, client.NoError},
		{client.Completions, backend.VLLM, true, false, sim.Faults{MalformedEvery: 5}, client.MalformedError},
		{client.Completions, backend.VLLM, true, false, sim.Faults{BreakEvery: 5}, client.BrokenError},
		{client.Completions, backend.VLLM, true, false, sim.Faults{MiscountEvery: 5}, client.CountsError},
		{client.Generate, backend.SGLang, true, false, sim.Faults{MalformedEvery: 5}, client.MalformedError},
		{client.Generate, backend.SGLang, false, false, sim.Faults{BreakEvery: 5}, client.BrokenError},
	} {
		t.Run(fmt.Sprintf("%s of %s, stream %t, incremental %t, %s", c.protocol, c.engine, c.stream, c.incremental, c.fails), func(t *testing.T) {
			e, err := sim.New(sim.Config{
				Protocol: c.engine, Model: "tiny", IncrementalStream: c.incremental, Faults: c.faults,
				Latency: sim.Latency{Speed: 1000}, Lengths: sim.Lengths{Median: 10},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: e, Protocols: &http.Protocols{}}
			server.Protocols.SetHTTP1(!http2)
			server.Protocols.SetUnencryptedHTTP2(http2)
			go func() { _ = server.Serve(l) }()
			defer server.Close()
			cl, err := client.New(client.Options{URLs: []string{"http://" + l.Addr().String()}, Protocol: c.protocol, Model: "tiny", Stream: c.stream, TokenIDs: c.engine == backend.VLLM, HTTP2: []bool{http2}})
			if err != nil {
				t.Fatal(err)
			}
			source := client.SourceFunc(func(a client.Ask, r *client.Request) bool {
				r.ID, r.At, r.MaxTokens = uint64(a.Sent), time.Duration(a.Sent)*time.Millisecond, 20
				if c.protocol == client.Chat {
					r.Text = "Why?"
				} else {
					r.Tokens = []int32{5, 6, 7, int32(a.Sent)}
				}
				return a.Sent < 50
			})
			ids := c.protocol == client.Generate || c.engine == backend.VLLM
			sink := client.SinkFunc(func(batch []client.Result) error {
				for _, r := range batch {
					switch {
					case r.Class != client.NoError && r.Class != c.fails:
						t.Errorf("%+v", r)
					case !r.OK():
					case r.OutputTokens < 1 || r.OutputTokens > 20 || (ids && len(r.OutputIDs) != int(r.OutputTokens)) || r.InputTokens < 1 || r.Finish == "":
						t.Errorf("%+v", r)
					case c.stream && (r.FirstToken <= 0 || r.LastToken < r.FirstToken || r.Chunks > int(r.OutputTokens)):
						t.Errorf("%+v", r)
					}
				}
				return nil
			})
			s, err := cl.Run(t.Context(), client.Plan{Timeout: 10 * time.Second}, source, sink)
			if err != nil {
				t.Fatal(err)
			}
			// Each 5th request that comes fails; some of them before a byte of answer.
			want := map[bool]int{true: (50 + s.Resent) / 5}[c.fails != client.NoError]
			if s.Sent != 50 || s.Sent-s.OK+s.Resent != want {
				t.Errorf("%+v, want %d failures", s, want)
			}
		})
	}
}
