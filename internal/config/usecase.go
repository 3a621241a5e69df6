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

// Interactive is the variant of an overlay for a benchmark's interactive limits.
const Interactive = "interactive"

// ScenarioOf is the scenario of a variant's overlays, empty where its name says none.
func ScenarioOf(variant string) string {
	switch variant {
	case Interactive:
		return "server"
	case "offline", "server", "singlestream", "multistream":
		return variant
	}
	return ""
}
