// Command exact holds what this project says of an engine against the engine's own
// code: every key of a section with several values against the release's own
// argument parser, every variable with twelve texts against the code that reads it,
// every sampling parameter against the classes that requests become, generated
// documents against OmegaConf.
//
// It installs no engine: the release's Python source is read from its package, as
// the importer does, and stand-ins take the place of what is too large (torch) or
// needs a device. What is compared is computed by the engine's own code alone.
//
//	go run ./tools/exact -doc docs/conformance.md
//
// A difference is silent where a configuration compiles with nothing said about the
// key, and the engine refuses it or reads another value. It exits 1 where there is
// one. Where nothing can be installed it says SKIPPED, and exits 0.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/schema"
	"mlcfg/schema/importer"
	"mlcfg/tools/docmark"
)

// old are releases that are asked beside the newest one of their engine.
var old = map[string]string{backend.VLLM: "0.9.2", backend.SGLang: "0.4.9.post6"}

// mark is the name of the part of the page that this program writes.
const mark = "exact"

func main() {
	cache := flag.String("cache", "", "folder for sources and the virtual environment; one in the user's cache where empty")
	releases := flag.String("releases", "", "releases as ENGINE==RELEASE, separated by commas; the newest and an old one of each engine where empty")
	only := flag.String("kind", "", "compare this kind alone: "+strings.Join(append(kindNames(), documents), ", "))
	doc := flag.String("doc", "", "page that gets the table between its marks; none where empty")
	all := flag.Bool("all", false, "list each agreed refusal too")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	reports, err := compare(ctx, *cache, *releases, *only)
	switch {
	case errors.Is(err, errNotInstalled):
		fmt.Printf("SKIPPED: %v\n", err)
		return
	case err != nil:
		fail(err)
	}
	for _, r := range reports {
		r.list(os.Stdout, *all)
	}
	text := table(reports)
	fmt.Print(text)
	if *doc != "" {
		if err := docmark.Renew(*doc, mark, text); err != nil {
			fail(err)
		}
	}
	if slices.ContainsFunc(reports, func(r report) bool { return len(r.of(silent)) > 0 }) {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "exact: %v\n", err)
	os.Exit(2)
}

// compare compares every kind for every release.
func compare(ctx context.Context, cache, releases, only string) ([]report, error) {
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("%w: no folder for them: %w", errNotInstalled, err)
		}
		cache = filepath.Join(user, "mlcfg", "exact")
	}
	specs, err := specsOf(releases)
	if err != nil {
		return nil, err
	}
	var reports []report
	for _, spec := range specs {
		if only == documents {
			break // no engine is asked
		}
		e, err := install(ctx, cache, spec)
		if err != nil {
			return nil, err
		}
		for _, k := range kinds {
			if only != "" && k.name != only {
				continue
			}
			fmt.Fprintf(os.Stderr, "%s: %s\n", spec, k.name)
			cases, err := k.compare(ctx, e)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", spec, k.name, err)
			}
			reports = append(reports, report{spec: spec, kind: k, cases: cases})
		}
	}
	if only == "" && releases == "" || only == documents {
		of, err := compareDocuments(ctx, cache)
		if err != nil {
			return nil, err
		}
		reports = append(reports, of...)
	}
	return reports, nil
}

func specsOf(releases string) (specs []importer.Spec, err error) {
	if releases == "" {
		for _, b := range backend.Engines() {
			if release, known := old[b.Name]; known {
				all := schema.Releases(b.Name)
				specs = append(specs, importer.Spec{Engine: b.Name, Release: all[len(all)-1]}, importer.Spec{Engine: b.Name, Release: release})
			}
		}
		return specs, nil
	}
	for text := range strings.SplitSeq(releases, ",") {
		spec, err := importer.ParseSpec(text)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}
