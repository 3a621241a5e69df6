package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/backend"
	"mlcfg/internal/cli/clidoc"
	"mlcfg/internal/config"
	"mlcfg/internal/loadgen"
	"mlcfg/schema"
)

// about is the text of the manual page.
const about = `mlcfg compiles LLM benchmark configuration into manifests, and reports its errors first.

A configuration is a shared config.yaml, found upwards from the overlay, with one
overlay for each model, scenario and machine on it, and section.key=value on the
command line over both. Manifests are run by mlrun.`

func (a *app) program() clidoc.Program {
	return clidoc.Program{
		Name: "mlcfg", Usage: "compile LLM benchmark configuration into manifests, and report its errors first",
		Version: version, About: about, Out: a.stdout, Values: a.values,
	}
}

// values are what completion offers: for flags, and for KEY=VALUE operands.
func (a *app) values(command *cli.Command, flag, given string) []string {
	switch flag {
	case "backend", "b":
		return append(backend.Names(), "all")
	case "round":
		return loadgen.Rounds()
	case "engine-version":
		var all []string
		for _, engine := range schema.Engines() {
			for _, release := range slices.Backward(schema.Releases(engine)) {
				all = append(all, engine+"="+release)
			}
		}
		return all
	case "set":
		return keysAndValues(given)
	case "":
		if hasFlag(command, "set") && isKeyBegun(given) {
			all := keysAndValues(given)
			if command.Name == "explain" && !strings.Contains(given, "=") { // it takes a key alone, too
				for _, key := range slices.Clone(all) {
					if bare, ok := strings.CutSuffix(key, "="); ok {
						all = append(all, bare)
					}
				}
			}
			return all
		}
		if command.Name == "show" || command.Name == "list" {
			return schema.Engines()
		}
	}
	return nil
}

// isKeyBegun reports whether an operand begins a key rather than a file's name: there
// is a dot or an equals sign in it, or no file that begins so.
func isKeyBegun(given string) bool {
	if given == "" || strings.Contains(given, "/") {
		return false
	}
	if strings.ContainsAny(given, ".=") {
		return true
	}
	here, err := os.ReadDir(".")
	return err == nil && !slices.ContainsFunc(here, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), given) })
}

// keysAndValues are section.key= for a beginning without =, else key=value for
// what the key takes. The engines' releases are the project's, else the newest.
func keysAndValues(given string) (all []string) {
	path, _, valued := strings.Cut(given, "=")
	section, name, inSection := strings.Cut(path, ".")
	if !inSection {
		section, name = "", path
	}
	known := sectionNamed(section)
	if valued {
		key, ok := known.Key(name)
		if !ok {
			return nil
		}
		for _, v := range key.Choices() {
			text := fmt.Sprint(v)
			if v == nil {
				text = "null"
			}
			all = append(all, path+"="+text)
		}
		return all
	}
	for _, key := range known.Keys() {
		full := key.Name + "="
		if inSection {
			full = section + "." + full
		} else if key.Kinds&schema.Map != 0 {
			full = key.Name + "."
		}
		all = append(all, full)
	}
	return all
}

// sectionNamed returns the keys of a section of configurations, the top for "".
func sectionNamed(name string) *schema.Section {
	switch name {
	case "":
		return schema.Shared().Section("config")
	case "env_config":
		name = "vllm_env_config" // both engines' are in it; vLLM's stand for them
	}
	for _, engine := range schema.Engines() {
		kind, ok := strings.CutPrefix(name, engine+"_")
		if !ok {
			continue
		}
		releases := schema.Releases(engine)
		release := releases[len(releases)-1]
		if file := config.FindSettings("."); file != "" {
			if s, _, err := config.ReadSettings(file); err == nil && s.Engines[engine] != "" {
				release = s.Engines[engine]
			}
		}
		if s, err := schema.Load(engine, release); err == nil {
			return s.Section(kind)
		}
	}
	return schema.Shared().Section(name)
}
