// Command mutations feeds damaged inputs to the readers, as the commands do it:
// lint, compile, mlrun plan and the pickle reader, in this process. It watches
// that each input is accepted or refused, in peace: without a panic, in bounded
// time and memory.
//
//	go run ./tools/mutations                                  100,000 inputs
//	go run ./tools/mutations -doc docs/reliability.md         and their counts in the page
//	go run ./tools/mutations -kind plan -from 812 -count 1    one of them again
//
// Input N of a kind is the same each time: it follows from the seed, the kind
// and N. It exits 1 where an input broke something, and writes it to -keep.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"mlcfg/tools/docmark"
)

func main() {
	count := flag.Int("count", 100_000, "inputs, all kinds together")
	from := flag.Int("from", 0, "the first input's number")
	seed := flag.Uint64("seed", 9, "what the damage follows from")
	only := flag.String("kind", "", "lint, compile, plan or pickle alone")
	keep := flag.String("keep", os.TempDir(), "folder for inputs that break something")
	doc := flag.String("doc", "", "page whose table is renewed; none where empty")
	root := flag.String("root", ".", "folder of this repository, where the inputs to damage lie")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	dir, err := os.MkdirTemp("", "mutations")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)
	kinds, err := kinds(*root, dir)
	if err != nil {
		fail(err)
	}
	if *only != "" {
		k := find(kinds, *only)
		if k == nil {
			fail(fmt.Errorf("no kind %q", *only))
		}
		kinds = []kind{*k}
	}
	w := &watch{seed: *seed, keep: *keep, deadline: time.Minute}
	var tallies []tally
	bad := false
	for i := range kinds {
		n := *count / len(kinds)
		if i < *count%len(kinds) {
			n++
		}
		t, err := w.feed(ctx, &kinds[i], *from, n)
		if err != nil {
			os.RemoveAll(dir)
			fail(err)
		}
		fmt.Println(t.line())
		for _, text := range t.broken {
			bad = true
			fmt.Println("    BROKEN: " + text)
		}
		tallies = append(tallies, t)
	}
	if *doc != "" {
		if err := docmark.Renew(*doc, "mutations", table(tallies)); err != nil {
			os.RemoveAll(dir)
			fail(err)
		}
	}
	if bad {
		os.RemoveAll(dir)
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "mutations: %v\n", err)
	os.Exit(2)
}

// table is the outcome as Markdown.
func table(tallies []tally) string {
	var b strings.Builder
	b.WriteString("| through | inputs | accepted | refused | panics | hangs | most memory allocated for one, MiB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	var sum tally
	for i := range tallies {
		t := &tallies[i]
		b.WriteString(t.row())
		sum.add(t)
	}
	sum.what = "all"
	b.WriteString(sum.row())
	return b.String()
}
