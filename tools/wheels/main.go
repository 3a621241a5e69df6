// Command wheels builds what pip, pipx and uvx install: a Python wheel for each program and
// platform, with the static binary as the only script. Nothing in it is Python.
//
//	go run ./tools/wheels -version v1.2.3 -out dist/wheels
//
// The same commit, release of Go and version make the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/atomicfile"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "wheels:", err)
		}
		os.Exit(2)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("wheels", flag.ContinueOnError)
	version := flags.String("version", "dev", "`VERSION` as git describe prints it")
	out := flags.String("out", filepath.Join("dist", "wheels"), "`FOLDER` that the wheels are written to")
	only := flags.String("platforms", "", "comma-separated `LIST` such as linux/amd64; all by default")
	if err := flags.Parse(args); err != nil {
		return err
	}
	release, err := pep440(*version)
	if err != nil {
		return err
	}
	if err := checkPin(release); err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "wheels")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	named := strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	for _, name := range named {
		if !slices.ContainsFunc(platforms, func(p platform) bool { return p.name() == name }) {
			return fmt.Errorf("there is no platform %s", name)
		}
	}
	for _, p := range programs {
		for _, on := range platforms {
			if len(named) > 0 && !slices.Contains(named, on.name()) || !p.runsOn(on) {
				continue
			}
			w, err := p.build(on, *version, release, work)
			if err != nil {
				return err
			}
			data, err := w.bytes()
			if err != nil {
				return fmt.Errorf("%s: %w", w.fileName(), err)
			}
			if err := atomicfile.Write(filepath.Join(*out, w.fileName()), data, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%5.1f MB  %s\n", float64(len(data))/1e6, w.fileName())
		}
	}
	return nil
}
