package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/client/mock"
)

// job is what a client is asked to do.
type job struct {
	requests, output int
	inFlight         int // 0: by rate
	rate             int // requests per second, Poisson
	first, perToken  time.Duration
}

// client is a program that is compared.
type client struct {
	name, about string
	// command makes the command line; the client writes its own times to out.
	command func(j job, url, out string) *exec.Cmd
	// times reads what the client says of each request, in order of sending.
	times func(out string) ([]said, error)
}

// said is what a client says of a request, in seconds.
type said struct {
	sent, ttft, tpot float64
	late             float64 // -1: not told
}

type bench struct {
	folder  string
	mock    string // the mock's program
	clients []client
}

// values are figures by name.
type values map[string]float64

func newBench() (*bench, error) {
	folder, err := os.MkdirTemp("", "bench-client-")
	if err != nil {
		return nil, err
	}
	b := &bench{folder: folder, mock: filepath.Join(folder, "mock")}
	drive := filepath.Join(folder, "drive")
	for program, source := range map[string]string{b.mock: "./tools/bench/client/mock", drive: "./tools/bench/client/drive"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building %s: %w\n%s", source, err, out)
		}
	}
	b.clients = []client{ours(drive, "ours")}
	if _, err := os.Stat(".peers/vllm-rs"); err == nil {
		b.clients = append(b.clients, vllmRS())
	} else {
		fmt.Fprintln(os.Stderr, "compare: .peers/vllm-rs is not there: our figures alone (tools/bench/client/peers.sh installs it)")
	}
	b.clients = append(b.clients, ours(drive, "by reads", "-reads"))
	return b, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.folder) }

// ours is internal/client by the kernel's times, and again by its reads' and writes'.
func ours(program, name string, more ...string) client {
	return client{
		name:  name,
		about: strings.TrimSpace("internal/client: streaming, token ids asked for and compared with usage, every result written as JSON " + strings.Join(more, " ")),
		command: func(j job, url, out string) *exec.Cmd {
			return exec.Command(program, append([]string{
				"-url", url, "-out", out, "-n", strconv.Itoa(j.requests), "-output", strconv.Itoa(j.output),
				"-c", strconv.Itoa(max(j.inFlight, 1)), "-rate", strconv.Itoa(j.rate),
			}, more...)...)
		},
		times: func(out string) ([]said, error) {
			var all []said
			err := eachLine(out, func(line []byte) error {
				var r struct {
					Scheduled float64 `json:"scheduled_ns"`
					Sent      float64 `json:"sent_ns"`
					First     float64 `json:"first_token_ns"`
					Last      float64 `json:"last_token_ns"`
					Tokens    float64 `json:"output_tokens"`
					Error     string  `json:"error"`
				}
				if err := json.Unmarshal(line, &r); err != nil {
					return err
				}
				if r.Error != "" {
					return fmt.Errorf("a request failed: %s", line)
				}
				all = append(all, said{sent: r.Sent / 1e9, ttft: (r.First - r.Sent) / 1e9, tpot: (r.Last - r.First) / max(r.Tokens-1, 1) / 1e9, late: (r.Sent - r.Scheduled) / 1e9})
				return nil
			})
			return all, err
		},
	}
}

func vllmRS() client {
	return client{
		name:  "vllm-rs",
		about: "vllm-rs bench serve of vLLM 0.33.0 (Rust), token-id prompts",
		command: func(j job, url, out string) *exec.Cmd {
			args := []string{
				"bench", "serve", "--backend", "openai", "--model", "mock", "--tokenizer", ".peers/tokenizer", "--base-url", url,
				"--dataset-name", "random", "--random-input-len", "32", "--random-output-len", strconv.Itoa(j.output), "--prompt-token-ids", "--ignore-eos",
				"--num-prompts", strconv.Itoa(j.requests), "--disable-tqdm", "--save-result", "--save-detailed", "--result-dir", filepath.Dir(out), "--result-filename", filepath.Base(out),
			}
			if j.rate > 0 {
				args = append(args, "--request-rate", strconv.Itoa(j.rate))
			} else {
				args = append(args, "--max-concurrency", strconv.Itoa(j.inFlight), "--no-steady-state")
			}
			return exec.Command(".peers/vllm-rs", args...)
		},
		times: func(out string) ([]said, error) {
			data, err := os.ReadFile(out)
			if err != nil {
				return nil, err
			}
			var r struct {
				Sent      []float64   `json:"start_times"`
				TTFT      []float64   `json:"ttfts"`
				Gaps      [][]float64 `json:"itls"`
				Completed int         `json:"completed"`
			}
			if err := json.Unmarshal(data, &r); err != nil {
				return nil, err
			}
			if r.Completed != len(r.Sent) || len(r.TTFT) != len(r.Sent) || len(r.Gaps) != len(r.Sent) {
				return nil, fmt.Errorf("%d of %d requests completed", r.Completed, len(r.Sent))
			}
			var all []said
			for i := range r.Sent {
				sum := 0.0
				for _, g := range r.Gaps[i] {
					sum += g
				}
				all = append(all, said{sent: r.Sent[i], ttft: r.TTFT[i], tpot: sum / float64(max(len(r.Gaps[i]), 1)), late: -1})
			}
			return all, nil
		},
	}
}

// measured is one run of a client.
type measured struct {
	start  time.Duration // from its start to the first request's arrival
	cpu    time.Duration
	memory int64 // bytes, the most that was resident
	truth  []mock.Visit
	said   []said
}

func (b *bench) measure(c client, j job) (measured, error) {
	out := filepath.Join(b.folder, "out.json")
	server, err := mock.StartProcess(exec.Command(b.mock, "-first", j.first.String(), "-per-token", j.perToken.String()))
	if err != nil {
		return measured{}, err
	}
	cmd := c.command(j, server.URL(), out)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	from := time.Now()
	ran := cmd.Start()
	var memory int64
	if ran == nil {
		stop := watchMemory(cmd.Process.Pid)
		ran = cmd.Wait()
		memory = stop()
	}
	truth, err := server.Stop()
	if err := errors.Join(ran, err); err != nil {
		return measured{}, fmt.Errorf("%s: %w\n%s", c.name, err, log.Bytes())
	}
	m := measured{truth: truth, memory: memory, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if len(m.truth) != j.requests {
		return m, fmt.Errorf("%s: %d of %d requests came", c.name, len(m.truth), j.requests)
	}
	m.start = time.Duration(m.truth[0].Arrival - from.UnixNano())
	if m.said, err = c.times(out); err == nil && len(m.said) != j.requests {
		err = fmt.Errorf("%s tells of %d of %d requests", c.name, len(m.said), j.requests)
	}
	slices.SortFunc(m.said, func(a, b said) int { return int((a.sent - b.sent) * 1e9) })
	return m, err
}

// watchMemory follows the most memory that was resident of a process. What the
// kernel tells at its end (ru_maxrss) would count the process that started it.
func watchMemory(pid int) (stop func() int64) {
	end, most := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var high int64
		for {
			if data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
				if _, after, ok := bytes.Cut(data, []byte("VmHWM:")); ok {
					if n, err := strconv.ParseInt(string(bytes.Fields(after)[0]), 10, 64); err == nil {
						high = max(high, n*1024)
					}
				}
			}
			select {
			case <-end:
				most <- high
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(end)
		return <-most
	}
}

func eachLine(path string, f func(line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if err := f(lines.Bytes()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return lines.Err()
}

// repeat measures every client rounds times, in turn, and returns the medians.
func (b *bench) repeat(rounds int, f func(client) (values, error)) (map[string]values, error) {
	all := map[string]map[string][]float64{}
	for range rounds {
		for _, c := range b.clients {
			v, err := f(c)
			if err != nil {
				return nil, err
			}
			if all[c.name] == nil {
				all[c.name] = map[string][]float64{}
			}
			for name, x := range v {
				all[c.name][name] = append(all[c.name][name], x)
			}
		}
	}
	out := map[string]values{}
	for name, figures := range all {
		out[name] = values{}
		for figure, x := range figures {
			slices.Sort(x)
			out[name][figure] = x[len(x)/2]
		}
	}
	return out, nil
}

func (b *bench) header() {
	for _, c := range b.clients {
		fmt.Printf("%14s", c.name)
	}
	if len(b.clients) > 1 {
		fmt.Printf("%14s", "ours/"+b.clients[1].name)
	}
	fmt.Println()
}

func (b *bench) row(title string, got map[string]values, figure, form string) {
	fmt.Printf("%-34s", title)
	var shown []float64
	for _, c := range b.clients {
		v, ok := got[c.name][figure]
		if !ok {
			fmt.Printf("%14s", "not told")
			continue
		}
		shown = append(shown, v)
		fmt.Printf("%14s", fmt.Sprintf(form, v))
	}
	if len(shown) > 1 && shown[1] != 0 {
		fmt.Printf("%14.3f", shown[0]/shown[1])
	}
	fmt.Println()
}

func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(data))[0]
}
