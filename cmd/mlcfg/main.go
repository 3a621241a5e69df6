// Command mlcfg compiles LLM benchmark configuration into manifests and checks
// it against the schemas of the engines that will run it.
package main

import (
	"os"
	"runtime/debug"
)

// version is set by the linker.
var version = "dev"

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	os.Exit(a.run(os.Args))
}
