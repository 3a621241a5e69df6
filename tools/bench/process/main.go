// Command process measures whole processes side by side: wall time, processor
// time and peak memory of each command line, in turns, so that a machine that is busy
// is so for all of them.
//
//	process -n 40 'name=command and its arguments' 'other=command'
//
// The first command is the one that the others are compared with. A command that
// fails ends the measurement.
//
//	process -limit 1.10 'lint before=old/mlcfg lint x' 'lint=new/mlcfg lint x' ...
//
// With -limit the commands are pairs, before and after, and the exit status is 1 where
// the median of the pairs' ratios of processor time is above the limit.
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
	// ratios are to the first command's processor time, round by round.
	ratios []float64
}

func main() {
	n := flag.Int("n", 40, "how often each command is run")
	status := flag.Int("status", 0, "the highest exit status that is no failure")
	limit := flag.Float64("limit", 0, "compare pairs, before and after, and fail above this ratio")
	flag.Parse()
	all, err := measure(*n, *status, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "process:", err)
		os.Exit(2)
	}
	if *limit > 0 && !guard(all, *limit) {
		os.Exit(1)
	}
	if *limit == 0 {
		table(all)
	}
}

// measure runs all commands n times, in turns.
func measure(n, status int, lines []string) ([]*command, error) {
	var all []*command
	for _, line := range lines {
		name, rest, ok := strings.Cut(line, "=")
		if !ok || len(strings.Fields(rest)) == 0 {
			return nil, fmt.Errorf("%q is not of the form name=command", line)
		}
		all = append(all, &command{name: name, args: strings.Fields(rest)})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no command")
	}
	for range n {
		for _, c := range all {
			if err := c.run(status); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// table prints every command beside the first.
func table(all []*command) {
	for _, c := range all {
		c.ratios = nil
		for i := range c.cpu {
			c.ratios = append(c.ratios, float64(c.cpu[i])/float64(all[0].cpu[i]))
		}
	}
	fmt.Printf("%-22s %12s %12s %12s %12s %10s %8s\n", "", "wall best", "wall median", "CPU best", "CPU median", "peak MB", "CPU x")
	for _, c := range all {
		n := len(c.cpu)
		slices.Sort(c.wall)
		slices.Sort(c.cpu)
		fmt.Printf("%-22s %12s %12s %12s %12s %10.1f %8.2f\n", c.name, ms(c.wall[0]), ms(c.wall[n/2]), ms(c.cpu[0]), ms(c.cpu[n/2]),
			float64(c.rss)/(1<<20), median(c.ratios))
	}
}

// guard prints what each pair's ratio is and reports whether none is above the limit.
func guard(all []*command, limit float64) bool {
	good := true
	fmt.Printf("%-22s %12s %12s %8s\n", "", "CPU before", "CPU after", "ratio")
	for i := 0; i+1 < len(all); i += 2 {
		before, after := all[i], all[i+1]
		var ratios []float64
		for j := range after.cpu {
			ratios = append(ratios, float64(after.cpu[j])/float64(before.cpu[j]))
		}
		slices.Sort(before.cpu)
		slices.Sort(after.cpu)
		ratio, verdict := median(ratios), ""
		if ratio > limit {
			good, verdict = false, fmt.Sprintf("  slower than %.2f allows", limit)
		}
		fmt.Printf("%-22s %12s %12s %8.2f%s\n", after.name, ms(before.cpu[len(before.cpu)/2]), ms(after.cpu[len(after.cpu)/2]), ratio, verdict)
	}
	return good
}

// median of the ratios within a round, in which both ran under the same load.
func median(ratios []float64) float64 {
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
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
