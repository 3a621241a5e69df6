//go:build split

package config

import (
	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// This program is built without CUE, which takes longer to start than a lint takes
// altogether: what needs it is left to the program that has it.

// NeedsCUE is the error of a program without CUE about a file that only CUE reads.
type NeedsCUE struct{ File string }

func (e *NeedsCUE) Error() string {
	return "reading " + e.File + " takes CUE, which this program is built without"
}

// Site is empty: no configuration with site schemas gets this far.
type Site struct{ Digest string }

// ReadSite reads a site's files, nil for none.
func ReadSite(files []string) (*Site, diag.List, error) {
	if len(files) == 0 {
		return nil, nil, nil
	}
	return nil, nil, &NeedsCUE{files[0]}
}

// Has reports that there is nothing.
func (s *Site) Has(...string) bool { return false }

// Check returns nothing.
func (s *Site) Check([]string, any) []Violation { return nil }

// Want returns nothing.
func (s *Site) Want(...string) (wants, comment string) { return "", "" }

// Keys returns nothing.
func (s *Site) Keys(...string) []Key { return nil }

func readSettings(file string) (map[string]any, map[string]diag.Pos, diag.List, error) {
	return nil, nil, nil, &NeedsCUE{file}
}

func readFork(file string) (*schema.Fork, error) { return nil, &NeedsCUE{file} }
