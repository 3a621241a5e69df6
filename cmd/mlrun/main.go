// Command mlrun executes manifests made by mlcfg: it starts the engine, issues
// the queries of an MLPerf scenario, and reports. One file a command.
package main

import (
	"context"
	"os"
	"os/signal"
)

// version is set by the linker.
var version = "dev"

func main() {
	surviveClosedPipes()
	ctx, stop := interrupted(context.Background())
	defer stop()
	// A command that does not end by itself after the first signal is ended by the second.
	context.AfterFunc(ctx, stop)
	a := app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(a.run(ctx, os.Args))
}

// interrupted returns a context that ends with the first signal that ends a run.
func interrupted(parent context.Context) (context.Context, context.CancelFunc) {
	ending := endings()
	if len(ending) == 0 { // of which NotifyContext would make all signals
		return context.WithCancel(parent)
	}
	return signal.NotifyContext(parent, ending...)
}
