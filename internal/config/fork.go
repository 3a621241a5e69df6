//go:build !split

package config

import (
	"mlcfg/schema"
	"mlcfg/schema/importer"
)

// readFork reads a fork that the site has written.
func readFork(file string) (*schema.Fork, error) { return importer.ReadFork(file) }
