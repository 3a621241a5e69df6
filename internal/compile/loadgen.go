package compile

import (
	"mlcfg/internal/check"
	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/project"
)

// frozen is LoadGen's part of a manifest.
type frozen struct {
	section map[string]any
	// source is the user.conf that was read, empty where there was none.
	source manifest.Source
}

// loadgen freezes LoadGen's settings.
func (c *Compiler) loadgen(config *project.Config, result check.Result, found *diag.List) frozen {
	return frozen{section: map[string]any{"frozen": false}}
}
