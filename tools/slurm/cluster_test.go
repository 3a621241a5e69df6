package slurm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/engine"
	"mlcfg/tools/sharedata"
)

// patience bounds every wait; no test passes by waiting.
const patience = time.Minute

// cluster is a Slurm of three nodes on this machine.
type cluster struct {
	dir   string // of its files, and of the runs
	mlrun string
	env   []string
	pid   int // of the supervisor that all of it descends from
}

// start builds the programs and starts a Slurm under mlrun's supervisor of engines, which
// ends it with everything that it started when this process ends in whatever way.
func start(t *testing.T) *cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: a real Slurm takes a minute, and -short leaves it out")
	}
	path := os.Getenv("PATH") + ":/usr/sbin:/sbin"
	t.Setenv("PATH", path)
	for _, name := range []string{"slurmctld", "slurmd", "srun", "salloc", "sbatch", "munged"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIPPED: %s is not installed (apt-get install slurm-wlm munge)", name)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: Slurm's daemons are started by root alone")
	}
	dir := t.TempDir()
	root := sharedata.Root(t)
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "mlcfg/cmd/mlcfg", "mlcfg/cmd/mlrun")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the programs: %v\n%s", err, out)
	}
	c := &cluster{dir: dir, mlrun: filepath.Join(dir, "mlrun")}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SLURM_") {
			c.env = append(c.env, e)
		}
	}
	c.env = append(c.env, "SLURM_CONF="+filepath.Join(dir, "slurm.conf"), "TMPDIR="+filepath.Join(dir, "tmp"))
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	port := 20000 + rand.IntN(10000)
	log := filepath.Join(dir, "cluster.log")
	order, err := json.Marshal(map[string]any{
		"argv": []string{filepath.Join(root, "tools", "slurm", "local.sh"), dir, "3", strconv.Itoa(port)}, "env": c.env, "log": log,
	})
	if err != nil {
		t.Fatal(err)
	}
	supervisor := exec.Command(c.mlrun, engine.SuperviseCommand)
	control, err := supervisor.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	supervisor.Stdout, supervisor.Stderr = io.Discard, os.Stderr
	if err := supervisor.Start(); err != nil {
		t.Fatal(err)
	}
	c.pid = supervisor.Process.Pid
	t.Cleanup(func() {
		fmt.Fprintln(control, "2s")
		if err := supervisor.Wait(); err != nil {
			t.Errorf("the supervisor of Slurm: %v", err)
		}
	})
	if _, err := control.Write(append(order, '\n')); err != nil {
		t.Fatal(err)
	}
	await(t, "the nodes of Slurm", func() bool { return strings.Contains(read(log), "ready") }, func() string {
		return read(log) + read(filepath.Join(dir, "daemons.log"))
	})
	return c
}

// await waits until a condition holds, and says why not where it does not.
func await(t *testing.T, what string, condition func() bool, why func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s\n%s", what, why())
		}
	}
}

// read is a file's text; empty where there is none.
func read(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// manifest compiles an example: two replicas a node.
func (c *cluster) manifest(t *testing.T, scenario string, set ...string) string {
	t.Helper()
	examples := filepath.Join(sharedata.Root(t), "examples")
	out := filepath.Join(c.dir, fmt.Sprintf("%s-%d.yaml", scenario, len(set)))
	args := []string{
		"compile", filepath.Join(examples, "models", "llama2-70b", scenario+"_alpha.yaml"), "--backend", "vllm", "--engine-version", "vllm=0.10.1", "--round", "v5.1",
		"--map", "/data=" + filepath.Join(examples, "data"), "--map", "/conf=" + filepath.Join(examples, "conf"), "-o", out, "--set", "harness_config.device_count=4",
	}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	cmd := exec.Command(filepath.Join(c.dir, "mlcfg"), args...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return out
}

// running is an mlrun under way.
type running struct {
	c      *cluster
	dir    string
	cmd    *exec.Cmd
	out    string // the file of what it says
	exited chan struct{}
}

// words are mlrun run with the simulated engine; dir is the run's.
func (c *cluster) words(t *testing.T, dir, manifest string, args ...string) []string {
	return append([]string{
		c.mlrun, "run", manifest, "--simulate", "--map", "/data=" + filepath.Join(sharedata.Root(t), "examples", "data"), "--on", "slurm", "--late-limit", "10s", "--out", dir,
	}, args...)
}

// run starts mlrun outside any job.
func (c *cluster) run(t *testing.T, name, manifest string, args ...string) *running {
	t.Helper()
	r := &running{c: c, dir: filepath.Join(c.dir, name)}
	r.start(t, c.words(t, r.dir, manifest, args...))
	return r
}

func (r *running) start(t *testing.T, argv []string) {
	t.Helper()
	r.exited = make(chan struct{})
	r.cmd = exec.Command(argv[0], argv[1:]...)
	r.cmd.Env, r.cmd.Dir = r.c.env, r.c.dir
	r.out = r.dir + ".out"
	out, err := os.Create(r.out)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	r.cmd.Stdout, r.cmd.Stderr = out, out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.cmd.Wait()
		close(r.exited)
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.exited
	})
}

// measured waits until a run has recorded something.
func (r *running) measured(t *testing.T) {
	t.Helper()
	await(t, "records in "+r.dir, func() bool {
		select {
		case <-r.exited:
			t.Fatalf("mlrun ended:\n%s", read(r.out))
		default:
		}
		return strings.Count(read(filepath.Join(r.dir, "records.jsonl")), "\n") > 20
	}, func() string { return "it runs still" })
}

// end waits for mlrun's end and returns its status and what it said.
func (r *running) end(t *testing.T) (int, string) {
	t.Helper()
	select {
	case <-r.exited:
	case <-time.After(patience):
		t.Fatal("mlrun does not end")
	}
	return r.cmd.ProcessState.ExitCode(), read(r.out)
}

// clean waits until no step of the cluster's has a process of mlrun's, and no job is left.
func (c *cluster) clean(t *testing.T) {
	t.Helper()
	await(t, "the end of every process on the nodes", func() bool { return len(c.onNodes()) == 0 }, func() string {
		return fmt.Sprint(c.onNodes())
	})
	await(t, "the end of every job", func() bool { return c.ask(t, "squeue", "--noheader") == "" }, func() string {
		return c.ask(t, "squeue")
	})
	if left, _ := filepath.Glob(filepath.Join(c.dir, "tmp", "*")); len(left) > 0 {
		t.Errorf("files of steps are left: %v", left)
	}
}

// ask runs a program of Slurm's.
func (c *cluster) ask(t *testing.T, argv ...string) string {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return string(out)
}

// proc is a line of the process table.
type proc struct {
	pid, parent int
	command     string
}

// below are the living processes that descend from one.
func below(root int) []proc {
	children := map[int][]proc{}
	names, _ := os.ReadDir("/proc")
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		stat := read("/proc/" + name.Name() + "/stat")
		// pid (name) state parent ...; the name may hold anything.
		fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], proc{pid, parent, strings.ReplaceAll(read("/proc/"+name.Name()+"/cmdline"), "\x00", " ")})
	}
	var all []proc
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		all = append(all, queue[0])
		queue = append(queue, children[queue[0].pid]...)
	}
	return all
}

// onNodes are the processes of mlrun's that steps have started.
func (c *cluster) onNodes() []proc {
	var list []proc
	for _, p := range below(c.pid) {
		if strings.HasPrefix(p.command, c.mlrun) {
			list = append(list, p)
		}
	}
	return list
}

// stepOn waits for the mlrun of a node.
func (c *cluster) stepOn(t *testing.T, node string) proc {
	t.Helper()
	var found proc
	await(t, "the step on "+node, func() bool {
		for _, p := range c.onNodes() {
			if strings.Contains(p.command, "engine-step") && strings.Contains(read(fmt.Sprintf("/proc/%d/environ", p.pid)), "SLURMD_NODENAME="+node+"\x00") {
				found = p
				return true
			}
		}
		return false
	}, func() string { return fmt.Sprint(c.onNodes()) })
	return found
}

// kill kills one process.
func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("%d is no process to kill", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}

// pidIn is the number in a file.
func pidIn(t *testing.T, path string) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(read(path)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return pid
}
