package slurm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestSlurm runs mlrun on a real Slurm, and ends what can end.
func TestSlurm(t *testing.T) {
	c := start(t)
	long := c.manifest(t, "server", "harness_config.duration_sec=600", "harness_config.total_sample_count=512", "harness_config.target_qps=10")
	for _, test := range []struct {
		name string
		run  func(*testing.T, *cluster, string)
	}{
		{"offline", func(t *testing.T, c *cluster, _ string) { whole(t, c, "offline") }},
		{"server", func(t *testing.T, c *cluster, _ string) { whole(t, c, "server") }},
		{"inside a job", inside},
		{"more nodes than there are", tooMany},
		{"step cancelled", stepCancelled},
		{"step killed", stepKilled},
		{"srun killed", srunKilled},
		{"job cancelled", jobCancelled},
		{"job cancelled from inside", insideCancelled},
		{"interrupted", interrupted},
		{"mlrun killed", mlrunKilled},
		{"node lost", nodeLost}, // the last: the node stays down
	} {
		if !t.Run(test.name, func(t *testing.T) {
			test.run(t, c, long)
			c.clean(t)
		}) {
			t.Logf("slurmctld says:\n%s", read(filepath.Join(c.dir, "slurmctld.log")))
			return
		}
	}
}

// whole is a run that comes to its end: six replicas on three nodes.
func whole(t *testing.T, c *cluster, scenario string) {
	r := c.run(t, scenario, c.manifest(t, scenario), "--nodes", "3")
	status, said := r.end(t)
	t.Logf("%s", said)
	if status != 0 || !regexp.MustCompile(`512 issued, 512 completed, 0 failed`).MatchString(said) {
		t.Errorf("status %d", status)
	}
	for i := range 6 {
		served := regexp.MustCompile(fmt.Sprintf(`replica %d +[1-9]\d* requests, \d+ output tokens, 0 failed`, i))
		if !served.MatchString(said) {
			t.Errorf("replica %d served nothing", i)
		}
		if !strings.Contains(said, fmt.Sprintf("node n%d: replicas %d to %d", i/2+1, i/2*2, i/2*2+1)) || read(filepath.Join(r.dir, "engine", fmt.Sprintf("replica-%d.log", i))) == "" {
			t.Errorf("replica %d has no node, or no log", i)
		}
	}
}

// inside is a run in a batch job, whose two nodes it finds by itself.
func inside(t *testing.T, c *cluster, _ string) {
	r := &running{c: c, dir: filepath.Join(c.dir, "batch")}
	out := filepath.Join(c.dir, "batch.log")
	script := filepath.Join(c.dir, "batch.sh")
	text := "#!/bin/sh\nexec " + strings.Join(c.words(t, r.dir, c.manifest(t, "offline")), " ") + "\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	r.start(t, []string{"sbatch", "--wait", "--nodes=2", "--output=" + out, script})
	status, said := r.end(t)
	if text := read(out); status != 0 || !strings.Contains(text, "node n2: replicas 2 to 3") || !strings.Contains(text, "512 completed, 0 failed") {
		t.Errorf("status %d\n%s\n%s", status, said, text)
	}
}

// tooMany asks for more nodes than there are: it waits in the queue until it is interrupted.
func tooMany(t *testing.T, c *cluster, long string) {
	r := c.run(t, "many", long, "--nodes", "4")
	await(t, "a job in the queue", func() bool { return strings.Contains(read(r.out), "salloc: Pending job allocation") }, func() string { return read(r.out) })
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status, said := r.end(t); status != 2 || !strings.Contains(said, "mlrun: interrupted") {
		t.Errorf("status %d\n%s", status, said)
	}
}

// ended holds that a run which was broken off kept what it had, and says why it ended.
func (r *running) ended(t *testing.T, cause string) {
	t.Helper()
	_, said := r.end(t)
	invalid := read(filepath.Join(r.dir, "INVALID"))
	t.Logf("%s", invalid)
	if !regexp.MustCompile(cause).MatchString(invalid) {
		t.Errorf("%q is none of the causes:\n%s\n%s", cause, invalid, said)
	}
	var sum struct {
		Valid bool `json:"valid"`
	}
	if err := json.Unmarshal([]byte(read(filepath.Join(r.dir, "summary.json"))), &sum); err != nil || sum.Valid {
		t.Errorf("the summary: %v, valid %t", err, sum.Valid)
	}
	if n := strings.Count(read(filepath.Join(r.dir, "records.jsonl")), "\n"); n <= 20 {
		t.Errorf("%d records are kept", n)
	}
}

// begun is a long run on three nodes that has recorded something.
func begun(t *testing.T, c *cluster, name, long string) *running {
	t.Helper()
	r := c.run(t, name, long, "--nodes", "3")
	r.measured(t)
	return r
}

// stepOf is the name of a node's step.
func (c *cluster) stepOf(t *testing.T, node string) string {
	t.Helper()
	environ := read(fmt.Sprintf("/proc/%d/environ", c.stepOn(t, node).pid))
	var job, step string
	for e := range strings.SplitSeq(environ, "\x00") {
		if v, ok := strings.CutPrefix(e, "SLURM_JOB_ID="); ok {
			job = v
		}
		if v, ok := strings.CutPrefix(e, "SLURM_STEP_ID="); ok {
			step = v
		}
	}
	return job + "." + step
}

func stepCancelled(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "step", long)
	c.ask(t, "scancel", c.stepOf(t, "n2"))
	r.ended(t, `engine replica [23] on n2 ended by itself: its step `)
}

func stepKilled(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "killed", long)
	kill(t, c.stepOn(t, "n2").pid)
	r.ended(t, `engine replica [23] on n2 ended by itself: its step ended: .*Killed`)
}

func srunKilled(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "srun", long)
	for _, p := range below(r.cmd.Process.Pid) {
		if p.parent == r.cmd.Process.Pid && strings.Contains(p.command, "--nodelist=n2") {
			kill(t, p.pid)
		}
	}
	r.ended(t, `engine replica [23] on n2 ended by itself: srun was killed \(signal: killed\)`)
}

func jobCancelled(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "job", long)
	job, _, _ := strings.Cut(c.stepOf(t, "n1"), ".")
	c.ask(t, "scancel", job)
	r.ended(t, `(job \d+ was cancelled|Slurm ends job \d+, which)`)
}

func insideCancelled(t *testing.T, c *cluster, long string) {
	r := &running{c: c, dir: filepath.Join(c.dir, "batchcancelled")}
	script := filepath.Join(c.dir, "batchcancelled.sh")
	text := "#!/bin/sh\nexec " + strings.Join(c.words(t, r.dir, long), " ") + "\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	r.start(t, []string{"sbatch", "--wait", "--nodes=3", "--output=" + filepath.Join(c.dir, "batchcancelled.log"), script})
	r.measured(t)
	job, _, _ := strings.Cut(c.stepOf(t, "n1"), ".")
	c.ask(t, "scancel", job)
	r.ended(t, `(job \d+ was cancelled|Slurm ends job \d+, which)`)
}

func interrupted(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "interrupted", long)
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.ended(t, `ended during measuring: interrupted`)
}

func mlrunKilled(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "gone", long)
	kill(t, r.cmd.Process.Pid)
	<-r.exited
}

// nodeLost kills everything of a node at once, as when it loses its power: its slurmd, what
// holds the step, and what runs in it.
func nodeLost(t *testing.T, c *cluster, long string) {
	r := begun(t, c, "node", long)
	step := c.stepOn(t, "n2")
	kill(t, pidIn(t, filepath.Join(c.dir, "slurmd.n2.pid")))
	kill(t, step.parent) // slurmstepd
	for _, p := range append([]proc{step}, below(step.pid)...) {
		kill(t, p.pid)
	}
	r.ended(t, `on n2 ended by itself: its (node says nothing any more|step ended)`)
	c.ask(t, "scontrol", "update", "nodename=n2", "state=down", "reason=lost") // sooner than Slurm finds out
}
