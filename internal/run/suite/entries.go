package suite

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/manifest"
)

// Entry is one manifest of a suite.
type Entry struct {
	// Name is what its run directories begin with, told from the others' by as few of the
	// manifest's own words as do: "server-accuracy".
	Name string
	// File is where the manifest is from.
	File     string
	Manifest *manifest.Manifest
}

// Accuracy reports whether the run collects answers to be scored.
func (e *Entry) Accuracy() bool { return e.Manifest.TestMode != "performance" }

// Variant is the scenario as the overlay's file name has it.
func (e *Entry) Variant() string { return cmp.Or(e.Manifest.Variant, e.Manifest.Scenario) }

// extensions are those of manifests in a folder.
var extensions = []string{".yaml", ".yml", ".json"}

// Read reads the manifests that paths name, a folder standing for those in it, and puts
// them in the order in which they are run: by benchmark and scenario, performance
// before accuracy. The same manifest twice is an error, and so is a folder without one.
func Read(paths []string) ([]Entry, error) {
	var entries []Entry
	var errs []error
	for _, path := range paths {
		files, err := manifests(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, file := range files {
			m, err := manifest.ReadFile(file, nil)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			entries = append(entries, Entry{File: file, Manifest: m})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(entries, before)
	for i := range entries[min(1, len(entries)):] {
		if a, b := &entries[i], &entries[i+1]; a.Manifest.Digest == b.Manifest.Digest {
			return nil, fmt.Errorf("%s and %s are the same manifest", a.File, b.File)
		}
	}
	name(entries)
	return entries, nil
}

// manifests are the files that a path stands for.
func manifests(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range list {
		if !e.IsDir() && slices.Contains(extensions, filepath.Ext(e.Name())) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no manifest is in this folder (%s)", path, strings.Join(extensions, ", "))
	}
	return files, nil
}

// scenarios are the usual ones in the order in which they are run; others follow.
var scenarios = []string{"offline", "server", "interactive"}

// before compares entries by the order in which they are run.
func before(a, b Entry) int {
	rank := func(e *Entry) int {
		if i := slices.Index(scenarios, e.Variant()); i >= 0 {
			return i
		}
		return len(scenarios)
	}
	later := func(e *Entry) int {
		if e.Accuracy() {
			return 1
		}
		return 0
	}
	m, n := a.Manifest, b.Manifest
	return cmp.Or(
		cmp.Compare(m.BenchmarkName, n.BenchmarkName), cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.Variant(), b.Variant()),
		cmp.Compare(m.Machine, n.Machine), cmp.Compare(m.Backend, n.Backend), cmp.Compare(later(&a), later(&b)),
		cmp.Compare(m.TestMode, n.TestMode), cmp.Compare(m.Digest, n.Digest),
	)
}

// name gives each entry its name.
func name(entries []Entry) {
	short := func(e *Entry) string { return e.Variant() + "-" + e.Manifest.TestMode }
	long := func(e *Entry) string {
		m := e.Manifest
		return strings.Join([]string{m.BenchmarkName, e.Variant(), m.Machine, m.Backend, m.TestMode}, "-")
	}
	for _, form := range []func(*Entry) string{short, long} {
		seen := map[string]int{}
		twice := false
		for i := range entries {
			n := form(&entries[i])
			seen[n]++
			if entries[i].Name = n; seen[n] > 1 {
				twice = true
				entries[i].Name = fmt.Sprintf("%s-%d", n, seen[n])
			}
		}
		if !twice {
			return
		}
	}
}
