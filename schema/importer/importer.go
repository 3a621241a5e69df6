// Package importer reads what an engine's release defines (arguments, request
// parameters, environment variables) out of its Python source and writes it
// into the CUE files of package schema.
//
//	spec, err := importer.ParseSpec("vllm==0.10.1")
//	record, err := importer.Importer{Cache: dir}.Release(ctx, spec)
//	store, err := importer.Open("schema", spec.Engine)
//	err = store.Add(record)
//	err = store.Write("schema")
//
// The source is read as text by a program for Python 3 with its standard
// library alone; nothing of the package is imported or run. The same source
// gives the same bytes.
package importer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/schema"
)

// Spec names a release of an engine.
type Spec struct{ Engine, Release string }

// String is the spec as pip writes it.
func (s Spec) String() string { return packageOf(s.Engine) + "==" + s.Release }

// packageOf is an engine's Python package.
func packageOf(engine string) string {
	if b, ok := backend.Of(engine); ok {
		return b.Module()
	}
	return engine
}

// engineOf is the engine of a package; the package's own name where it is none's.
func engineOf(name string) string {
	for _, engine := range schema.Engines() {
		if packageOf(engine) == strings.ReplaceAll(name, "-", "_") {
			return engine
		}
	}
	return name
}

// ParseSpec reads "vllm==0.10.1": the package, or the engine where that has another name.
func ParseSpec(text string) (Spec, error) {
	engine, release, ok := strings.Cut(text, "==")
	engine = engineOf(engine)
	switch {
	case !ok || release == "":
		return Spec{}, fmt.Errorf("%q names no release; write ENGINE==RELEASE, as in vllm==0.10.1", text)
	case !slices.Contains(schema.Engines(), engine):
		return Spec{}, fmt.Errorf("no engine %q; known are %s", engine, strings.Join(schema.Engines(), ", "))
	case !schema.IsRelease(release):
		return Spec{}, fmt.Errorf("%q is no release number", release)
	}
	return Spec{engine, release}, nil
}

// Importer gets packages and reads them. The zero Importer works.
type Importer struct {
	// Index is the package index with the simple API; empty means the one that
	// PIP_INDEX_URL names, or else PyPI.
	Index string
	// Cache is the folder that keeps downloads; empty means a folder in the
	// user's cache.
	Cache string
	// Python is the interpreter, python3 where empty.
	Python string
	// Progress is told what is being done; may be nil.
	Progress func(format string, args ...any)
}

func (im Importer) say(format string, args ...any) {
	if im.Progress != nil {
		im.Progress(format, args...)
	}
}

// Release downloads a release from the package index, where the cache does not
// have it, and reads it.
func (im Importer) Release(ctx context.Context, spec Spec) (*Record, error) {
	file, err := im.download(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("getting %s: %w", spec, err)
	}
	return im.Path(ctx, spec, file)
}

// Sources lays the Python sources of a release out below folder, which may be
// there already. The package comes from the package index where the cache does not have it.
func (im Importer) Sources(ctx context.Context, spec Spec, folder string) error {
	file, err := im.download(ctx, spec)
	if err == nil {
		err = extract(file, folder, packageOf(spec.Engine))
	}
	if err != nil {
		return fmt.Errorf("getting the sources of %s: %w", spec, err)
	}
	return nil
}

// Path reads a local package as the given release: a wheel, a source archive,
// the package's folder, a folder that holds it (site-packages, a source tree),
// or the Python interpreter of an environment that has it installed.
func (im Importer) Path(ctx context.Context, spec Spec, path string) (*Record, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", spec, err)
	}
	var folder string
	switch {
	case info.IsDir():
		folder, err = packageRoot(path, packageOf(spec.Engine))
	case isArchive(path):
		folder, err = os.MkdirTemp("", "mlcfg-import-*")
		if err == nil {
			defer os.RemoveAll(folder)
			err = extract(path, folder, packageOf(spec.Engine))
		}
	default:
		folder, err = im.installed(ctx, path, packageOf(spec.Engine))
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	im.say("reading %s", spec)
	return im.read(ctx, spec, folder)
}

// packageRoot finds the folder that holds the package's folder.
func packageRoot(path, name string) (string, error) {
	for _, root := range []string{path, filepath.Join(path, "python"), filepath.Dir(path)} {
		if root == filepath.Dir(path) && filepath.Base(path) != name {
			continue
		}
		if info, err := os.Stat(filepath.Join(root, name, "__init__.py")); err == nil && !info.IsDir() {
			return root, nil
		}
	}
	return "", fmt.Errorf("no package %s in this folder", name)
}
