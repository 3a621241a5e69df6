package slurm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// programs puts scripts of these names into an otherwise empty PATH.
func programs(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

const twoNodes = `case "$*" in
*hostnames*) echo n1; echo n2 ;;
*"show node"*) echo "NodeName=n1 NodeAddr=10.0.0.1 State=ALLOCATED"; echo "NodeName=n2 NodeAddr=localhost State=${STATE:-IDLE}" ;;
*) echo "JobId=7 JobState=${JOB:-RUNNING} RunTime=${RAN:-00:00:10} TimeLimit=${LIMIT:-UNLIMITED}" ;;
esac
`

func TestHere(t *testing.T) {
	environ := []string{"SLURM_JOB_ID=7", "SLURM_JOB_NODELIST=n[1-2]"}
	for _, c := range []struct {
		name     string
		environ  []string
		scontrol string
		nodes    int
		want     string // the nodes, or a part of the error
	}{
		{"all nodes", environ, twoNodes, 0, "n1 10.0.0.1, n2 127.0.0.1"},
		{"the first", environ, twoNodes, 1, "n1 10.0.0.1"},
		{"too few", environ, twoNodes, 3, "the allocation of job 7 has 2 nodes (n[1-2]); --nodes asks for 3"},
		{"no job", nil, twoNodes, 1, "in no allocation"},
		{"a job that is no number", []string{"SLURM_JOB_ID=7;x"}, twoNodes, 1, `"7;x", which is no number of a job`},
		{"hostile names", environ, "echo '--uid=0'\n", 1, "names no nodes"},
		{"a controller that is away", environ, "echo 'Unable to contact slurm controller' >&2; exit 1\n", 1, "scontrol show hostnames: exit status 1: Unable to contact"},
		{"no address", environ, strings.ReplaceAll(twoNodes, "NodeAddr=10.0.0.1", ""), 1, "the address of node n1: scontrol does not say it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			programs(t, map[string]string{"scontrol": c.scontrol, "srun": ""})
			a, err := Here(context.Background(), c.environ, c.nodes)
			var got []string
			if err == nil {
				for _, n := range a.Nodes {
					got = append(got, n.Name+" "+n.Address)
				}
			}
			if text := strings.Join(got, ", "); err == nil && text != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, %v; want %s", text, err, c.want)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	for _, c := range []struct{ job, ran, limit, node, want string }{
		{"RUNNING", "00:00:10", "UNLIMITED", "IDLE", ""},
		{"RUNNING", "00:00:10", "UNLIMITED", "DOWN*", "node n2 is DOWN*"},
		{"RUNNING", "00:00:10", "UNLIMITED", "ALLOCATED+NOT_RESPONDING", "node n2 is ALLOCATED+NOT_RESPONDING"},
		{"CANCELLED", "00:00:10", "UNLIMITED", "IDLE", "job 7 was cancelled"},
		{"COMPLETING", "00:00:10", "UNLIMITED", "IDLE", "Slurm ends job 7, which was cancelled or preempted"},
		{"COMPLETING", "00:00:10", "1-00:00:00", "IDLE", "Slurm ends job 7, which was cancelled or preempted"},
		{"COMPLETING", "1-00:00:02", "1-00:00:00", "IDLE", "job 7 reached its time limit (1-00:00:00)"},
		{"TIMEOUT", "00:01:20", "00:01:00", "IDLE", "job 7 reached its time limit (00:01:00)"},
		{"NODE_FAIL", "00:01:20", "00:01:00", "IDLE", "the allocation of job 7 ended: NODE_FAIL"},
	} {
		programs(t, map[string]string{"scontrol": twoNodes})
		for name, value := range map[string]string{"JOB": c.job, "RAN": c.ran, "LIMIT": c.limit, "STATE": c.node} {
			t.Setenv(name, value)
		}
		a := &Allocation{Job: "7", Nodes: []Node{{Name: "n1"}, {Name: "n2"}}}
		if got := a.Ended(context.Background()); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	programs(t, nil) // nobody can be asked
	if got := (&Allocation{Job: "7"}).Ended(context.Background()); got != "" {
		t.Errorf("%q", got)
	}
}

// A question that a signal ends is asked again.
func TestAsksAgain(t *testing.T) {
	dir := t.TempDir()
	programs(t, map[string]string{"scontrol": "[ -e " + dir + "/once ] && echo answer && exit\n: > " + dir + "/once\nkill -TERM $$\n"})
	if out, err := ask(context.Background(), "scontrol", "show"); err != nil || out != "answer\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestCommand(t *testing.T) {
	a := &Allocation{Job: "7"}
	got := strings.Join(a.Command("n2", []string{"PATH", "TOKEN"}, "/bin/mlrun", "engine-step"), " ")
	want := "srun --jobid=7 --nodes=1 --ntasks=1 --ntasks-per-node=1 --nodelist=n2 --overlap --kill-on-bad-exit=1 --cpu-bind=none --mpi=none --export=PATH,TOKEN /bin/mlrun engine-step"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := a.Command("n2", nil, "x"); !slices.Contains(got, "--export=NONE") {
		t.Errorf("%v", got)
	}
}

func TestRequest(t *testing.T) {
	r := Request{Nodes: 2, Partition: "long", Time: "2:00:00", Args: []string{"--gpus-per-node=8", "--exclusive"}, Self: "/bin/mlrun"}
	want := "salloc --nodes=2 --no-bell --kill-command=TERM --job-name=mlrun --partition=long --time=2:00:00 --gpus-per-node=8 --exclusive /bin/mlrun slurm-hold"
	if got := strings.Join(r.command(), " "); got != want || r.Check() != nil {
		t.Errorf("got  %s\nwant %s\n%v", got, want, r.Check())
	}
	for arg, want := range map[string]string{
		"--chdir=/":      "--chdir is not passed on to salloc",
		"--no-shell":     "--no-shell is not passed on",
		"-N3":            "is no option",
		"gres=gpu:8":     "is no option",
		"--":             "is no option",
		"--comment=a\nb": "holds a character",
	} {
		if err := (&Request{Args: []string{arg}}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", arg, err)
		}
	}
}

// An allocation lasts until it is released: the holder sees the end of its input.
func TestAllocate(t *testing.T) {
	hold := "echo '{\"job\":\"7\",\"nodes\":\"n[1-2]\"}'\nwhile read -r line; do :; done\n"
	salloc := "echo 'salloc: Granted job allocation 7' >&2\n" + hold + "echo 'salloc: Relinquishing job allocation 7' >&2\n"
	programs(t, map[string]string{"salloc": salloc, "scontrol": twoNodes, "srun": ""})
	said := make(chan string, 9)
	a, err := Allocate(context.Background(), Request{Nodes: 2, Say: func(line string) { said <- line }})
	if err != nil || a.Job != "7" || len(a.Nodes) != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	if why := a.Ended(context.Background()); why != "" {
		t.Errorf("it ended: %s", why)
	}
	if err := a.Release(); err != nil {
		t.Error(err)
	}
	if why := a.Ended(context.Background()); why != "" {
		t.Errorf("it was given back, and ended: %s", why)
	}
	for _, want := range []string{"salloc: Granted job allocation 7", "salloc: Relinquishing job allocation 7"} {
		if got := <-said; got != want {
			t.Errorf("%q", got)
		}
	}
}

// What Slurm takes away is told.
func TestRevoked(t *testing.T) {
	programs(t, map[string]string{"salloc": "echo '{\"job\":\"7\",\"nodes\":\"n[1-2]\"}'\necho 'salloc: Job allocation 7 has been revoked.' >&2\n", "scontrol": twoNodes, "srun": ""})
	a, err := Allocate(context.Background(), Request{Nodes: 2, Say: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	<-a.hold.gone
	if got, want := a.Ended(context.Background()), "the allocation of job 7 ended: salloc: Job allocation 7 has been revoked."; got != want {
		t.Errorf("%q", got)
	}
}

func TestNoAllocation(t *testing.T) {
	say := func(string) {}
	programs(t, map[string]string{"salloc": "echo 'salloc: error: invalid partition specified: long' >&2; exit 1\n"})
	if _, err := Allocate(context.Background(), Request{Nodes: 2, Say: say}); err == nil || err.Error() != "no allocation: salloc: error: invalid partition specified: long" {
		t.Error(err)
	}
	// One that waits in the queue is given up.
	programs(t, map[string]string{"salloc": "trap exit TERM\nwhile read -r line; do :; done\n"})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := Allocate(ctx, Request{Nodes: 2, Say: say}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	programs(t, nil)
	if _, err := Allocate(context.Background(), Request{Nodes: 2, Say: say}); err == nil || !strings.Contains(err.Error(), "salloc is not in PATH") {
		t.Error(err)
	}
}

func TestHold(t *testing.T) {
	var out strings.Builder
	if err := Hold([]string{"SLURM_JOB_ID=7", "SLURM_JOB_NODELIST=n[1-2]"}, strings.NewReader("x"), &out); err != nil || out.String() != `{"job":"7","nodes":"n[1-2]"}`+"\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := Hold(nil, strings.NewReader(""), &out); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

func TestElapsed(t *testing.T) {
	for text, want := range map[string]time.Duration{"00:01:30": 90 * time.Second, "2-03:00:00": 51 * time.Hour, "UNLIMITED": -1, "": -1, "x-00:00:01": -1, "00:01": -1} {
		if got, ok := elapsed(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v, %t", text, got, ok)
		}
	}
}
