package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/record"
)

// fault is something that goes wrong with a real engine, and what mlrun is to
// make of it.
type fault struct {
	name      string
	overrides []string
	args      []string
	// inflict does the damage to a run that has been started.
	inflict func(*testing.T, target, *running)
	// status are the exit statuses that are right, -1 for a run killed by a signal;
	// says are texts that mlrun prints.
	status []int
	says   []string
	// measured reports whether records are kept.
	measured bool
}

// stopTime is how long an engine is stopped.
const stopTime = 30 * time.Second

func faults(t *testing.T, e target) []fault {
	return []fault{
		{
			name: "server killed while loading",
			inflict: func(t *testing.T, _ target, r *running) {
				server := r.server(t)
				r.await(t, "a first word of the engine", func() bool {
					info, err := os.Stat(filepath.Join(r.dir, "engine", "replica-0.log"))
					return err == nil && info.Size() > 0
				})
				send(t, server.pid, syscall.SIGKILL)
			},
			status: []int{2}, says: []string{"engine replica 0 ended while starting: killed by signal 9 (killed)"},
		},
		{
			name: "worker killed while loading",
			inflict: func(t *testing.T, e target, r *running) {
				send(t, r.named(t, e.worker).pid, syscall.SIGKILL)
			},
			status: []int{2}, says: []string{"engine replica 0 ended while starting"},
		},
		{
			name: "server killed while idle",
			inflict: func(t *testing.T, _ target, r *running) {
				// mlrun stands still, so that the engine is ready and has nothing to do.
				r.says(t, "replica 0 serves")
				send(t, r.cmd.Process.Pid, syscall.SIGSTOP)
				send(t, r.server(t).pid, syscall.SIGKILL)
				time.Sleep(time.Second)
				send(t, r.cmd.Process.Pid, syscall.SIGCONT)
			},
			status: []int{2}, says: []string{"engine replica 0 ended by itself: killed by signal 9 (killed)"},
		},
		{
			name: "server killed mid-run",
			inflict: func(t *testing.T, _ target, r *running) {
				r.records(t, 30)
				send(t, r.server(t).pid, syscall.SIGKILL)
			},
			status: []int{2}, says: []string{"engine replica 0 ended by itself: killed by signal 9 (killed)"}, measured: true,
		},
		{
			name: "worker killed mid-run",
			inflict: func(t *testing.T, e target, r *running) {
				r.records(t, 30)
				send(t, r.named(t, e.worker).pid, syscall.SIGKILL)
			},
			status: []int{2}, says: []string{"engine replica 0 ended by itself"}, measured: true,
		},
		{
			name: fmt.Sprintf("stopped for %v mid-run", stopTime),
			inflict: func(t *testing.T, _ target, r *running) {
				r.records(t, 30)
				tree := r.halt(t)
				time.Sleep(stopTime)
				for _, pid := range tree {
					send(t, pid, syscall.SIGCONT)
				}
			},
			// The engine goes on, and so does the run.
			status: []int{0, 1}, measured: true,
		},
		{
			name: "stopped for good mid-run", args: []string{"--stall-timeout", "20s"},
			inflict: func(t *testing.T, _ target, r *running) {
				r.records(t, 30)
				r.halt(t)
			},
			status: []int{2}, says: []string{"engine replica 0 hangs"}, measured: true,
		},
		{
			name: "mlrun killed with -9 while loading",
			inflict: func(t *testing.T, e target, r *running) {
				r.named(t, e.worker)
				send(t, r.cmd.Process.Pid, syscall.SIGKILL)
			},
			status: []int{-1},
		},
		{
			name: "mlrun killed with -9 mid-run",
			inflict: func(t *testing.T, _ target, r *running) {
				r.records(t, 30)
				send(t, r.cmd.Process.Pid, syscall.SIGKILL)
			},
			status: []int{-1}, measured: true,
		},
		takenBefore(t), takenLate(t),
		{
			name: "argument that no release knows", args: engineCommand(e, "--no-such-argument"),
			status: []int{2}, says: []string{"the release does not know these arguments: --no-such-argument"},
		},
		contextTooLong(e),
		{
			name: "model missing", overrides: []string{e.model + "=/no/such/model"},
			status: []int{2}, says: []string{"/no/such/model", key(e)},
		},
		{
			name: "model missing, started with --force", overrides: []string{e.model + "=/no/such/model"}, args: []string{"--force"},
			status: []int{2}, says: []string{"no model at /no/such/model (" + key(e) + ")"},
		},
		weightsMissing(t, e),
	}
}

// key is the manifest's key of the model.
func key(e target) string { return e.model[strings.Index(e.model, "_")+1:] }

// halt stops every process of the first replica.
func (r *running) halt(t *testing.T) []int {
	t.Helper()
	server := r.server(t)
	pids := []int{server.pid}
	for _, p := range descendants(server.pid) {
		pids = append(pids, p.pid)
	}
	for _, pid := range pids {
		send(t, pid, syscall.SIGSTOP)
	}
	return pids
}

// takenBefore is a port that somebody listens on before the run.
func takenBefore(t *testing.T) fault {
	return fault{
		name: "port taken", args: []string{"--first-port", fmt.Sprint(listen(t, 0))},
		status: []int{2}, says: []string{"is taken"},
	}
}

// takenLate is a port that is taken after mlrun has looked, before the engine does.
func takenLate(t *testing.T) fault {
	port := listen(t, 0)
	held[port].Close()
	return fault{
		name: "port taken while loading", args: []string{"--first-port", fmt.Sprint(port)},
		inflict: func(t *testing.T, _ target, r *running) {
			r.server(t)
			listen(t, port)
		},
		status: []int{2}, says: []string{"the port is taken"},
	}
}

// held are the ports that listen keeps.
var held = map[int]net.Listener{}

// listen takes a port, any where it is 0, until the test ends.
func listen(t *testing.T, port int) int {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	port = l.Addr().(*net.TCPAddr).Port
	held[port] = l
	return port
}

// engineCommand is the engine's usual command with one word more.
func engineCommand(e target, word string) []string {
	words := []string{"vllm", "serve", word}
	if e.backend == "sglang" {
		words = []string{"python3", "-m", "sglang.launch_server", word}
	}
	var args []string
	for _, w := range words {
		args = append(args, "--engine-command", w)
	}
	return args
}

// contextTooLong is a value that is right for the release and wrong for the model.
func contextTooLong(e target) fault {
	f := fault{name: "context longer than the model's", status: []int{2}}
	if e.backend == "sglang" {
		f.overrides, f.says = []string{"sglang_engine_config.context_length=1000000"}, []string{"(engine_config.context_length)"}
	} else {
		f.overrides, f.says = []string{"vllm_engine_config.max_model_len=1000000"}, []string{"(engine_config.max_model_len)"}
	}
	return f
}

// weightsMissing is a model folder that holds everything but the weights.
func weightsMissing(t *testing.T, e target) fault {
	t.Helper()
	model, broken := filepath.Join(os.Getenv("ENGINES"), "model"), filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(broken, os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	weights, err := filepath.Glob(filepath.Join(broken, "*.safetensors"))
	if err != nil || len(weights) == 0 {
		t.Fatalf("%v, %v", weights, err)
	}
	for _, w := range weights {
		if err := os.Remove(w); err != nil {
			t.Fatal(err)
		}
	}
	return fault{
		name: "model without weights", overrides: []string{e.model + "=" + broken},
		status: []int{2}, says: []string{"weights", "(" + key(e) + ")"},
	}
}

// TestFaults inflicts every fault and prints the table of what mlrun made of them.
func TestFaults(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, e target) {
		var table strings.Builder
		fmt.Fprintf(&table, "| fault | exit status | message | kept | processes left |\n| --- | --- | --- | --- | --- |\n")
		data := dataSet(t)
		for _, f := range faults(t, e) {
			t.Run(f.name, func(t *testing.T) {
				table.WriteString(f.row(t, e, data))
			})
		}
		t.Logf("%s %s:\n%s", e.backend, e.release, table.String())
	})
}

// row carries one fault out, checks what comes of it, and says it in a line of
// the table.
func (f *fault) row(t *testing.T, e target, data string) string {
	r := start(t, e, compile(t, e, "server_here", f.overrides...), data, f.args...)
	if f.inflict != nil {
		f.inflict(t, e, r)
	}
	code := r.end(t)
	left := leftOver(t)
	said := r.stderr.String()
	t.Logf("exit status %d\n%s%s", code, said, r.stdout.String())
	if len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if !slices.Contains(f.status, code) {
		t.Errorf("exit status %d, want one of %v", code, f.status)
	}
	for _, text := range f.says {
		if !strings.Contains(said, text) {
			t.Errorf("mlrun does not say %q", text)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %d |\n", f.name, statusText(code), message(code, said, r.dir), f.kept(t, r), len(left))
}

func statusText(code int) string {
	if code < 0 {
		return "killed"
	}
	return fmt.Sprint(code)
}

// message is the line in which mlrun says what went wrong; of a run that was
// killed it is what mlrun report says afterwards.
func message(code int, said, dir string) string {
	if code < 0 {
		out, _ := exec.Command(program("mlrun"), "report", dir).CombinedOutput() // status 1: the run is INVALID
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "cut off") {
				return "mlrun report: " + strings.TrimSpace(line)
			}
		}
		return ""
	}
	for line := range strings.Lines(said) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "mlrun: "); ok {
			if i := strings.Index(said, text); strings.HasSuffix(text, "cannot start:") {
				rest := strings.Split(said[i+len(text):], "\n")
				text += " " + strings.TrimSpace(rest[1])
			}
			return strings.ReplaceAll(text, "|", `\|`)
		}
	}
	return ""
}

// kept says what the run directory holds, and checks that it is whole.
func (f *fault) kept(t *testing.T, r *running) string {
	if _, err := os.Stat(r.dir); err != nil {
		return "nothing was begun"
	}
	records, sum := r.read(t)
	counts := map[record.Status]int{}
	for _, rec := range records {
		counts[rec.Status]++
		if rec.OK() && rec.OutputTokens != int64(outputTokens(int(rec.Sample))) {
			t.Errorf("request %d is kept as whole with %d tokens", rec.Seq, rec.OutputTokens)
		}
	}
	if f.measured != (len(records) > 0) {
		t.Errorf("%d records are kept", len(records))
	}
	if !f.measured {
		if _, err := os.Stat(filepath.Join(r.dir, "engine", "replica-0.log")); err != nil {
			return "manifest, plan, state"
		}
		return "manifest, plan, state, the engine's log"
	}
	text := fmt.Sprintf("%d of %d records whole", counts[record.OK], serverSamples)
	if n := len(records) - counts[record.OK]; n > 0 {
		text += fmt.Sprintf(", %d failed or given up", n)
	}
	if sum == nil {
		return text + "; no summary yet, mlrun report makes it"
	}
	r.verify(t, !slices.Contains(f.status, 0))
	verdict := "INVALID"
	if sum.Valid {
		verdict = "VALID"
	}
	if !slices.Contains(f.status, 0) && sum.Valid {
		t.Error("the run is VALID")
	}
	return text + "; " + verdict
}
