// Command mutants changes the program at places that a seed chooses, one at a
// time, and runs the tests: a change that no test notices is a hole in them.
//
//	go run ./tools/mutants                                 the joint's packages
//	go run ./tools/mutants -doc docs/mutants.md            and the table in the page
//	go run ./tools/mutants -count 10 -seed 3 internal/record
//
// Conditions are negated, boundaries and numbers are off by one, arithmetic is
// swapped, the right of an && or || and whole assignments and calls are left
// out, and returns give zero values. All changes of a package are compiled into
// its tests at once, each behind a switch that an environment variable turns, so
// that one costs a run and no build. Files are put instead of the package's
// by go test -overlay: the tree is never touched. Each change has the package's
// own tests against it, then those of internal/run; a test that does not end in
// time has noticed it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"mlcfg/tools/docmark"
)

// joint are the packages in which a number becomes a result.
var joint = []string{"internal/run", "internal/record", "internal/report", "internal/manifest", "internal/engine", "internal/loadgen"}

func main() {
	count := flag.Int("count", 40, "changes of each package")
	seed := flag.Uint64("seed", 1, "what the choice of places follows from")
	doc := flag.String("doc", "", "page whose table is renewed; none where empty")
	parallel := flag.Int("parallel", 2, "test runs at a time")
	own := flag.Bool("own", false, "run no tests but the package's own: quicker, while tests are written")
	root := flag.String("root", ".", "folder of this repository")
	flag.Parse()
	packages := flag.Args()
	if len(packages) == 0 {
		packages = joint
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(work)
	b := &bench{root: *root, work: work, count: *count, seed: *seed, parallel: max(*parallel, 1), own: *own}
	var tried []tally
	for _, p := range packages {
		t, err := b.try(ctx, p)
		if err != nil {
			fail(fmt.Errorf("%s: %w", p, err))
		}
		fmt.Print(t.text())
		tried = append(tried, t)
	}
	text := table(tried, *seed)
	fmt.Print("\n" + text)
	if *doc != "" {
		if err := docmark.Renew(*doc, "mutants", text); err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "mutants: "+strings.TrimSpace(err.Error()))
	os.Exit(2)
}
