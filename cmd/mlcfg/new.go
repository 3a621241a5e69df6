package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit"
	"mlcfg/internal/source"
)

const newHelp = `New makes an overlay for another machine from the nearest existing one: of the same
variant and folder, of the machine whose name is most alike. Comments come along;
values with the machine's name in them get the new one. Then it lists what to look
at: values in which the machines differ, and comments on the old machine.
It never overwrites.

  mlcfg new models/llama2-70b/offline_mi355x.yaml
  mlcfg new models/llama2-70b/offline_mi355x.yaml --from models/llama2-70b/offline_mi300x.yaml`

func (a *app) newCommand() *cli.Command {
	return &cli.Command{
		Name:        "new",
		Usage:       "create an overlay for another machine from the nearest one",
		ArgsUsage:   "OVERLAY [--from OVERLAY]",
		Description: newHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "`OVERLAY` to start from (default: the nearest)"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the list: text or json"},
			omegaconfFlag(), projectFlag(),
		},
		Action: a.new,
	}
}

func (a *app) new(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	if c.NArg() != 1 {
		return withHint("mlcfg new models/llama2-70b/offline_mi355x.yaml", "name the one overlay to make")
	}
	path, from := c.Args().First(), c.String("from")
	name, ok := edit.NameOf(path)
	if !ok {
		return withHint("name it VARIANT_MACHINE.yaml, as offline_mi355x.yaml", "%s does not name a machine", path)
	}
	if _, err := os.Lstat(path); err == nil {
		return withHint("name another file", "%s is there already", path)
	}
	// The overlays of a model lie in one folder, those of models in folders beside.
	overlays := config.Siblings(path)
	if from == "" {
		if from = edit.Nearest(path, overlays); from == "" {
			return withHint("name one with --from", "there is no overlay of variant %s beside %s", name.Variant, path)
		}
	}
	read, err := dialect(c, []string{path})
	if err != nil {
		return err
	}
	f, err := readFile(from)
	if err != nil {
		return err
	}
	made, err := edit.Make(path, from, f.data, read)
	if err != nil {
		return withHint("mlcfg lint "+from+" tells more", "%w", err)
	}
	others := map[string]*source.Node{}
	for _, o := range overlays {
		if n, ok := edit.NameOf(o); ok && n.Variant == name.Variant && n.Folder == name.Folder {
			if g, err := readFile(o); err == nil {
				if root, _ := read.Parse(o, g.data); root != nil {
					others[o] = root
				}
			}
		}
	}
	made.Differing(path, others)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", path, err)
	}
	if err := atomicfile.Write(path, made.Text, 0o644); err != nil {
		return err
	}
	if c.String("format") == "json" {
		err = output.JSON(a.stdout, map[string]any{"file": path, "from": from, "changed": spots(made.Changed), "look": spots(made.Look)})
	} else {
		err = a.listMade(path, from, made)
	}
	if err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	a.warn("next: mlcfg lint %s", path)
	return nil
}

// spots keeps an empty list from being null in JSON.
func spots(s []edit.Spot) []edit.Spot { return append([]edit.Spot{}, s...) }

func (a *app) listMade(path, from string, made *edit.Made) error {
	_, err := fmt.Fprintf(a.stdout, "%s, from %s\n", diag.Clean(path), diag.Clean(from))
	list := func(title string, all []edit.Spot) {
		if len(all) > 0 && err == nil {
			_, err = fmt.Fprintf(a.stdout, "%s:\n", title)
		}
		for _, s := range all {
			text := s.Text
			if s.Key != "" {
				text = s.Key + ": " + text
			}
			if err == nil {
				_, err = fmt.Fprintf(a.stdout, "  line %d: %s (%s)\n", s.Line, diag.Clean(text), diag.Clean(s.Why))
			}
		}
	}
	list("changed", made.Changed)
	list("look at", made.Look)
	return err
}
