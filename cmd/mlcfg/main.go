// Command mlcfg compiles LLM benchmark configuration into manifests and checks
// it against the schemas of the engines that will run it.
package main

import (
	"os"
	"runtime/debug"
)

// version is set by the linker.
var version = "dev"

// gcPercent lets the heap grow to five times what is in use before it is
// collected: one file needs some hundred kilobytes, so that this stays small
// for any number of files and halves the collector's work. GOGC overrides it.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	os.Exit(a.run(os.Args))
}
