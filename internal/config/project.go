// Package config finds and reads the files of a configuration: the base, an
// overlay on it, overrides over both. It knows where files lie and nothing of
// what their keys mean.
//
//	p := config.New(config.Options{Overrides: []string{"harness_config.target_qps=5"}})
//	c, err := p.Load("models/llama2-70b/offline_mi325x.yaml")
//	if !c.Found.HasErrors() { use(c.Tree) }
//
// An error says that a file could not be read or found; what is wrong inside
// of one is a finding.

package config

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
	"mlcfg/internal/plainfile"
	"mlcfg/internal/source"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 32 << 20

// Options say what goes over every overlay. The zero value finds the base by
// walking up from the overlay and has no overrides.
type Options struct {
	// Base is the shared configuration; empty: the nearest config.yaml or
	// common/config.yaml upwards.
	Base string
	// Overrides are key=value texts, in the order of the command line.
	Overrides []string
	// OmegaConf is the release as which files, overrides and interpolations are read.
	OmegaConf source.Dialect
}

// Project reads overlays under the same options. It reads each base once, and
// may be used from several goroutines.
type Project struct {
	dialect   source.Dialect
	base      string
	overrides []merge.Override
	found     diag.List
	texts     map[string]string // of the overrides, by the File of their places

	mu    sync.Mutex
	kept  map[string][]byte // texts of files, by their path; nil where none is to be kept
	room  int               // for more of them, in bytes
	files map[string]*fileOnce
	roots map[string]place // by the folder of overlays
}

// place is where the overlays of a folder belong: to a base, below a root.
type place struct{ base, root string }

// File is a file that was read.
type File struct {
	// Path is how messages name it.
	Path string
	// Text is what was read, without a byte order mark.
	Text []byte
	// SHA256 is in hexadecimal digits.
	SHA256 string
	Root   *source.Node
	Found  diag.List

	tree *merge.Tree // of a base
}

// Config is one overlay with all that goes below and above it.
type Config struct {
	// Root is the configuration root: the folder that paths in a manifest are
	// relative to.
	Root          string
	Base, Overlay *File
	Tree          *merge.Tree
	// Overrides are the command line's, in order.
	Overrides []string
	// OmegaConf is the release as which all of it was read.
	OmegaConf source.Dialect
	// Found are the faults of reading, those of the base and the overrides included.
	Found diag.List
}

// New makes a project of options. Faults of the overrides are in every Config's Found.
func New(o Options) *Project {
	p := &Project{dialect: o.OmegaConf, base: o.Base, texts: map[string]string{}, files: map[string]*fileOnce{}, roots: map[string]place{}}
	var args []string
	for i, text := range o.Overrides {
		args = append(args, "--set", text)
		p.texts[fmt.Sprintf("--set #%d", i+1)] = text
	}
	p.overrides, p.found = merge.ParseArgs(args, o.OmegaConf)
	return p
}

// keptTexts is the room for texts of files that are kept, in bytes: that of a thousand overlays.
const keptTexts = 2 << 20

// Keep takes the texts of files that were read already, by their path. They are not read again,
// and neither is what is loaded from now on, as far as there is room for its text.
func (p *Project) Keep(texts map[string][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept, p.room = texts, keptTexts
	for _, text := range texts {
		p.room -= len(text)
	}
}

func (p *Project) keptText(path string) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, ok := p.kept[path]
	return text, ok
}

func (p *Project) keep(path string, text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept != nil && p.room >= len(text) {
		p.kept[path] = text
		p.room -= len(text)
	}
}

// Load reads an overlay, its base, and merges.
func (p *Project) Load(overlay string) (*Config, error) {
	file, err := p.read(overlay)
	if err != nil {
		return nil, err
	}
	return p.onBase(file)
}

// LoadText is Load for an overlay whose text is at hand, under the path it has
// or would have.
func (p *Project) LoadText(overlay string, data []byte) (*Config, error) {
	return p.onBase(p.parse(overlay, data))
}

// OmegaConf is the release as which files are read.
func (p *Project) OmegaConf() source.Dialect { return p.dialect }

func (p *Project) onBase(file *File) (*Config, error) {
	at, err := p.placeOf(file.Path)
	if err != nil {
		return nil, err
	}
	base, err := p.readOnce(at.base)
	if err != nil {
		return nil, fmt.Errorf("reading the base: %w", err)
	}
	c := &Config{Root: at.root, Base: base, Overlay: file, OmegaConf: p.dialect}
	c.Found.Add(base.Found...)
	c.Found.Add(file.Found...)
	c.Found.Add(p.found...)
	layers := append([]merge.Layer{{Name: "overlay", Root: file.Root}}, merge.Layers(p.overrides)...)
	for _, o := range p.overrides {
		c.Overrides = append(c.Overrides, o.Text)
	}
	c.Tree = base.tree.With(layers...)
	c.Found.Add(merge.Mixed(c.Tree, p.dialect)...)
	c.Found.Sort()
	return c, nil
}

// placeOf finds where an overlay belongs, once for each folder: the walk upwards
// is a good part of the work on a small file. A file with a base's name is not
// its own base, and so has an answer of its own.
func (p *Project) placeOf(overlay string) (place, error) {
	dir := filepath.Dir(overlay)
	plain := filepath.Base(overlay) != baseNames[0]
	p.mu.Lock()
	at, known := p.roots[dir]
	p.mu.Unlock()
	if known && plain {
		return at, nil
	}
	at.base = p.base
	if at.base == "" {
		var err error
		if at.base, err = FindBase(overlay); err != nil {
			return place{}, err
		}
	}
	at.root = rootOf(at.base, overlay)
	if plain {
		p.mu.Lock()
		p.roots[dir] = at
		p.mu.Unlock()
	}
	return at, nil
}

// With returns the tree with more layers on top.
func (c *Config) With(layers ...merge.Layer) *merge.Tree {
	return c.Tree.With(layers...)
}

type fileOnce struct {
	once sync.Once
	file *File
	err  error
}

// readOnce reads a file that several overlays share.
func (p *Project) readOnce(path string) (*File, error) {
	p.mu.Lock()
	f := p.files[path]
	if f == nil {
		f = &fileOnce{}
		p.files[path] = f
	}
	p.mu.Unlock()
	f.once.Do(func() {
		if f.file, f.err = p.read(path); f.err == nil {
			f.file.tree = merge.Merge(merge.Layer{Name: "base", Root: f.file.Root})
		}
	})
	return f.file, f.err
}

func (p *Project) read(path string) (*File, error) {
	if text, ok := p.keptText(path); ok {
		return p.parse(path, text), nil
	}
	data, err := plainfile.Read(context.Background(), path, maxFile)
	if err != nil {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return nil, fmt.Errorf("reading %s: it is a folder, an overlay is one YAML file", path)
		}
		return nil, fmt.Errorf("reading %s: %w", path, reason(err))
	}
	p.keep(path, data)
	return p.parse(path, data), nil
}

func (p *Project) parse(path string, data []byte) *File {
	sum := sha256.Sum256(data)
	f := &File{Path: path, Text: bytes.TrimPrefix(data, bom), SHA256: hex.EncodeToString(sum[:])}
	f.Root, f.Found = p.dialect.Parse(path, data)
	return f
}

// reason takes the path out of an error that names it already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Text returns the text behind a place's File: an override's, or the file's,
// read again where it was not kept. It is nil where there is none.
func (p *Project) Text(file string) []byte {
	if text, ok := p.texts[file]; ok {
		return []byte(text)
	}
	if strings.HasPrefix(file, "--set") {
		return nil
	}
	data, ok := p.keptText(file)
	if !ok {
		var err error
		if data, err = plainfile.Read(context.Background(), file, maxFile); err != nil {
			return nil
		}
	}
	return bytes.TrimPrefix(data, bom)
}

// bom is a byte order mark.
var bom = []byte("\ufeff")

// Relative returns a file's path below the configuration root, with slashes, as
// manifests hold it; a file elsewhere keeps its name alone, so that the same
// input gives the same bytes in any folder.
func (c *Config) Relative(path string) string {
	rel, err := filepath.Rel(c.Root, path) // without the working folder where both are relative, or neither
	if err != nil {
		rel, err = filepath.Rel(absolute(c.Root), absolute(path))
	}
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return filepath.Base(path)
	}
	return filepath.ToSlash(rel)
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
