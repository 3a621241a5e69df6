package slurm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Request is an allocation that is asked for.
type Request struct {
	Nodes int
	// Partition, Account and Time are salloc's options of these names; empty: its defaults.
	Partition, Account, Time string
	// Args are further options of salloc's, each --NAME or --NAME=VALUE; see [Request.Check].
	Args []string
	// Self is this program.
	Self string
	// Say hears what salloc prints, from one goroutine.
	Say func(line string)
}

// options are those of salloc's that say which nodes, how much of them and on whose
// account. What would change how or where the engines are started is not among them.
var options = []string{
	"account", "comment", "constraint", "contiguous", "core-spec", "cpus-per-gpu", "cpus-per-task", "deadline", "exclude", "exclusive",
	"extra-node-info", "gpu-freq", "gpus", "gpus-per-node", "gpus-per-task", "gres", "hint", "immediate", "job-name", "licenses",
	"mem", "mem-per-cpu", "mem-per-gpu", "mincpus", "network", "nice", "nodelist", "nodefile", "oversubscribe", "partition", "power",
	"prefer", "priority", "qos", "reservation", "sockets-per-node", "spread-job", "switches", "thread-spec", "threads-per-core",
	"time", "time-min", "tmp", "tres-per-node", "use-min-nodes", "wckey",
}

// Options are those of salloc's that are passed on, for a hint.
func Options() string { return "--" + strings.Join(options, ", --") }

// Check says which option is none that may be passed on.
func (r *Request) Check() error {
	for _, arg := range r.Args {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		switch {
		case !strings.HasPrefix(arg, "--") || name == "":
			return fmt.Errorf("%q is no option: want --NAME or --NAME=VALUE", arg)
		case !slices.Contains(options, name):
			return fmt.Errorf("--%s is not passed on to salloc", name)
		case strings.ContainsAny(arg, "\x00\n"):
			return fmt.Errorf("%q holds a character that no option has", arg)
		}
	}
	return nil
}

// command is what is run for it.
func (r *Request) command() []string {
	argv := []string{"salloc", "--nodes=" + strconv.Itoa(r.Nodes), "--no-bell", "--kill-command=TERM"}
	if !slices.ContainsFunc(r.Args, func(a string) bool { return strings.HasPrefix(a, "--job-name=") }) {
		argv = append(argv, "--job-name=mlrun")
	}
	for _, o := range [][2]string{{"partition", r.Partition}, {"account", r.Account}, {"time", r.Time}} {
		if o[1] != "" {
			argv = append(argv, "--"+o[0]+"="+o[1])
		}
	}
	return slices.Concat(argv, r.Args, []string{r.Self, HoldCommand})
}

// hold is a salloc that keeps an allocation as long as this process lives: what it runs
// ends with its standard input.
type hold struct {
	cmd   *exec.Cmd
	input io.Closer
	job   string
	gone  chan struct{}
	once  sync.Once

	mu       sync.Mutex
	released bool
	last     string // what it printed last
}

// Allocate asks Slurm for nodes and waits until they are given, or ctx ends.
func Allocate(ctx context.Context, r Request) (*Allocation, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	argv := r.command()
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, fmt.Errorf("salloc is not in PATH, which asks Slurm for nodes: %w", errors.Unwrap(err))
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	// An interrupt typed at the terminal is for mlrun, which then gives the nodes back.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	h := &hold{cmd: cmd, input: in, gone: make(chan struct{})}
	said, words := &lines{to: func(line string) {
		h.mu.Lock()
		h.last = line
		h.mu.Unlock()
		r.Say(line)
	}}, &lines{}
	given := make(chan holds, 1)
	words.to = func(line string) {
		var where holds
		if json.Unmarshal([]byte(line), &where) == nil && where.Job != "" {
			select {
			case given <- where:
			default:
			}
		}
	}
	cmd.Stderr, cmd.Stdout = said, words
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting salloc: %w", err)
	}
	go func() {
		_ = cmd.Wait() // what it said tells why
		close(h.gone)
	}()
	select {
	case where := <-given:
		h.job = where.Job
		a, err := describe(ctx, where.Job, where.Nodes, r.Nodes)
		if err != nil {
			return nil, errors.Join(err, h.release())
		}
		a.hold = h
		return a, nil
	case <-h.gone:
		h.mu.Lock()
		defer h.mu.Unlock()
		return nil, fmt.Errorf("no allocation: %s", orNothing(h.last))
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), h.release())
	}
}

func orNothing(said string) string {
	if said == "" {
		return "salloc ended without a word"
	}
	return said
}

// holds is what the holder prints.
type holds struct {
	Job   string `json:"job"`
	Nodes string `json:"nodes"`
}

// Hold is what salloc runs: it prints where it runs, and ends when its input does.
func Hold(environ []string, in io.Reader, out io.Writer) error {
	job, _ := Found(environ)
	if job == "" {
		return ErrNone
	}
	if err := json.NewEncoder(out).Encode(holds{Job: job, Nodes: variable(environ, "SLURM_JOB_NODELIST")}); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// releaseTime is how long salloc may take to give an allocation back.
const releaseTime = 30 * time.Second

// release gives the allocation back, or gives up asking for it.
func (h *hold) release() error {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	h.released = true
	h.mu.Unlock()
	h.once.Do(func() { h.input.Close() })
	if h.job == "" { // it waits in the queue
		_ = h.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-h.gone:
		return nil
	case <-time.After(releaseTime):
		_ = h.cmd.Process.Kill()
		return fmt.Errorf("salloc did not end; scancel %s gives its nodes back", h.job)
	}
}

// ended says that the allocation was taken away.
func (h *hold) ended() string {
	if h == nil {
		return ""
	}
	select {
	case <-h.gone:
	default:
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return ""
	}
	return fmt.Sprintf("the allocation of job %s ended: %s", h.job, orNothing(h.last))
}

// lines calls to for each line that is written; what is longer than a terminal shows is cut.
type lines struct {
	to   func(string)
	part []byte
}

// Write is io.Writer's.
func (l *lines) Write(b []byte) (int, error) {
	const longest = 64 << 10
	l.part = append(l.part, b...)
	for {
		i := bytes.IndexByte(l.part, '\n')
		if i < 0 && len(l.part) < longest {
			return len(b), nil
		}
		if i < 0 {
			i = len(l.part) - 1
		}
		line := string(bytes.TrimRight(l.part[:i+1], "\r\n"))
		l.part = l.part[i+1:]
		if line != "" {
			l.to(line)
		}
	}
}
