package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

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

// checked is what lint keeps of a file that starts engines: with thousands of files, what they
// were read into does not fit beside each other.
type checked struct {
	path     string
	count    int    // of launches
	text     []byte // for findings, where there are any
	found    diag.List
	launches []launchRecord // where they are asked for
}

// keptTexts is the room for texts of overlays between sorting and checking them, in bytes: that
// of a thousand. Those that do not fit are read again.
const keptTexts = 2 << 20

// overlayFile is an overlay with its text, nil where that is to be read again.
type overlayFile struct {
	path string
	text []byte
}

// sortFiles looks at files, and at those below folders: an overlay is one by its keys, and any
// other file by what it starts. A file of YAML that a command line names and that starts nothing
// is taken for an overlay.
func sortFiles(args []string) (s sorted, err error) {
	overlays, starts, err := eachFile(args, func(s started) (started, error) { return s, nil })
	for _, o := range overlays {
		s.overlays = append(s.overlays, o.path)
	}
	s.starts = starts
	return s, err
}

// eachFile is sortFiles with what is kept of each file that starts engines.
func eachFile[T any](args []string, keep func(started) (T, error)) (overlays []overlayFile, starts []T, err error) {
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
			return nil, nil, err
		}
		all = append(all, below...)
	}
	type kept struct {
		overlay *overlayFile
		starts  []T
	}
	var room atomic.Int64
	room.Store(keptTexts)
	each, err := onEach(all, func(path string) (kept, error) {
		overlay, s, err := sortFile(path, named[path])
		if overlay != nil && room.Add(-int64(len(overlay.text))) < 0 {
			overlay.text = nil
		}
		if err != nil || s == nil {
			return kept{overlay: overlay}, err
		}
		one, err := keep(*s)
		return kept{starts: []T{one}}, err
	})
	for _, one := range each {
		if one.overlay != nil {
			overlays = append(overlays, *one.overlay)
		}
		starts = append(starts, one.starts...)
	}
	return overlays, starts, err
}

// walkGC keeps the memory of a walk close to what is in use: most of it is gone with each file.
const walkGC = 40

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

// sortFile says what a file is: an overlay, a file that starts engines, or neither.
func sortFile(path string, named bool) (overlay *overlayFile, s *started, err error) {
	isYAML := slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
	f, err := readFile(path)
	switch {
	case err != nil && named && isYAML:
		return &overlayFile{path: path}, nil, nil // what reads it as one says what is wrong
	case err != nil && named:
		return nil, nil, err
	case err != nil || bytes.IndexByte(f.data[:min(len(f.data), 8000)], 0) >= 0:
		return nil, nil, nil //nolint:nilerr // what cannot be read below a folder is no file to check
	}
	if isYAML && config.IsOverlay(path, f.data) {
		if named || filepath.Base(path) != "config.yaml" {
			return &overlayFile{path, f.data}, nil, nil
		}
		return nil, nil, nil
	}
	file := launch.NewFile(path, f.data)
	if launches := launch.Read(file); len(launches) > 0 {
		return nil, &started{file, launches}, nil
	} else if named && isYAML {
		return &overlayFile{path, f.data}, nil, nil
	}
	return nil, nil, nil
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

// checkStarts checks what a file starts, with its records where they are asked for.
func checkStarts(lc *check.LaunchChecker, s started, records bool) checked {
	c := checked{path: s.file.Path, count: len(s.launches), found: lc.File(s.file, s.launches)}
	if len(c.found) > 0 {
		c.text = s.file.Data
	}
	if records {
		c.launches = launchRecords(s.launches)
	}
	return c
}

// textOf is a file's text, for findings in it: those that start engines are there already.
func textOf(starts []checked, other func(string) []byte) func(string) []byte {
	texts := make(map[string][]byte, len(starts))
	for _, s := range starts {
		texts[s.path] = s.text
	}
	return func(file string) []byte {
		if text, ok := texts[file]; ok {
			return text
		}
		return other(file)
	}
}
