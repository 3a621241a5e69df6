// Command conformance runs the official MLPerf LoadGen, from PyPI, and this
// project's loadgen on the same settings and the same responses, and compares
// what each says: which samples are issued in which order and when, every line
// of the summary, every line of the detail log, the accuracy log.
//
// Random settings and conf files are tried besides: which samples are loaded and
// issued, and what a conf file sets.
//
// LoadGen runs in real time, in short runs, with a system under test whose
// answers follow from the sample. Its trace holds what happened to the
// nanosecond; from that record the verdict and the logs are computed again.
//
//	go run ./tools/conformance -venv .venv -doc docs/conformance.md
//
// It exits 1 where something differs. Where LoadGen cannot be installed it says
// that it was skipped, and exits 0.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/tools/docmark"
)

func main() {
	versions := flag.String("versions", "6.0.17,5.1.2", "releases of mlcommons-loadgen, separated by commas")
	venv := flag.String("venv", ".venv", "folder for one virtual environment a release")
	doc := flag.String("doc", "", "page that gets the tables between its marks; none where empty")
	only := flag.String("case", "", "run only the cases whose name holds this text")
	keep := flag.String("keep", "", "folder to leave LoadGen's files in; a temporary one where empty")
	flag.Parse()

	outcomes, randoms, err := run(strings.Split(*versions, ","), *venv, *only, *keep)
	switch {
	case errors.Is(err, errNotInstalled):
		fmt.Printf("SKIPPED: %v\n", err)
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "conformance: %v\n", err)
		os.Exit(2)
	}
	text := table(outcomes) + randomTable(randoms)
	fmt.Print(text)
	if *doc != "" && *only == "" {
		if err := docmark.Renew(*doc, "loadgen", text); err != nil {
			fmt.Fprintf(os.Stderr, "conformance: %v\n", err)
			os.Exit(2)
		}
	}
	equal := true
	for _, r := range randoms {
		for _, d := range r.differences {
			fmt.Fprintf(os.Stderr, "LoadGen %s, random %s\n", r.version, d)
			equal = false
		}
	}
	for _, o := range outcomes {
		o.explain(os.Stderr)
		equal = equal && !o.differs()
	}
	if !equal {
		os.Exit(1)
	}
}

func run(versions []string, venv, only, keep string) ([]outcome, []randomOutcome, error) {
	if keep == "" {
		dir, err := os.MkdirTemp("", "conformance")
		if err != nil {
			return nil, nil, err
		}
		defer os.RemoveAll(dir)
		keep = dir
	}
	var outcomes []outcome
	var randoms []randomOutcome
	for _, version := range versions {
		official, err := install(version, venv)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range cases() {
			if !strings.Contains(c.name, only) {
				continue
			}
			dir, err := filepath.Abs(filepath.Join(keep, version, c.name))
			if err != nil {
				return nil, nil, err
			}
			fmt.Fprintf(os.Stderr, "%s %s\n", version, c.name)
			o, err := official.compare(c, dir)
			if err != nil {
				return nil, nil, fmt.Errorf("LoadGen %s, case %s: %w", version, c.name, err)
			}
			outcomes = append(outcomes, o)
		}
		if !strings.Contains("random", only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s random\n", version)
		r, err := official.compareRandom(filepath.Join(keep, version, "random"))
		if err != nil {
			return nil, nil, fmt.Errorf("LoadGen %s, random settings: %w", version, err)
		}
		randoms = append(randoms, r)
	}
	return outcomes, randoms, nil
}
