// Command process measures whole processes side by side: wall time, processor
// time and peak memory of each command line, in turns, so that a machine that is busy
// is so for all of them.
//
//	process -n 40 'name=command and its arguments' 'other=command'
//
// The first command is the one that the others are compared with. A command that
// fails ends the measurement.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

type command struct {
	name string
	args []string
	wall []time.Duration
	cpu  []time.Duration
	rss  int64 // bytes, the largest seen
}

func main() {
	n := flag.Int("n", 40, "how often each command is run")
	status := flag.Int("status", 0, "the highest exit status that is no failure")
	flag.Parse()
	if err := measure(*n, *status, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "process:", err)
		os.Exit(2)
	}
}

func measure(n, status int, lines []string) error {
	var all []*command
	for _, line := range lines {
		name, rest, ok := strings.Cut(line, "=")
		if !ok || len(strings.Fields(rest)) == 0 {
			return fmt.Errorf("%q is not of the form name=command", line)
		}
		all = append(all, &command{name: name, args: strings.Fields(rest)})
	}
	if len(all) == 0 {
		return fmt.Errorf("no command")
	}
	for range n {
		for _, c := range all {
			if err := c.run(status); err != nil {
				return err
			}
		}
	}
	first := all[0]
	fmt.Printf("%-22s %12s %12s %12s %12s %10s %8s\n", "", "wall best", "wall median", "CPU best", "CPU median", "peak MB", "CPU x")
	for _, c := range all {
		slices.Sort(c.wall)
		slices.Sort(c.cpu)
		fmt.Printf("%-22s %12s %12s %12s %12s %10.1f %8.2f\n", c.name, ms(c.wall[0]), ms(c.wall[n/2]), ms(c.cpu[0]), ms(c.cpu[n/2]),
			float64(c.rss)/(1<<20), float64(c.cpu[n/2])/float64(first.cpu[n/2]))
	}
	return nil
}

func (c *command) run(status int) error {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil && (cmd.ProcessState == nil || cmd.ProcessState.ExitCode() < 0 || cmd.ProcessState.ExitCode() > status) {
		return fmt.Errorf("%s: %w\n%s", c.name, err, out)
	}
	c.wall = append(c.wall, wall)
	c.cpu = append(c.cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rss = max(c.rss, usage.Maxrss<<10)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
