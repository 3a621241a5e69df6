package integration

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// finished carries a run to its end and looks at everything that it leaves: it
// prints what mlrun said.
func finished(t *testing.T, r *running) ([]record.Record, *report.Summary) {
	t.Helper()
	// Whether the machine is fast enough for a VALID result is not judged.
	if code := r.end(t); code != 0 && code != 1 {
		t.Fatalf("exit status %d", code)
	}
	t.Logf("mlrun printed:\n%s%s", r.stderr.String(), r.stdout.String())
	if left := leftOver(t); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	r.verify(t, false)
	records, sum := r.read(t)
	if sum == nil {
		t.Fatal("there is no summary.json")
	}
	if sum.Simulated {
		t.Error("the engine says that it is simulated")
	}
	return records, sum
}

// wholeRun checks that a run did all of its work, and that the engine and mlrun
// count the same tokens.
func wholeRun(t *testing.T, r *running, samples, replicas int) {
	t.Helper()
	records, sum := finished(t, r)
	if len(records) != samples || sum.Completed != uint64(samples) || sum.Failed != 0 || !sum.Complete {
		t.Errorf("%d records, %d completed, %d failed, complete: %v; want %d samples", len(records), sum.Completed, sum.Failed, sum.Complete, samples)
	}
	if len(sum.Replicas) != replicas {
		t.Errorf("%d replicas had requests, want %d", len(sum.Replicas), replicas)
	}
	for _, rec := range records {
		if !rec.OK() || rec.Finish != "length" || rec.OutputTokens != int64(outputTokens(int(rec.Sample))) {
			t.Errorf("request %d of sample %d: %s, %s, %d tokens; want %d", rec.Seq, rec.Sample, rec.Status, rec.Finish, rec.OutputTokens, outputTokens(int(rec.Sample)))
		}
	}
}

// promptsCounted checks that the engine read the prompts that were sent.
func promptsCounted(t *testing.T, r *running) {
	t.Helper()
	records, _ := r.read(t)
	for _, rec := range records {
		if rec.InputTokens != int64(inputTokens(int(rec.Sample))) {
			t.Errorf("request %d of sample %d: %d tokens in the prompt, want %d", rec.Seq, rec.Sample, rec.InputTokens, inputTokens(int(rec.Sample)))
		}
	}
}

// Queries of user.conf.
const (
	offlineSamples = 128
	serverSamples  = 640
)

func TestOffline(t *testing.T) {
	each(t, func(t *testing.T, e target) {
		r := start(t, e, compile(t, e, "offline_here"), dataSet(t))
		wholeRun(t, r, offlineSamples, 1)
		promptsCounted(t, r)
	})
}

func TestServer(t *testing.T) {
	each(t, func(t *testing.T, e target) {
		r := start(t, e, compile(t, e, "server_here"), dataSet(t))
		wholeRun(t, r, serverSamples, 1)
		promptsCounted(t, r)
		_, sum := r.read(t)
		if sum.TTFT == nil || sum.TPOT == nil || sum.TTFT.MinMS <= 0 {
			t.Errorf("first tokens were not seen: %+v, %+v", sum.TTFT, sum.TPOT)
		}
	})
}

// An engine that is killed mid-run ends the run as INVALID, with what was
// measured kept and no process left.
func TestKilledMidRun(t *testing.T) {
	each(t, func(t *testing.T, e target) {
		r := start(t, e, compile(t, e, "server_here"), dataSet(t))
		r.records(t, 30)
		send(t, r.server(t).pid, syscall.SIGKILL)
		r.end(t)
		if code := r.cmd.ProcessState.ExitCode(); code != 2 {
			t.Errorf("exit status %d, want 2: the run could not be carried out", code)
		}
		if text := r.stderr.String(); !strings.Contains(text, "engine replica 0 ended by itself: killed by signal 9") {
			t.Errorf("mlrun does not name the cause:\n%s", text)
		}
		if left := leftOver(t); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		r.verify(t, true)
		records, sum := r.read(t)
		if sum == nil || sum.Valid || sum.Completed < 30 {
			t.Errorf("%d records, summary %+v", len(records), sum)
		}
		for _, rec := range records {
			if rec.OK() && rec.OutputTokens != int64(outputTokens(int(rec.Sample))) {
				t.Errorf("request %d is kept as whole with %d tokens", rec.Seq, rec.OutputTokens)
			}
		}
		t.Logf("mlrun printed:\n%s%s", r.stderr.String(), r.stdout.String())
	})
}

// An accuracy run keeps every sample's token ids, as many as the records count.
func TestAccuracy(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, e target) {
		r := start(t, e, compile(t, e, "offline_here", "test_mode=accuracy"), dataSet(t))
		wholeRun(t, r, sampleCount, 1)
		b, err := os.ReadFile(filepath.Join(r.dir, "mlperf_log_accuracy.json"))
		var log []struct {
			Sample int    `json:"qsl_idx"`
			Data   string `json:"data"`
		}
		if err == nil {
			err = json.Unmarshal(b, &log)
		}
		if err != nil || len(log) != sampleCount {
			t.Fatalf("%d entries in the accuracy log, %v", len(log), err)
		}
		for _, entry := range log {
			ids, err := hex.DecodeString(entry.Data)
			if err != nil || len(ids) != bytesPerID*outputTokens(entry.Sample) {
				t.Errorf("sample %d: %d bytes of token ids, want %d ids; %v", entry.Sample, len(ids), outputTokens(entry.Sample), err)
			}
		}
	})
}

// bytesPerID is the size of a token id in the accuracy log of the LLM benchmarks.
const bytesPerID = 4

// Conversations go to the chat interface, where the engine has the template.
func TestChat(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, e target) {
		r := start(t, e, compile(t, e, "server_here"), chatSet(t))
		wholeRun(t, r, serverSamples, 1)
	})
}

// One engine over two devices; on the CPU a device is a group of cores.
func TestTensorParallel(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, e target) {
		overrides := []string{"harness_config.device_count=2"}
		switch cpus := cores(t); {
		case len(cpus) < 2:
			t.Skip("SKIPPED: two cores are needed")
		case e.backend == "vllm":
			overrides = append(overrides, "vllm_engine_config.tensor_parallel_size=2", fmt.Sprintf("vllm_env_config.VLLM_CPU_OMP_THREADS_BIND=%d|%d", cpus[0], cpus[1]))
		default:
			overrides = append(overrides, "sglang_engine_config.tp_size=2")
		}
		r := start(t, e, compile(t, e, "offline_here", overrides...), dataSet(t))
		wholeRun(t, r, offlineSamples, 1)
	})
}

// Two replicas share the requests.
func TestReplicas(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, e target) {
		if free := availableMemory(t); free < 2*neededMemory {
			t.Skipf("SKIPPED: two engines need %d MB of memory, %d MB are available", 2*neededMemory>>20, free>>20)
		}
		r := start(t, e, compile(t, e, "server_here", "harness_config.device_count=2"), dataSet(t))
		wholeRun(t, r, serverSamples, 2)
	})
}

// cores are the CPUs that this process may use.
func cores(t *testing.T) []int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	var list []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			list = append(list, cpu)
		}
	}
	return list
}

// long leaves a test out of the short suite, which is the one for continuous
// integration.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: left out of the short suite; make integration runs it")
	}
}
