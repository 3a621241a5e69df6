//go:build !split

package main

import "fmt"

// buildVariable tells the whole program which build handed its work over.
const buildVariable = "MLCFG_BUILD"

// needsWhole reports nothing: this is the whole program.
func needsWhole(string) error { return nil }

// handOver refuses work of a program of another build.
func (a *app) handOver([]string) (status int, done bool) {
	if from := a.getenv(buildVariable); from != "" && from != version {
		fmt.Fprintf(a.stderr, "mlcfg: mlcfg-cue is of build %s, mlcfg of %s\nhint: install both programs of one build, beside each other\n", version, from)
		return exitTrouble, true
	}
	return 0, false
}

func (a *app) handOverAfter(error, []string) (status int, done bool) { return 0, false }
