// Command faults breaks runs in every way that is known to happen, with the real
// program, and measures what is left: it kills the engine, the program itself and
// the power script, suspends the engine, fills the disk, breaks and malforms
// responses, makes ports busy, and corrupts manifests, data sets and run
// directories. The engine is the simulated one, which writes down which answers
// left it whole; what is not among the records of the run was lost.
//
//	go run ./tools/faults -mlrun bin/mlrun
//	go run ./tools/faults -mlrun bin/mlrun -doc docs/reliability.md
//
// It exits 1 where something finished was lost, a process was left, or a run
// ended otherwise than it should, and 2 where it could not do its work.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"mlcfg/tools/docmark"
)

func main() {
	mlrun := flag.String("mlrun", "bin/mlrun", "the `program` to be broken")
	doc := flag.String("doc", "", "`file` in which the table is renewed; none where empty")
	only := flag.String("case", "", "only the faults whose name holds this `text`")
	keep := flag.String("keep", "", "leave the files of every fault in this new `folder`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bad, err := campaign(ctx, *mlrun, *doc, *only, *keep)
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "faults: %v\n", err)
		os.Exit(2)
	case bad:
		os.Exit(1)
	}
}

// campaign tries every fault, tells how each went, and renews the table of doc.
func campaign(ctx context.Context, mlrun, doc, only, keep string) (bad bool, err error) {
	dir, err := filepath.Abs(keep)
	if err != nil {
		return false, err
	}
	if keep == "" {
		if dir, err = os.MkdirTemp("", "faults"); err != nil {
			return false, err
		}
		defer os.RemoveAll(dir)
	} else if err := os.Mkdir(dir, 0o755); err != nil {
		return false, err
	}
	b, err := newBench(mlrun, dir)
	if err != nil {
		return false, err
	}
	var outcomes []outcome
	for i, f := range faults() {
		if !strings.Contains(f.name, only) {
			continue
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		o, err := b.try(ctx, &f, filepath.Join(dir, fmt.Sprintf("%02d", i)))
		if err != nil {
			return false, fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Println(o.line())
		for _, complaint := range o.complaints {
			bad = true
			fmt.Printf("    WRONG: %s\n", complaint)
		}
		outcomes = append(outcomes, o)
	}
	fmt.Println(summary(outcomes))
	if doc == "" || only != "" {
		return bad, nil
	}
	return bad, docmark.Renew(doc, "faults", table(outcomes))
}
