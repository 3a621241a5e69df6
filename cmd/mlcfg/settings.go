package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/check"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/plainfile"
	"mlcfg/internal/source"

	"mlcfg/schema"
)

// projectFault is a project file with faults: a command cannot go on with half
// of what it says.
type projectFault struct {
	file  string
	found diag.List
}

func (e *projectFault) Error() string { return fmt.Sprintf("%s has %s", e.file, e.found.Summary()) }

// settings reads the project file: the one that --project names, or the nearest
// above the first of the operands, above the working folder where there are
// none. Without one the settings are empty.
func settings(c *cli.Context, operands []string) (*config.Settings, error) {
	file, dir := c.String("project"), "."
	switch {
	case file == "none":
		return &config.Settings{}, nil
	case file == "":
		if len(operands) > 0 {
			if dir = operands[0]; !isDir(dir) {
				dir = filepath.Dir(dir)
			}
		}
		if file = config.FindSettings(dir); file == "" {
			return &config.Settings{}, nil
		}
	}
	s, found, err := config.ReadSettings(file)
	if err != nil {
		return nil, err
	}
	s.Round = loadgen.RoundName(s.Round)
	if known := loadgen.Rounds(); s.Round != "" && oneOf("round", s.Round, known...) != nil {
		found.Add(diag.Diagnostic{
			Pos: s.Place("round"), Severity: diag.Error, Code: schema.NotInEnum, Key: "round",
			Message: fmt.Sprintf("no LoadGen settings of round %s are known", s.Round), Hint: hintOf(oneOf("round", s.Round, known...)),
		})
	}
	if found.HasErrors() {
		return nil, &projectFault{file, found}
	}
	return s, nil
}

// dialect is the release of OmegaConf as which files are read: the one that --omegaconf
// names, or the project's.
func dialect(c *cli.Context, operands []string) (source.Dialect, error) {
	name := c.String("omegaconf")
	if name == "" {
		s, err := settings(c, operands)
		if err != nil {
			return 0, err
		}
		name = s.OmegaConf
	}
	d, err := source.ParseDialect(name)
	if err != nil {
		return 0, oneOf("omegaconf", name, source.Dialects...)
	}
	return d, nil
}

// siteSchema reads the site's own schemas that a project file names.
func siteSchema(s *config.Settings) (*config.Site, error) {
	own, found, err := config.ReadSite(s.Site)
	if err != nil {
		return nil, err
	}
	if own != nil {
		found = check.Site(own)
	}
	if found.HasErrors() {
		return nil, &projectFault{strings.Join(s.Site, ", "), found}
	}
	return own, nil
}

// tellFault writes the findings of an error that has some to standard error.
func (a *app) tellFault(err error) {
	var fault *projectFault
	if !errors.As(err, &fault) {
		return
	}
	_ = diag.WriteText(a.stderr, fault.found, diag.TextOptions{Source: readText, Color: a.color(a.stderr)}) // the error itself follows
}

// readText is a file's text for findings in it, nil where it cannot be read.
func readText(file string) []byte {
	data, err := plainfile.Read(context.Background(), file, maxInput)
	if err != nil {
		return nil
	}
	return data
}
