package config

import (
	"path/filepath"
	"strings"
)

// UseCase splits an overlay's file name, VARIANT_MACHINE.yaml, at its first underscore:
// interactive_mi325x.yaml is variant interactive on machine mi325x. Both are
// empty where one of them would be.
func UseCase(path string) (variant, machine string) {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	variant, machine, _ = strings.Cut(name, "_")
	if variant == "" || machine == "" {
		return "", ""
	}
	return variant, machine
}
