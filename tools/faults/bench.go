package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"mlcfg/internal/backend"
	"mlcfg/internal/compile/spell"
	"mlcfg/internal/engine/sim"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/report"
)

// patience bounds every wait of the campaign; no fault passes by waiting.
const patience = 2 * time.Minute

// bench is where one fault at a time is tried.
type bench struct {
	mlrun string
	mlcfg string // beside it
	dir   string // of the fault being tried
	whole string // a run directory in which nothing is wrong

	replace    map[string]string // what stands for values known after the setup
	remembered map[int]int       // what was finished at a moment
}

func newBench(mlrun, dir string) (*bench, error) {
	path, err := filepath.Abs(mlrun)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the program to be broken is not there (make build): %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	// A campaign under nohup would hand on that the hang-up is ignored, and none of
	// what it hangs up on would notice.
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	return &bench{mlrun: path, mlcfg: filepath.Join(filepath.Dir(path), "mlcfg"), whole: filepath.Join(dir, "whole")}, nil
}

// path is a file of the fault being tried.
func (b *bench) path(name ...string) string {
	return filepath.Join(append([]string{b.dir}, name...)...)
}

// The file names of a fault.
const (
	manifestName = "manifest.yaml"
	dataName     = "data/prompts.jsonl"
	runName      = "run"
	finishedName = "finished.jsonl"
)

// firstToken is the first token of sample 0's prompt: the token tells the sample.
const firstToken = 1000

// samples is how many the data set has.
const samples = 64

// prepare writes manifest and data set.
func (b *bench) prepare(change func(*manifest.Manifest, *loadgen.Settings)) error {
	if err := os.MkdirAll(b.path("data"), 0o755); err != nil {
		return err
	}
	var data bytes.Buffer
	for i := range samples {
		fmt.Fprintf(&data, `{"tok_input": [%d, 5, 6, 7, 8, 9, 10, 11]}`+"\n", firstToken+i)
	}
	if err := os.WriteFile(b.path(dataName), data.Bytes(), 0o644); err != nil {
		return err
	}
	s := loadgen.DefaultSettings()
	s.Scenario, s.ServerTargetQPS, s.OfflineExpectedQPS = loadgen.Server, 100, 100
	s.MinDuration, s.MinQueryCount = time.Second, 200
	s.UseTokenLatencies, s.TTFTLatency, s.TPOTLatency = true, 10*time.Minute, 10*time.Minute
	s.QSLSeed, s.SampleIndexSeed, s.ScheduleSeed = 1, 2, 3
	m := &manifest.Manifest{
		BenchmarkName: "llama2-70b", Scenario: "server", TestMode: "performance", Machine: "alpha", Variant: "server", Backend: backend.VLLM,
		Engine:         manifest.Engine{Name: backend.VLLM, Version: "0.9.2"},
		EngineConfig:   map[string]any{"model": "/models/llama", "max_num_seqs": int64(64)},
		SamplingConfig: map[string]any{"temperature": 0.0, "max_tokens": int64(16), "min_tokens": int64(2)},
		HarnessConfig:  map[string]any{"device_count": int64(2), "dataset_path": "/data/prompts.jsonl", "total_sample_count": int64(samples), "schedule_algo": "shortest_queue"},
		Data:           manifest.Data{Samples: samples},
		Sources:        []manifest.Source{{Path: "config.yaml", SHA256: "00"}},
		Schema:         "sha256:00",
	}
	if change != nil {
		change(m, &s)
	}
	if err := spell.Load(m); err != nil {
		return err
	}
	section := loadgen.Section{Settings: s, Library: loadgen.Library{TotalSampleCount: samples, PerformanceSampleCount: samples}, Round: "v5.1", UserConf: "/conf/user.conf", Frozen: true}
	m.Loadgen = section.Map()
	text, err := m.YAML()
	if err != nil {
		return err
	}
	return os.WriteFile(b.path(manifestName), text, 0o644)
}

// simulated are the arguments of a run on the simulated engine.
func (b *bench) simulated(more ...string) []string {
	args := []string{"run", manifestName, "--simulate", "--map", "/data=data", "--out", runName}
	for _, arg := range []string{"--finished", b.path(finishedName), "--step", "5ms"} {
		args = append(args, "--sim-arg", arg)
	}
	return append(args, more...)
}

// command is the program under way.
type command struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{}
	held           atomic.Int64 // the most memory that it held, in KiB
}

// start runs the program, limited by words put before it.
func (b *bench) start(ctx context.Context, before []string, program string, args ...string) (*command, error) {
	words := append(append(append([]string{}, before...), program), args...)
	c := &command{cmd: exec.CommandContext(ctx, words[0], words[1:]...), ended: make(chan struct{})}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = b.dir, &c.stdout, &c.stderr
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = c.cmd.Wait() // ProcessState says it all
		close(c.ended)
	}()
	go c.watchMemory()
	return c, nil
}

// watchMemory looks at the program's memory until it ends. The resource usage
// that the system reports at its end begins with that of this program, which it
// was a copy of.
func (c *command) watchMemory() {
	name := fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid)
	for {
		text, _ := os.ReadFile(name) // gone, or not Linux
		if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
			var kib int64
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				c.held.Store(max(c.held.Load(), kib))
			}
		}
		select {
		case <-c.ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// wait returns the exit status, or minus the signal that ended the program.
func (c *command) wait() (int, error) {
	select {
	case <-c.ended:
	case <-time.After(patience):
		_ = c.cmd.Process.Kill()
		return 0, errors.New("the program does not end")
	}
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -int(status.Signal()), nil
	}
	return c.cmd.ProcessState.ExitCode(), nil
}

// memory is the most that the program held, in MiB; a shell before it must have
// become it.
func (c *command) memory() int { return int(c.held.Load() >> 10) }

// until waits until condition holds while the program runs.
func (c *command) until(what string, condition func() bool) error {
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-c.ended:
			return fmt.Errorf("the program ended before %s: %s", what, c.stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
	return nil
}

// finished counts the answers that left the engine whole, by sample.
func (b *bench) finished() (map[int]int, error) {
	count := map[int]int{}
	data, err := os.ReadFile(b.path(finishedName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for line := range bytes.Lines(data) {
		var f sim.Finished
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // is being written
		}
		if err := json.Unmarshal(line, &f); err != nil {
			return nil, fmt.Errorf("reading the engine's list: %w", err)
		}
		if len(f.Prompt) > 0 && f.Prompt[0] >= firstToken {
			count[f.Prompt[0]-firstToken]++
		}
	}
	return count, nil
}

// recorded counts the finished requests of a run directory, by sample.
func recorded(r *report.Run) map[int]int {
	count := map[int]int{}
	for _, rec := range r.Records.All() {
		if rec.OK() {
			count[int(rec.Sample)]++
		}
	}
	return count
}

// awaitFinished waits until the engines have finished so many.
func (b *bench) awaitFinished(c *command, n int) error {
	return c.until(fmt.Sprintf("%d answers", n), func() bool {
		f, err := b.finished()
		return err == nil && sum(f) >= n
	})
}

func sum(count map[int]int) int {
	n := 0
	for _, c := range count {
		n += c
	}
	return n
}

// remember keeps what is finished now.
func (b *bench) remember() (err error) {
	b.remembered, err = b.finished()
	return err
}

// since is how many that are missing were finished after [bench.remember].
func (b *bench) since(kept map[int]int) int {
	now, err := b.finished()
	if err != nil {
		return 0
	}
	return missing(now, kept) - missing(b.remembered, kept)
}

// unwritten is how many answers may come between the first write that fails and
// the end of the run: what was in flight and what waited to be written.
func unwritten(*bench, *report.Run) int { return 128 }

// missing is how many of one are not in the other.
func missing(of, in map[int]int) int {
	n := 0
	for sample, c := range of {
		n += max(0, c-in[sample])
	}
	return n
}

// message is what the program said when it ended: its error, or else the reason
// why the run is INVALID, that which fits the pattern where there are several.
func (b *bench) message(c *command, r *report.Run, fits *regexp.Regexp) string {
	if r == nil {
		if text := problem(c.stdout.String(), fits); text != "" {
			return text
		}
	}
	for line := range strings.Lines(c.stderr.String()) {
		text, ok := strings.CutPrefix(line, "mlrun: ")
		if !ok {
			text, ok = strings.CutPrefix(line, "mlcfg: ")
		}
		if ok {
			if text = strings.TrimSpace(text); strings.HasSuffix(text, ":") {
				_, rest, _ := strings.Cut(c.stderr.String(), line)
				next, _, _ := strings.Cut(rest, "\n")
				text += " " + strings.TrimLeft(next, " -")
			}
			return text
		}
	}
	if line, _, _ := strings.Cut(c.stdout.String(), "\n"); strings.HasPrefix(line, runName+": ") {
		return strings.TrimPrefix(line, runName+": ")
	}
	if r == nil {
		return ""
	}
	j, err := report.Judge(r)
	if err != nil || len(j.Summary.Reasons) == 0 {
		return ""
	}
	s := j.Summary
	if i := slices.IndexFunc(s.Reasons, fits.MatchString); i >= 0 {
		return s.Reasons[i]
	}
	return s.Reasons[0]
}

// problem is what a command found and printed as its result: the first that fits
// the pattern, else the first.
func problem(stdout string, fits *regexp.Regexp) (first string) {
	for line := range strings.Lines(stdout) {
		text, found := strings.CutPrefix(line, "MISSING ")
		if !found {
			_, text, found = strings.Cut(line, ": error: ")
		}
		if text = strings.TrimSpace(text); found && fits.MatchString(text) {
			return text
		}
		if found && first == "" {
			first = text
		}
	}
	return first
}
