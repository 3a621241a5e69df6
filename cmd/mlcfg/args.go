package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/cliargs"
	"mlcfg/internal/lazyregexp"
	"mlcfg/schema"
)

// The command line of the older harness named everything as key=value or
// --key value, in any order, and scripts do so to this day. sortArgs brings it
// into the form that the flags here have:
//
//	compile x.yaml --backend vllm a.b=c --harness_config.target_qps 5
//	compile --backend=vllm --set=a.b=c --set=harness_config.target_qps=5 -- x.yaml
func sortArgs(args []string, commands []*cli.Command) ([]string, error) {
	return cliargs.SortWith(args, commands, cliargs.Hooks{Extra: isKey, Rewrite: rewrite, Hint: sectionOf})
}

// overrideForm is what key=value looks like; a path with "=" in it does not,
// having a slash or dot before.
var overrideForm = lazyregexp.New(`^[A-Za-z_]([A-Za-z0-9_-]|\\[.=\[\]])*(\.([A-Za-z0-9_-]|\\[.=\[\]])+|\[\d+\])*=`)

// hydraForm is what Hydra's +key=value, ++key=value and ~key look like: no overlay is named
// so, and the reader of overrides says what to write.
var hydraForm = lazyregexp.New(`^(\+\+?|~)[A-Za-z_][^/]*$`)

// plainKeys are the older harness's keys that are flags here.
var plainKeys = []string{"backend", "config_path", "config_name"}

// isKey reports whether a flag is a configuration key that is to be set: a dotted
// one, or one at the top.
func isKey(command *cli.Command, name string) bool {
	key := strings.ReplaceAll(name, "-", "_")
	_, known := schema.Shared().Section("config").Key(key)
	return hasFlag(command, "set") && (known || strings.Contains(key, "."))
}

// rewrite turns keys into --set, and keys that are flags here into those.
func rewrite(command *cli.Command, flag, value string) (string, string) {
	if !hasFlag(command, "set") {
		return flag, value
	}
	switch {
	case flag == "" && hydraForm.MatchString(value):
		return "set", value
	case flag == "" && overrideForm.MatchString(value):
	case flag == "set" && strings.Contains(value, "="):
	case flag != "" && !hasFlag(command, flag):
		value = strings.ReplaceAll(flag, "-", "_") + "=" + value
	default:
		return flag, value
	}
	key, rest, _ := strings.Cut(value, "=")
	if slices.Contains(plainKeys, key) {
		return strings.ReplaceAll(key, "_", "-"), rest
	}
	return "set", value
}

func hasFlag(command *cli.Command, name string) bool {
	return slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}

// sectionOf says how a key of an engine is set that was given as a flag, as the engine's own
// command line has it.
func sectionOf(command *cli.Command, name string) string {
	key := strings.ReplaceAll(name, "-", "_")
	if !hasFlag(command, "set") {
		return ""
	}
	var forms []string
	for _, p := range schema.Where("", "", key) {
		if p.Section != schema.CLIOnly {
			forms = append(forms, p.Engine+"_"+p.Section+"."+key+"=VALUE")
		}
	}
	if len(forms) == 0 {
		return ""
	}
	return "write " + orOf(forms)
}
