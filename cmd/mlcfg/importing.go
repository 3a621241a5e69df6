//go:build !split

package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"syscall"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/schema"
	"mlcfg/schema/importer"
)

func (a *app) schemaImport(c *cli.Context) error {
	if c.NArg() != 1 {
		return withHint("mlcfg schema import vllm==0.10.1", "want one release to import")
	}
	if c.String("into") != "" && c.String("output") != "" {
		return withHint("--into writes many files, --output one", "--into and --output exclude each other")
	}
	spec, err := importer.ParseSpec(c.Args().First())
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	im := importer.Importer{Cache: c.String("cache"), Progress: a.warn}
	var record *importer.Record
	if path := c.String("from-python"); path != "" {
		record, err = im.Path(ctx, spec, path)
	} else {
		record, err = im.Release(ctx, spec)
	}
	if err != nil {
		return err
	}
	for _, note := range record.Notes {
		a.warn("%s: %s", spec, note)
	}
	dir := c.String("into")
	store := importer.NewStore(spec.Engine)
	if dir != "" {
		if store, err = importer.Open(dir, spec.Engine); err != nil {
			return err
		}
	}
	if err := store.Add(record); err != nil {
		return err
	}
	switch {
	case dir != "":
		return store.Write(dir)
	case c.String("output") != "":
		return atomicfile.Write(c.String("output"), []byte(store.Text()), 0o644)
	}
	_, err = io.WriteString(a.stdout, store.Text())
	return err
}

// listAvailable writes what make schema-add takes, a release a line.
func (a *app) listAvailable(ctx context.Context, engines []string) error {
	for _, engine := range engines {
		have := schema.Releases(engine)
		releases, err := importer.Importer{}.Available(ctx, engine)
		if err != nil {
			return fmt.Errorf("listing the releases of %s: %w", engine, err)
		}
		for _, r := range releases {
			if !slices.Contains(have, r) && schema.CompareReleases(r, have[0]) > 0 {
				fmt.Fprintln(a.stdout, importer.Spec{Engine: engine, Release: r})
			}
		}
	}
	return nil
}
