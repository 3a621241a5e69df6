// Command clients measures what one client process can send on this machine and what two and four
// of them add: mlrun run --clients 1, 2 and 4 against the mock server, over loopback. What it
// prints is a table for docs/clients.md.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/client/mock"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/run/bench"
)

func main() {
	rounds := flag.Int("rounds", 3, "number of rounds; the table has their medians")
	flag.Parse()
	if err := measure(*rounds); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(2)
	}
}

// load is one row's load: offline (rate 0) or at a rate.
type load struct {
	name             string
	rate             float64
	requests, tokens int
}

var loads = []load{
	{"as fast as the server answers, 64 in flight, 1 token", 0, 100_000, 1},
	{"5,000 requests/s, streams of 1 token", 5_000, 25_000, 1},
	{"10,000 requests/s, streams of 1 token", 10_000, 50_000, 1},
	{"20,000 requests/s, streams of 1 token", 20_000, 80_000, 1},

	{"2,000 requests/s, streams of 128 tokens", 2_000, 10_000, 128},
}

var counts = []int{1, 2, 4}

// figures are those of one run.
type figures struct {
	requests, tokens     float64 // a second
	lateP50, lateP99     float64 // ms
	ttftP50, ttftP99     float64 // ms
	clientCPU, serverCPU float64 // µs a request
}

func measure(rounds int) error {
	dir, err := os.MkdirTemp("", "bench-clients-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bencher{dir: dir, mlrun: filepath.Join(dir, "mlrun")}
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.mlrun, "./cmd/mlrun")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building mlrun: %w", err)
	}
	if err := os.WriteFile(b.data(), []byte(strings.Repeat(`{"tok_input": [`+strings.TrimSuffix(strings.Repeat("7, ", 32), ", ")+"]}\n", samples)), 0o600); err != nil {
		return err
	}
	fmt.Printf("%d CPUs, client and server on the same; medians of %d rounds\n\n", runtime.NumCPU(), rounds)
	fmt.Println("| load | clients | requests/s | tokens/s | late p50 | late p99 | TTFT p50 | TTFT p99 | clients' CPU a request | server's |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, l := range loads {
		all := make([][]figures, len(counts))
		for range rounds { // in turns, so that the load of others hits all alike
			for i, n := range counts {
				f, err := b.run(l, n)
				if err != nil {
					return fmt.Errorf("%s, %d clients: %w", l.name, n, err)
				}
				all[i] = append(all[i], f)
			}
		}
		for i, n := range counts {
			of := func(value func(figures) float64) float64 {
				var values []float64
				for _, f := range all[i] {
					values = append(values, value(f))
				}
				slices.Sort(values)
				return values[len(values)/2]
			}
			late := func(v float64) string {
				if l.rate == 0 {
					return ""
				}
				return fmt.Sprintf("%.2f ms", v)
			}
			fmt.Printf("| %s | %d | %.0f | %.0f | %s | %s | %s | %s | %.0f µs | %.0f µs |\n", l.name, n,
				of(func(f figures) float64 { return f.requests }), of(func(f figures) float64 { return f.tokens }),
				late(of(func(f figures) float64 { return f.lateP50 })), late(of(func(f figures) float64 { return f.lateP99 })),
				late(of(func(f figures) float64 { return f.ttftP50 })), late(of(func(f figures) float64 { return f.ttftP99 })),
				of(func(f figures) float64 { return f.clientCPU }), of(func(f figures) float64 { return f.serverCPU }))
		}
	}
	return nil
}

const samples = 1024

type bencher struct {
	dir, mlrun string
	runs       int
}

func (b *bencher) data() string { return filepath.Join(b.dir, "data.jsonl") }

// run carries a load out with so many clients.
func (b *bencher) run(l load, clients int) (f figures, err error) {
	b.runs++
	path := filepath.Join(b.dir, fmt.Sprintf("manifest-%d.yaml", b.runs))
	out := filepath.Join(b.dir, fmt.Sprintf("run-%d", b.runs))
	if err := b.write(path, l); err != nil {
		return f, err
	}
	server := exec.Command(b.mlrun, "selftest-server", "--first", "0s", "--per-token", "0s")
	s, err := mock.StartProcess(server)
	if err != nil {
		return f, err
	}
	c := exec.Command(b.mlrun, "run", path, "--external", s.URL(), "--clients", fmt.Sprint(clients), "--concurrency", "64", "--late-limit", "1h", "--quiet", "--out", out)
	said, runErr := c.CombinedOutput()
	visits, err := s.Stop()
	if err != nil {
		return f, err
	}
	var status *exec.ExitError
	if runErr != nil && (!errors.As(runErr, &status) || status.ExitCode() != 1) {
		return f, fmt.Errorf("%w: %s", runErr, said)
	}
	if len(visits) != l.requests {
		return f, fmt.Errorf("%d requests came, not %d: %s", len(visits), l.requests, said)
	}
	text, err := os.ReadFile(filepath.Join(out, "summary.json"))
	if err != nil {
		return f, err
	}
	type spread struct {
		P50 float64 `json:"p50_ms"`
		P99 float64 `json:"p99_ms"`
	}
	var sum struct {
		Seconds        float64
		Completed      int
		Output         int    `json:"output_tokens"`
		Lateness, TTFT spread `json:",omitempty"`
	}
	if err := json.Unmarshal(text, &sum); err != nil {
		return f, err
	}
	if sum.Completed != l.requests {
		return f, fmt.Errorf("%d of %d requests were answered: %s", sum.Completed, l.requests, said)
	}
	cpu := func(c *exec.Cmd) float64 {
		return float64((c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Microseconds()) / float64(l.requests)
	}
	return figures{
		requests: float64(sum.Completed) / sum.Seconds, tokens: float64(sum.Output) / sum.Seconds,
		lateP50: sum.Lateness.P50, lateP99: sum.Lateness.P99, ttftP50: sum.TTFT.P50, ttftP99: sum.TTFT.P99,
		clientCPU: cpu(c), serverCPU: cpu(server),
	}, os.RemoveAll(out)
}

// write makes the manifest of a load.
func (b *bencher) write(path string, l load) error {
	vllm, ok := backend.With(backend.VLLM, backend.VLLM)
	if !ok {
		return errors.New("the mock server's backend is missing")
	}
	rate := l.rate
	if rate == 0 {
		rate = 1
	}
	m, err := bench.Manifest(&engine.Found{Backend: vllm, Release: "0.10.2"}, bench.Load{Rate: rate}, bench.Options{
		Model: "mock", Data: b.data(), Samples: samples, Requests: l.requests, Tokens: l.tokens, IgnoreEOS: true, Seed: 1,
	})
	if err != nil {
		return err
	}
	m.Data.Digest = ""
	if l.rate == 0 {
		section, err := loadgen.ReadSection(m.Loadgen)
		if err != nil {
			return err
		}
		section.Settings.Scenario, m.Scenario, m.Variant = loadgen.Offline, "offline", "offline"
		section.Settings.MaxQueryCount = 0
		m.Loadgen = section.Map()
	}
	text, err := m.YAML()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
