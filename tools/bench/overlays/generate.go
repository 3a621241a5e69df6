package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// vary says between what a key's number is drawn: as a share of what stands
// there, or between two numbers. What is drawn stays valid.
type vary struct {
	low, high float64
	share     bool
	digits    int // behind the point; 0 is a whole number
}

// varied are the keys that people tune from machine to machine.
var varied = map[string]vary{
	"gpu_memory_utilization": {0.80, 0.99, false, 2}, "mem_fraction_static": {0.80, 0.96, false, 2},
	"max_num_seqs": {0.6, 1.4, true, 0}, "max_num_batched_tokens": {1.0, 1.6, true, 0}, "num_scheduler_steps": {1, 16, false, 0},
	"max_seq_len_to_capture": {0.5, 2, true, 0}, "swap_space": {0, 8, false, 0},
	"max_prefill_tokens": {0.5, 1.5, true, 0}, "max_running_requests": {0.5, 1.5, true, 0}, "schedule_conservativeness": {0.1, 1, false, 2},
	"num_continuous_decode_steps": {1, 16, false, 0}, "load_balance_token_weight": {0.001, 0.1, false, 3}, "load_balance_window_size": {1, 40, false, 0},
	"HARNESS_GC_LIMIT": {0.5, 2, true, 0}, "target_qps": {40, 120, false, 1},
	"VLLM_LLAMA2_MLPERF_MAX_TARGET_DECODE_BATCH": {1.0, 1.5, true, 0}, "VLLM_LLAMA2_MLPERF_MIN_TARGET_DECODE_BATCH": {0.5, 1.0, true, 0},
	"VLLM_LLAMA2_MLPERF_STEP_DECODE_BATCH": {0.5, 2, true, 0}, "VLLM_LLAMA2_MLPERF_MIN_REQUIRE_PREFILL_QUERY": {0.5, 2, true, 0},
}

var numberLine = regexp.MustCompile(`^( *)([A-Za-z_][A-Za-z0-9_]*)(: +)([0-9][0-9.]*)( *(?:#.*)?)\r?$`)

// generate writes a configuration repository of n overlays: those below from,
// taken in turn, with other numbers. The same seed gives the same bytes.
func generate(from, out string, n int, seed uint64) error {
	if out == "" {
		return fmt.Errorf("-out names no folder")
	}
	base, err := os.ReadFile(filepath.Join(from, "config.yaml"))
	if err != nil {
		return err
	}
	overlays, err := filepath.Glob(filepath.Join(from, "models", "*", "*.yaml"))
	if err != nil || len(overlays) == 0 {
		return fmt.Errorf("no overlays below %s", from)
	}
	if err := write(filepath.Join(out, "config.yaml"), base); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		source := overlays[i%len(overlays)]
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s%04d.yaml", strings.TrimSuffix(filepath.Base(source), ".yaml"), i)
		path := filepath.Join(out, "models", filepath.Base(filepath.Dir(source)), name)
		if err := write(path, change(data, random)); err != nil {
			return err
		}
	}
	return nil
}

// change draws the numbers of an overlay.
func change(data []byte, random *rand.Rand) []byte {
	var b bytes.Buffer
	for line := range strings.Lines(string(data)) {
		m := numberLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			b.WriteString(line)
			continue
		}
		was, err := strconv.ParseFloat(m[4], 64)
		v, ok := varied[m[2]]
		if err != nil || !ok {
			b.WriteString(line)
			continue
		}
		now := v.low + random.Float64()*(v.high-v.low)
		if v.share {
			now = math.Max(1, now*was)
		}
		b.WriteString(m[1] + m[2] + m[3] + strconv.FormatFloat(now, 'f', v.digits, 64) + m[5] + "\n")
	}
	return b.Bytes()
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
