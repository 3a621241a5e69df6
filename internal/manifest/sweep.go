package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlcfg/internal/plainfile"
)

// SweepFile is the name of a sweep's index in its folder.
const SweepFile = "sweep.json"

const (
	sweepKind   = "mlcfg/sweep"
	sweepFormat = 1
)

// Sweep is the index of manifests that one overlay was expanded into: mlcfg sweep writes it,
// mlrun sweep reads it.
type Sweep struct {
	Kind    string `json:"kind"`
	Format  int    `json:"format"`
	Overlay string `json:"overlay"`
	Backend string `json:"backend"`
	// Points are in the order in which they are run.
	Points []SweepPoint `json:"points"`
	// Skipped are those that no manifest could be made of.
	Skipped []SkippedPoint `json:"skipped,omitempty"`
}

// SweepPoint is one manifest of a sweep.
type SweepPoint struct {
	Name string `json:"name"`
	// File is in the index's folder.
	File   string `json:"file"`
	Digest string `json:"digest"`
	// Overrides are what this point sets, each KEY=VALUE.
	Overrides []string `json:"overrides"`
}

// SkippedPoint is a point without a manifest.
type SkippedPoint struct {
	Overrides []string `json:"overrides"`
	Reasons   []string `json:"reasons"`
}

// JSON is the index as it stands in its file.
func (s *Sweep) JSON() ([]byte, error) {
	s.Kind, s.Format = sweepKind, sweepFormat
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encoding the sweep's index: %w", err)
	}
	return b.Bytes(), nil
}

// ReadSweep reads the index at path, or that of the folder at path, and returns the folder.
func ReadSweep(path string) (s *Sweep, dir string, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, SweepFile)
	}
	data, err := plainfile.Read(context.Background(), path, MaxSize)
	if err != nil {
		return nil, "", fmt.Errorf("reading the sweep's index: %w", err)
	}
	if s, err = decodeSweep(data); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return s, filepath.Dir(path), nil
}

func decodeSweep(data []byte) (*Sweep, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("empty: not the index of a sweep")
	}
	var s Sweep
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("not the index of a sweep: %w", err)
	}
	switch {
	case s.Kind != sweepKind:
		return nil, fmt.Errorf("its kind is %q, that of a sweep's index is %s", s.Kind, sweepKind)
	case s.Format != sweepFormat:
		return nil, fmt.Errorf("it is of format %d, this program reads %d", s.Format, sweepFormat)
	case len(s.Points) == 0:
		return nil, errors.New("it has no point")
	}
	seen := map[string]bool{}
	for _, p := range s.Points {
		for _, name := range []string{p.Name, p.File} {
			if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00") {
				return nil, fmt.Errorf("%q is not the name of a file in its folder", name)
			}
		}
		if seen[p.Name] {
			return nil, fmt.Errorf("two points are named %s", p.Name)
		}
		seen[p.Name] = true
	}
	return &s, nil
}
