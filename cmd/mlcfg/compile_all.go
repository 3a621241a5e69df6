package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/compile/recompile"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/plainfile"
)

// compileAll writes the manifests that a repository ought to have and that are
// not what they should be.
func (a *app) compileAll(c *cli.Context) error {
	switch {
	case c.NArg() > 0:
		return withHint("leave out --all, or the overlays", "--all and %s name overlays both", c.Args().First())
	case c.String("output") != "":
		return withHint("manifests in the project file says where they lie", "--all and --output do not go together")
	case c.IsSet("format"):
		return withHint(`manifests in the project file says it: "manifests/{folder}/{overlay}.{backend}.json" is JSON`, "--all and --format do not go together")
	}
	repo, err := openRepository(c)
	if err != nil {
		return err
	}
	all, err := repo.wanted(c)
	if err != nil {
		return err
	}
	r, err := recompiler(c, repo)
	if err != nil {
		return err
	}
	var batch atomicfile.Batch
	each, err := onEach(all, func(w wanted) (outcome, error) { return write(r, &batch, w) })
	if err := errors.Join(err, batch.Sync()); err != nil {
		return err
	}
	var found diag.List
	written, failed := 0, 0
	for _, o := range each {
		found.Add(o.found...)
		switch {
		case o.failed:
			failed++
		case o.written:
			written++
		}
	}
	found.Sort()
	if err := diag.WriteText(a.stderr, gather(found), diag.TextOptions{Source: readText, Color: a.color(a.stderr)}); err != nil {
		return fmt.Errorf("writing the findings: %w", err)
	}
	a.warn("%s written, %d as they were, %d with errors", count(written, "manifest"), len(all)-written-failed, failed)
	if failed > 0 {
		return errFindings
	}
	return nil
}

// outcome is what became of one manifest.
type outcome struct {
	found           diag.List
	written, failed bool
}

// write compiles one manifest and writes it where it is not the same already.
func write(r *recompile.Recompiler, batch *atomicfile.Batch, w wanted) (outcome, error) {
	data, err := plainfile.Read(context.Background(), w.file, manifest.MaxSize)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return outcome{}, fmt.Errorf("reading the manifest: %w", err)
	}
	var old *manifest.Manifest
	var damaged *manifest.Error
	if err == nil {
		if old, err = manifest.Decode(w.file, data); err != nil {
			old = nil
			if errors.As(err, &damaged) && damaged.Old != nil { // which says how it was compiled
				old, damaged = damaged.Old, nil
			}
		}
	}
	res, err := r.Compile(w.overlay, w.backend, old, filepath.Ext(w.file) == ".json")
	o := outcome{found: res.Found, failed: res.Data == nil}
	if damaged != nil && !o.failed {
		o.found.Add(diag.Diagnostic{
			Pos: diag.Pos{File: w.file, Line: damaged.Line}, Severity: diag.Warning, Code: "damaged-manifest", Backend: w.backend,
			Message: "written anew, without overrides: " + damaged.Msg,
		})
	}
	if err != nil || o.failed || bytes.Equal(res.Data, data) {
		return o, err
	}
	o.written = true
	return o, deliverAll(batch, w.file, res.Data)
}

// manifests are the manifests that are there, and findings about those that are
// not and about files that nothing makes.
func (r *repository) manifests(c *cli.Context) (files []string, found diag.List, err error) {
	all, err := r.wanted(c)
	if err != nil {
		return nil, nil, err
	}
	folders := map[string]bool{}
	for _, w := range all {
		if _, err := os.Stat(w.file); errors.Is(err, fs.ErrNotExist) {
			found.Add(diag.Diagnostic{
				Pos: diag.Pos{File: w.overlay}, Severity: diag.Error, Code: "no-manifest", Backend: w.backend,
				Message: fmt.Sprintf("has no manifest for %s: %s is not there", w.backend, w.file), Hint: "mlcfg compile --all writes it",
			})
		}
		folders[r.manifestFolder(w)] = true
	}
	for folder := range folders {
		in, err := recompile.Manifests(folder)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, in...)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if backends := c.StringSlice("backend"); len(backends) > 0 && !slices.Contains(backends, "all") {
		files = slices.DeleteFunc(files, func(f string) bool {
			return !slices.ContainsFunc(all, func(w wanted) bool { return w.file == f })
		})
	}
	return files, found, nil
}

// manifestFolder is the folder of all manifests: what stands before the first
// placeholder of their paths' form.
func (r *repository) manifestFolder(w wanted) string {
	form := r.Manifests
	if form == "" {
		return filepath.Join(r.Root, "manifests")
	}
	fixed, _, _ := strings.Cut(form, "{")
	if !strings.HasSuffix(fixed, "/") {
		fixed = fixed[:strings.LastIndexByte(fixed, '/')+1]
	}
	if fixed == "" {
		return filepath.Dir(w.file)
	}
	if filepath.IsAbs(fixed) {
		return filepath.Clean(fixed)
	}
	return filepath.Join(r.Root, filepath.FromSlash(fixed))
}
