// Package slurm starts processes on the nodes of a Slurm job, as its steps.
//
//	a, err := slurm.Here(ctx, os.Environ(), 0)   // the allocation that this process is in
//	a, err := slurm.Allocate(ctx, request)       // or one of its own, by salloc
//	defer a.Release()
//	for _, n := range a.Nodes { a.Command(n, names, "mlrun", "engine-step") }
//
// It calls salloc, srun, scancel and scontrol as they are found in PATH, without a shell,
// and links nothing of Slurm.
package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/lazyregexp"
)

// HoldCommand is the hidden command of mlrun that salloc runs: it prints where it runs and
// ends when its standard input does.
const HoldCommand = "slurm-hold"

// askTime bounds one question to the controller.
const askTime = 30 * time.Second

// killTime bounds the ending of a step: of one on a dead node the controller answers late,
// and does what it was asked for all the same.
const killTime = 3 * time.Second

// Allocation is nodes that Slurm has given to a job.
type Allocation struct {
	// Job is its number.
	Job string
	// Nodes are those that are used, in Slurm's order.
	Nodes []Node
	hold  *hold // nil: somebody else's
}

// Node is a machine of an allocation.
type Node struct {
	// Name is Slurm's, Address where the other machines reach it, an IP address.
	Name, Address string
}

// ErrNone reports that this process is in no allocation.
var ErrNone = errors.New("this process is in no allocation of Slurm (SLURM_JOB_ID is not set)")

// Found returns the job whose allocation an environment is of, and how many nodes that
// has; empty where it is of none.
func Found(environ []string) (job, nodes string) {
	return variable(environ, "SLURM_JOB_ID"), variable(environ, "SLURM_JOB_NUM_NODES")
}

// Here is the allocation that an environment is of. The first so many of its nodes are
// used; 0 uses all.
func Here(ctx context.Context, environ []string, nodes int) (*Allocation, error) {
	job, _ := Found(environ)
	if job == "" {
		return nil, ErrNone
	}
	return describe(ctx, job, variable(environ, "SLURM_JOB_NODELIST"), nodes)
}

// NoAddress stands for the address of a node that is not known yet.
const NoAddress = "{address}"

// Unknown stands for an allocation that nobody has asked for yet.
func Unknown(nodes int) *Allocation {
	a := &Allocation{Job: "JOB"}
	for i := range nodes {
		a.Nodes = append(a.Nodes, Node{Name: fmt.Sprintf("node-%d", i+1), Address: NoAddress})
	}
	return a
}

// describe looks the nodes of a job up.
func describe(ctx context.Context, job, list string, nodes int) (*Allocation, error) {
	if !jobNumber.MatchString(job) {
		return nil, fmt.Errorf("SLURM_JOB_ID is %q, which is no number of a job", job)
	}
	if _, err := exec.LookPath("srun"); err != nil {
		return nil, fmt.Errorf("srun is not in PATH, which starts the engines on their nodes: %w", errors.Unwrap(err))
	}
	out, err := ask(ctx, "scontrol", "show", "hostnames", list)
	if err != nil {
		return nil, err
	}
	names := strings.Fields(out)
	if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return !nodeName.MatchString(n) }) {
		return nil, fmt.Errorf("scontrol show hostnames %q names no nodes, but %q", list, out)
	}
	if nodes > len(names) {
		return nil, fmt.Errorf("the allocation of job %s has %d nodes (%s); --nodes asks for %d", job, len(names), list, nodes)
	}
	if nodes > 0 {
		names = names[:nodes]
	}
	a := &Allocation{Job: job}
	if out, err = ask(ctx, "scontrol", "--oneliner", "show", "node", strings.Join(names, ",")); err != nil {
		return nil, err
	}
	addresses := map[string]string{}
	for line := range strings.Lines(out) {
		addresses[field(line, "NodeName")] = field(line, "NodeAddr")
	}
	for _, name := range names {
		ip, err := resolve(ctx, addresses[name])
		if err != nil {
			return nil, fmt.Errorf("the address of node %s: %w", name, err)
		}
		a.Nodes = append(a.Nodes, Node{Name: name, Address: ip})
	}
	return a, nil
}

var (
	jobNumber = lazyregexp.New(`^[0-9]+$`)
	nodeName  = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	stepName  = lazyregexp.New(`^[0-9]+\.[0-9]+$`)
)

// resolve is the IP address of a name, IPv4 before IPv6.
func resolve(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", errors.New("scontrol does not say it (NodeAddr)")
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.String(), nil
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return "", err
	}
	slices.SortStableFunc(list, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	return list[0].Unmap().String(), nil
}

// Command is the command line that runs another on a node as a step of the job. Of this
// process's environment the step gets the variables that are named, and Slurm's own.
func (a *Allocation) Command(node string, names []string, command ...string) []string {
	export := "NONE"
	if len(names) > 0 {
		export = strings.Join(names, ",")
	}
	return append([]string{
		"srun", "--jobid=" + a.Job, "--nodes=1", "--ntasks=1", "--ntasks-per-node=1", "--nodelist=" + node, "--overlap",
		"--kill-on-bad-exit=1", "--cpu-bind=none", "--mpi=none", "--export=" + export,
	}, command...)
}

// Kill ends a step for good, JOB.STEP as it names itself.
func (a *Allocation) Kill(step string) {
	ctx, cancel := context.WithTimeout(context.Background(), killTime)
	defer cancel()
	if stepName.MatchString(step) {
		_ = exec.CommandContext(ctx, "scancel", "--signal=KILL", step).Run() // it may be gone
	}
}

// Ended says how the allocation ended, or which of its nodes is down; empty where it has
// not ended and every node is up, as far as Slurm knows.
func (a *Allocation) Ended(ctx context.Context) string {
	out, err := ask(ctx, "scontrol", "--oneliner", "show", "job", a.Job)
	if err != nil {
		return a.hold.ended() // the controller cannot be asked
	}
	state := field(out, "JobState")
	limit, limited := elapsed(field(out, "TimeLimit"))
	ran, _ := elapsed(field(out, "RunTime"))
	switch {
	case state == "TIMEOUT", state == "DEADLINE", state == "COMPLETING" && limited && ran >= limit:
		return fmt.Sprintf("job %s reached its time limit (%s)", a.Job, field(out, "TimeLimit"))
	case state == "CANCELLED":
		return fmt.Sprintf("job %s was cancelled", a.Job)
	case state == "COMPLETING":
		return fmt.Sprintf("Slurm ends job %s, which was cancelled or preempted", a.Job)
	case state != "RUNNING" && state != "":
		return fmt.Sprintf("the allocation of job %s ended: %s", a.Job, state)
	}
	var names []string
	for _, n := range a.Nodes {
		names = append(names, n.Name)
	}
	if out, err = ask(ctx, "scontrol", "--oneliner", "show", "node", strings.Join(names, ",")); err != nil {
		return ""
	}
	for line := range strings.Lines(out) {
		if state := field(line, "State"); strings.Contains(state, "DOWN") || strings.Contains(state, "NOT_RESPONDING") || strings.HasSuffix(state, "*") {
			return fmt.Sprintf("node %s is %s", field(line, "NodeName"), state)
		}
	}
	return a.hold.ended()
}

// elapsed reads a time as scontrol writes it, [DAYS-]HH:MM:SS.
func elapsed(text string) (time.Duration, bool) {
	var days, hours, minutes, seconds int
	if d, rest, ok := strings.Cut(text, "-"); ok {
		if _, err := fmt.Sscan(d, &days); err != nil {
			return 0, false
		}
		text = rest
	}
	if n, err := fmt.Sscanf(text, "%d:%d:%d", &hours, &minutes, &seconds); n != 3 || err != nil {
		return 0, false
	}
	return time.Duration(((days*24+hours)*60+minutes)*60+seconds) * time.Second, true
}

// Release gives an allocation back that was made here.
func (a *Allocation) Release() error {
	if a == nil {
		return nil
	}
	return a.hold.release()
}

// ask runs a program of Slurm's that answers at once.
func ask(ctx context.Context, words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var said bytes.Buffer
	var out []byte
	var err error
	for range 3 {
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Stderr = &said
		out, err = cmd.Output()
		// Slurm's signals to the processes of a job that it ends are for those of the question too.
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.Exited() || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		if text := strings.TrimSpace(said.String()); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return "", fmt.Errorf("%s: %w", strings.Join(words[:min(3, len(words))], " "), err)
	}
	return string(out), nil
}

// field is the value of NAME=VALUE in a line of scontrol's.
func field(line, name string) string {
	for word := range strings.FieldsSeq(line) {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}

func variable(environ []string, name string) string {
	for _, e := range environ {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}
