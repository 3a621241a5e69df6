package sim

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The benchmarks measure the simulator and a simple client together, over
// loopback, 64 requests at a time.
func BenchmarkRequests(b *testing.B) {
	prompt := "[1" + strings.Repeat(",1234", 299) + "]"
	for _, c := range []struct{ name, body string }{
		{"whole-1-token", `{"prompt":` + prompt + `,"max_tokens":1}`},
		{"stream-100-tokens", `{"prompt":` + prompt + `,"max_tokens":100,"ignore_eos":true,"stream":true,"stream_options":{"include_usage":true},"return_token_ids":true}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			cfg := Config{Model: "m", MaxNumSeqs: 1024, Latency: Latency{Step: time.Millisecond, PerSeq: 1, PerContextToken: 1, PrefillRate: 1e8}}
			h := start(b, cfg)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.SetParallelism(64 / runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					res, err := client.Post(h.URL+"/v1/completions", "application/json", strings.NewReader(c.body))
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
