// Command compare runs our client and another load generator in turn against the
// same mock server and prints what each reached, side by side. What is compared
// is measured outside of the clients: requests per second, gaps and true times
// by the mock, CPU time and memory by the kernel.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 3, "runs of each client in each case, in turn; the median is printed")
	quick := flag.Bool("quick", false, "a tenth of the requests")
	only := flag.String("only", "", "throughput or schedule: that part alone")
	flag.Parse()
	if err := compare(*rounds, *quick, *only); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
}

func compare(rounds int, quick bool, only string) error {
	b, err := newBench()
	if err != nil {
		return err
	}
	defer b.close()
	scale := 1
	if quick {
		scale = 10
	}
	fmt.Printf("%s, %d CPUs, %s, load %s; %d runs each, in turn, medians\n", runtime.GOARCH, runtime.NumCPU(), runtime.Version(), load(), rounds)
	for _, c := range b.clients {
		fmt.Printf("  %-8s %s\n", c.name, c.about)
	}
	if only != "schedule" {
		if err := b.throughput(rounds, scale); err != nil {
			return err
		}
	}
	if only != "throughput" {
		return b.schedule(rounds, scale)
	}
	return nil
}

// throughput is as many requests as the server answers, with so many in flight.
func (b *bench) throughput(rounds, scale int) error {
	fmt.Printf("\n%-34s", "as fast as the server answers")
	b.header()
	base := map[string]float64{} // CPU microseconds of a run with one request
	starts, err := b.repeat(rounds, func(c client) (values, error) {
		v, err := b.measure(c, job{requests: 1, inFlight: 1, output: 1})
		return values{"start ms": v.start.Seconds() * 1e3, "cpu us": v.cpu.Seconds() * 1e6}, err
	})
	if err != nil {
		return err
	}
	for name, v := range starts {
		base[name] = v["cpu us"]
	}
	for _, output := range []int{1, 128} {
		for _, inFlight := range []int{64, 256} {
			n := 100000 / scale
			if output > 1 {
				n /= 5
			}
			got, err := b.repeat(rounds, func(c client) (values, error) {
				v, err := b.measure(c, job{requests: n, inFlight: inFlight, output: output})
				return values{
					"requests/s": v.perSecond(), "memory MB": float64(v.memory) / 1e6,
					"CPU us/request": (v.cpu.Seconds()*1e6 - base[c.name]) / float64(n),
				}, err
			})
			if err != nil {
				return err
			}
			what := fmt.Sprintf("%d tokens, %d in flight: ", output, inFlight)
			b.row(what+"requests/s", got, "requests/s", "%.0f")
			b.row(what+"CPU us", got, "CPU us/request", "%.1f")
			b.row(what+"MB", got, "memory MB", "%.1f")
		}
	}
	b.row("start to first request, ms", starts, "start ms", "%.1f")
	return nil
}

// schedule is requests at Poisson times, with an engine's delays.
func (b *bench) schedule(rounds, scale int) error {
	for _, rate := range []int{200, 1000} {
		fmt.Printf("\n%-34s", fmt.Sprintf("Poisson, %d requests per second", rate))
		b.header()
		got, err := b.repeat(rounds, func(c client) (values, error) {
			v, err := b.measure(c, job{requests: 20 * rate / scale, rate: rate, output: 16, first: 50 * time.Millisecond, perToken: 20 * time.Millisecond})
			if err != nil {
				return nil, err
			}
			out, err := v.timing(rate)
			if err == nil {
				out["CPU us/request"] = v.cpu.Seconds() * 1e6 / float64(len(v.truth))
			}
			return out, err
		})
		if err != nil {
			return err
		}
		for _, name := range []string{
			"rate reached", "gaps: distance from Exp (K-S)", "TTFT error p50 us", "TTFT error p99 us", "TPOT error p50 us", "TPOT error p99 us",
			"lateness p50 us", "lateness p99 us", "lateness max us", "CPU us/request",
		} {
			form := "%.1f"
			if name == "gaps: distance from Exp (K-S)" {
				form = "%.4f"
			}
			b.row(name, got, name, form)
		}
	}
	return nil
}
