package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/config"
)

// defaultOverlays is where overlays lie, below the configuration root, that no
// project file says more about.
const defaultOverlays = "models/*/*.yaml"

// repository is a configuration repository as a whole: the project file's
// settings, completed where it does not say.
type repository struct {
	*config.Settings
	overlays []string
}

// openRepository finds the configuration repository: the project file's, else
// the folder of the base, found upwards from the working folder.
func openRepository(c *cli.Context) (*repository, error) {
	s, err := settings(c, nil)
	if err != nil {
		return nil, err
	}
	r := &repository{Settings: s}
	if s.Root == "" {
		base := cmp.Or(c.String("base"), s.Base)
		if base == "" {
			if base, err = config.FindBase("overlay"); err != nil {
				return nil, withHint("run it in a configuration repository, or name its base: --base DIR/config.yaml", "no mlcfg.cue, config.yaml or common/config.yaml here or above")
			}
		}
		if s.Root = filepath.Dir(base); filepath.Base(s.Root) == "common" {
			s.Root = filepath.Dir(s.Root)
		}
	}
	if s.Overlays == nil {
		s.Overlays = []string{defaultOverlays}
	}
	if r.overlays, err = s.OverlayFiles(); err != nil {
		return nil, err
	}
	if len(r.overlays) == 0 {
		return nil, withHint("overlays in a project file says where they are", "no overlay at %s below %s", strings.Join(s.Overlays, ", "), s.Root)
	}
	return r, nil
}

// list writes names one after the other, no more than a line of them.
func list(names []string) string {
	const most = 8
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
