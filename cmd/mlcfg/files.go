package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/internal/check"
	"mlcfg/internal/plainfile"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// standardInput is how standard input is named in messages.
const standardInput = "<standard input>"

// maxInput bounds what is read from standard input, in bytes.
const maxInput = 32 << 20

// textFile is a file to be rewritten.
type textFile struct {
	path string
	data []byte
	// dialect is the release of OmegaConf as which it is read.
	dialect source.Dialect
}

// shown is a text of the file, or what becomes of it, without credentials; empty
// where nothing of it can be shown.
func (f *textFile) shown(text []byte) []byte {
	root, _ := f.dialect.Parse(f.path, text)
	if root == nil {
		return nil
	}
	secrets := check.CredentialsOf(root)
	return []byte(secrets.ShownFile(string(text)))
}

// private reports whether a file holds what looks like a credential, so that
// standard output, which may be a log that others read, does not show it. What came
// by standard input goes out as it is.
func (f *textFile) private() bool {
	return f.path != standardInput && !bytes.Equal(f.shown(f.data), f.data)
}

// notShown is said of such a file.
const notShown = "it holds what looks like a credential, which does not go to standard output: take it out, or rewrite the file with -w"

// readFiles reads the files that a command line names; folders are walked for
// configuration files, and no argument at all is standard input.
func (a *app) readFiles(args []string, read source.Dialect) ([]textFile, error) {
	if len(args) == 0 || len(args) == 1 && args[0] == "-" {
		data, err := io.ReadAll(io.LimitReader(a.stdin, maxInput+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("reading standard input: %w", err)
		case len(data) > maxInput:
			return nil, fmt.Errorf("reading standard input: larger than %d MiB", maxInput>>20)
		}
		return []textFile{{standardInput, data, read}}, nil
	}
	var files []textFile
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err == nil && info.IsDir() {
			walked, err := configFiles(arg, read)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", arg, err)
			}
			files = append(files, walked...)
			continue
		}
		f, err := readFile(arg)
		if err != nil {
			return nil, err
		}
		f.dialect = read
		files = append(files, f)
	}
	return files, nil
}

func readFile(path string) (textFile, error) {
	data, err := plainfile.Read(context.Background(), path, maxInput)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return textFile{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return textFile{path: path, data: data}, nil
}

// configFiles are the YAML files below a folder that have a key of a
// configuration at their top. Hidden folders and files are left out, and so are
// manifests, whose bytes are their own.
func configFiles(dir string, read source.Dialect) ([]textFile, error) {
	var files []textFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)):
			return nil
		}
		f, err := readFile(path)
		if f.dialect = read; err == nil && isConfig(f) {
			files = append(files, f)
		}
		return err
	})
	return files, err
}

// isConfig reports whether a file has a key of a configuration at its top, the
// older format included. One that cannot be read has, so that its faults are told.
func isConfig(f textFile) bool {
	root, found := f.dialect.Parse(f.path, f.data)
	if root == nil {
		return found.HasErrors()
	}
	if isManifest(root) {
		return false
	}
	return slices.ContainsFunc(root.Fields, func(f source.Field) bool {
		_, current := schema.Shared().Section("config").Key(f.Key)
		_, older := schema.Shared().Section("retired").Key(f.Key)
		return current || older
	})
}

func isManifest(root *source.Node) bool {
	kind := root.Lookup("kind")
	return kind != nil && kind.Str == "mlcfg/manifest"
}
