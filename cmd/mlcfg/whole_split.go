//go:build split

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/config"
	"mlcfg/internal/dataset"
)

// This is mlcfg without CUE, Parquet, zstd and xz, as make build and a release have it. Go starts every
// package that is linked, whether it is used or not, and CUE's alone take four times as long
// as an empty program, so that they stay out of what starts once for every file. Work that they
// are needed for goes to mlcfg-cue, the same program built whole, before anything is printed.
const wholeProgram = "mlcfg-cue"

// buildVariable tells the whole program which build handed its work over.
const buildVariable = "MLCFG_BUILD"

// needsWhole returns the error of work that takes the whole program.
func needsWhole(what string) error { return &config.NeedsCUE{File: what} }

// handOver hands over where a project file lies above the working folder: nearly every
// command will read it.
func (a *app) handOver(args []string) (status int, done bool) {
	if len(args) < 2 || strings.HasPrefix(args[1], "-") || config.FindSettings(".") == "" {
		return 0, false
	}
	return a.runWhole(config.FileName, args), true
}

// handOverAfter hands over where a command met what it needs CUE for.
func (a *app) handOverAfter(err error, args []string) (status int, done bool) {
	var needs *config.NeedsCUE
	switch {
	case errors.As(err, &needs):
		return a.runWhole(needs.File, args), true
	case errors.Is(err, dataset.ErrLeftOut):
		return a.runWhole("a Parquet, zstd or xz file", args), true
	}
	return 0, false
}

// runWhole turns this process into the whole program; it returns where that fails.
func (a *app) runWhole(what string, args []string) int {
	path, err := findWhole()
	if err == nil {
		err = syscall.Exec(path, args, append(os.Environ(), buildVariable+"="+version))
	}
	fmt.Fprintf(a.stderr, "mlcfg: %s takes %s, which cannot be started: %v\nhint: install %s beside mlcfg, or on PATH\n", what, wholeProgram, err, wholeProgram)
	return exitTrouble
}

// findWhole looks beside this program, then on PATH.
func findWhole() (string, error) {
	if self, err := os.Executable(); err == nil {
		if self, err = filepath.EvalSymlinks(self); err == nil {
			beside := filepath.Join(filepath.Dir(self), wholeProgram)
			if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
				return beside, nil
			}
		}
	}
	return exec.LookPath(wholeProgram)
}

func (a *app) schemaImport(*cli.Context) error { return needsWhole("schema import") }

func (a *app) listAvailable(context.Context, []string) error {
	return needsWhole("schema list --available")
}
