// Command mock serves the measuring mock as a process of its own, until its
// standard input ends, and then prints what it saw.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"mlcfg/internal/client/mock"
)

func main() {
	var c mock.Config
	address := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	flag.DurationVar(&c.FirstToken, "first", 0, "time to the first token")
	flag.DurationVar(&c.PerToken, "per-token", 0, "time between tokens")
	flag.Parse()
	if err := mock.Serve(context.Background(), *address, c, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mock:", err)
		os.Exit(2)
	}
}
