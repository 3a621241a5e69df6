package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/backend"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit"
	"mlcfg/internal/manifest"
	"mlcfg/internal/source"
)

const trimHelp = `Trim lists the values in overlays that repeat the base, and removes them with -w. The
manifests of every backend stay the same to the byte, which is checked by compiling
before and after. Overlays with errors are left unchanged.

Comments stay: a comment above is removed only with everything it stands above, and a
value with a comment of its own becomes a comment.

  mlcfg trim models/llama2-70b/offline_mi325x.yaml     list what can be removed
  mlcfg trim --format json models                      for scripts
  mlcfg trim -w models                                 remove it

Without -w the exit status is 1 if there is something to remove.`

func (a *app) trimCommand() *cli.Command {
	return &cli.Command{
		Name:        "trim",
		Usage:       "find values in overlays that repeat the base",
		ArgsUsage:   "OVERLAY|DIR...",
		Description: trimHelp,
		Flags: append(configFlags(),
			&cli.BoolFlag{Name: "write", Aliases: []string{"w"}, Usage: "remove the values from the files"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the list: text or json"},
		),
		Action: a.trim,
	}
}

// trimmed is what came of one overlay, as --format json has it.
type trimmed struct {
	File string `json:"file"`
	// Values is how many the overlay has.
	Values    int         `json:"values"`
	Redundant []redundant `json:"redundant"`
	Written   bool        `json:"written"`
	// Fault says why the file was left as it is.
	Fault string `json:"fault,omitempty"`

	found diag.List
	out   []byte
}

type redundant struct {
	Key     string `json:"key"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Value   string `json:"value"`
	Base    string `json:"base_file"`
	Row     int    `json:"base_line"`
	BaseKey string `json:"base_key,omitempty"`
	Comment string `json:"comment,omitempty"`
}

func (a *app) trim(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	if len(c.StringSlice("set"))+len(c.StringSlice("backend")) > 0 {
		return withHint("leave --set and --backend out", "trim compares files, for every backend")
	}
	l, err := load(c)
	if err != nil {
		return err
	}
	if l.overlays, err = l.overlaysIn(l.overlays); err != nil {
		return err
	}
	all, err := onEach(l.overlays, l.trim)
	if err != nil {
		return err
	}
	write, asJSON := c.Bool("write"), c.String("format") == "json"
	redundant, values, faulty := 0, 0, false
	for i := range all {
		t := &all[i]
		redundant, values = redundant+len(t.Redundant), values+t.Values
		if t.Fault != "" {
			faulty = true
			if err := a.writeFound(t.found, l.project.Text); err != nil {
				return err
			}
			a.warn("%s: left as it is: %s", t.File, t.Fault)
		}
		if write && t.out != nil {
			if err := atomicfile.Write(t.File, t.out, 0o644); err != nil {
				return err
			}
			t.Written = true
		}
		if !asJSON && !write {
			if err := a.listTrimmed(*t); err != nil {
				return err
			}
		}
	}
	if asJSON {
		if err := output.JSON(a.stdout, map[string]any{"files": all}); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	if redundant > 0 {
		a.warn("%d of %d values in %s are the base's%s", redundant, values, count(len(all), "overlay"),
			map[bool]string{true: ", and were taken out", false: ""}[write])
	}
	if faulty || redundant > 0 && !write {
		return errFindings
	}
	return nil
}

func (a *app) listTrimmed(t trimmed) error {
	for _, v := range t.Redundant {
		where := fmt.Sprintf("%s:%d", v.Base, v.Row)
		if v.BaseKey != "" {
			where += " (" + v.BaseKey + ")"
		}
		comment := ""
		if v.Comment != "" {
			comment = "  " + v.Comment
		}
		if _, err := fmt.Fprintf(a.stdout, "%s:%d:%d: %s: %s, as in %s%s\n", diag.Clean(t.File), v.Line, v.Column,
			diag.Clean(v.Key), diag.Clean(v.Value), diag.Clean(where), diag.Clean(comment)); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	return nil
}

// overlaysIn returns the overlays that a command line names; folders are walked.
func (l *loader) overlaysIn(args []string) ([]string, error) {
	var overlays []string
	for _, arg := range args {
		if !isDir(arg) {
			overlays = append(overlays, arg)
			continue
		}
		files, err := configFiles(arg, l.project.OmegaConf())
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", arg, err)
		}
		for _, f := range files {
			if filepath.Base(f.path) != "config.yaml" {
				overlays = append(overlays, f.path)
			}
		}
	}
	return overlays, nil
}

// trim finds what an overlay can do without. A value that changes what a
// backend gets stays, whatever it looks like.
func (l *loader) trim(overlay string) (trimmed, error) {
	t := trimmed{File: overlay, Redundant: []redundant{}}
	f, err := readFile(overlay)
	if err != nil {
		return t, err
	}
	config, err := l.project.LoadText(overlay, f.data)
	if err != nil {
		return t, err
	}
	want, found, err := l.gets(overlay, f.data)
	if err != nil {
		return t, err
	}
	if want == nil {
		t.found, t.Fault = found, found.Summary()
		return t, nil
	}
	find := func() (*source.Document, []edit.Value) {
		doc, _ := config.OmegaConf.ParseDocument(overlay, f.data) // removing uses a document up
		return doc, edit.Find(config.Base.Root, doc)
	}
	same := func(chosen func(edit.Value) bool) []byte {
		doc, values := find()
		values = slices.DeleteFunc(values, func(v edit.Value) bool { return !chosen(v) })
		out := edit.Remove(doc, f.data, values, isEngineSection)
		if got, _, err := l.gets(overlay, out); out == nil || err != nil || !bytes.Equal(got, want) {
			return nil
		}
		return out
	}
	_, values := find()
	gone := map[string]bool{}
	if t.out = same(func(edit.Value) bool { return true }); t.out != nil {
		for _, v := range values {
			gone[v.Key] = true
		}
	} else {
		for _, v := range values {
			gone[v.Key] = true
			if out := same(func(v edit.Value) bool { return gone[v.Key] }); out != nil {
				t.out = out
			} else {
				delete(gone, v.Key)
			}
		}
	}
	for leaf := range config.Tree.Leaves() {
		if s := leaf.Winner(); s.Layer == "overlay" {
			t.Values++
		}
	}
	for _, v := range values {
		if gone[v.Key] {
			t.Redundant = append(t.Redundant, redundant{v.Key, v.Pos.Line, v.Pos.Column, v.Text, v.Base.File, v.Base.Line, v.BaseKey, v.Comment})
		}
	}
	if len(t.Redundant) == 0 {
		t.out = nil
	}
	return t, nil
}

func isEngineSection(name string) bool {
	return slices.ContainsFunc(backend.All(), func(b *backend.Backend) bool { return b.EngineSection() == name })
}

// gets is all that any backend gets from an overlay of a text, in bytes that can
// be compared; nil where the overlay has errors. Ray gets what vLLM gets, with a
// layer on top.
func (l *loader) gets(overlay string, data []byte) ([]byte, diag.List, error) {
	config, err := l.project.LoadText(overlay, data)
	if err != nil {
		return nil, nil, err
	}
	out := l.compiler.Check(config)
	if out.Found.HasErrors() {
		return nil, out.Found, nil
	}
	var all bytes.Buffer
	for _, t := range out.Targets {
		m := *t.Manifest
		m.Sources = slices.DeleteFunc(slices.Clone(m.Sources), func(s manifest.Source) bool { return s.Path == config.Relative(overlay) })
		text, err := m.JSON()
		if err != nil {
			return nil, nil, errors.Join(errors.New("comparing manifests"), err)
		}
		all.Write(text)
	}
	return all.Bytes(), out.Found, nil
}
