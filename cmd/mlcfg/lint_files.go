package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/check"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/launch"
	"mlcfg/schema"
)

// sorted are the files that lint looks at, by what they are.
type sorted struct {
	overlays []string
	// starts are files that start engines.
	starts []started
}

// started is a file with what it starts.
type started struct {
	file     *launch.File
	launches []launch.Launch
}

// sortFiles looks at files, and at those below folders: an overlay is one by its keys, and any
// other file by what it starts. A file of YAML that a command line names and that starts nothing
// is taken for an overlay.
func sortFiles(args []string) (sorted, error) {
	var all []string
	named := map[string]bool{}
	for _, arg := range args {
		if !isDir(arg) {
			all = append(all, arg)
			named[arg] = true
			continue
		}
		debug.SetGCPercent(walkGC)
		below, err := filesBelow(arg)
		if err != nil {
			return sorted{}, err
		}
		all = append(all, below...)
	}
	each, err := onEach(all, func(path string) (sorted, error) { return sortFile(path, named[path]) })
	var s sorted
	for _, one := range each {
		s.overlays = append(s.overlays, one.overlays...)
		s.starts = append(s.starts, one.starts...)
	}
	return s, err
}

// walkGC keeps the memory of a walk close to what is in use: most of it is gone with each file.
const walkGC = 15

// maxWalked bounds files below folders, in bytes: larger ones are data.
const maxWalked = 1 << 20

// filesBelow are the files below a folder, without hidden ones.
func filesBelow(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), ".") && d.IsDir() && d.Name() != ".github":
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		if info, err := d.Info(); err == nil && info.Size() <= maxWalked {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	return files, nil
}

func sortFile(path string, named bool) (s sorted, err error) {
	isYAML := slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
	f, err := readFile(path)
	switch {
	case err != nil && named && isYAML:
		return sorted{overlays: []string{path}}, nil // what reads it as one says what is wrong
	case err != nil && named:
		return s, err
	case err != nil || bytes.IndexByte(f.data[:min(len(f.data), 8000)], 0) >= 0:
		return s, nil //nolint:nilerr // what cannot be read below a folder is no file to check
	}
	file := launch.NewFile(path, f.data)
	if isYAML && config.IsOverlay(path, f.data) {
		if named || filepath.Base(path) != "config.yaml" {
			s.overlays = append(s.overlays, path)
		}
		return s, nil
	}
	if launches := launch.Read(file); len(launches) > 0 {
		s.starts = append(s.starts, started{file, launches})
	} else if named && isYAML {
		s.overlays = append(s.overlays, path)
	}
	return s, nil
}

// launchChecker is the checker of launches under the flags and the project file.
func launchChecker(c *cli.Context, operands []string) (*check.LaunchChecker, error) {
	s, err := settings(c, operands)
	if err != nil {
		return nil, err
	}
	options, err := compileOptions(c, s)
	if err != nil {
		return nil, err
	}
	return launchCheckerOf(options)
}

// launchCheckerOf is the checker of launches under the options of overlays.
func launchCheckerOf(options compile.Options) (*check.LaunchChecker, error) {
	o := check.LaunchOptions{Variables: options.Variables, Forks: options.Forks, Site: options.Site, Releases: map[string]*schema.Schema{}}
	for engine, release := range options.Releases {
		loaded, err := releaseOf(engine, release, options)
		if err != nil {
			return nil, err
		}
		if loaded != nil {
			o.Releases[engine] = loaded
		}
	}
	return check.NewLaunchChecker(o), nil
}

// releaseOf is the schema of a release with a fork behind it; nil where only the fork is named.
func releaseOf(engine, spec string, o compile.Options) (*schema.Schema, error) {
	release, fork, err := schema.Version(engine, spec, o.Forks)
	if err != nil || release == "" {
		return nil, err
	}
	s, err := schema.Load(engine, release)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", engine, spec, err)
	}
	return s.With(fork), nil
}

// checkStarts checks what files start.
func checkStarts(lc *check.LaunchChecker, starts []started) (diag.List, error) {
	each, err := onEach(starts, func(s started) (diag.List, error) {
		return lc.File(s.file, s.launches), nil
	})
	return slices.Concat(each...), err
}

// textOf is a file's text, for findings in it: those that start engines are there already.
func textOf(starts []started, other func(string) []byte) func(string) []byte {
	texts := make(map[string][]byte, len(starts))
	for _, s := range starts {
		texts[s.file.Path] = s.file.Data
	}
	return func(file string) []byte {
		if text, ok := texts[file]; ok {
			return text
		}
		return other(file)
	}
}
