package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/schema"
)

// The command line of the older harness named everything as key=value or
// --key value, in any order, and scripts do so to this day. The flag package
// takes flags before operands only. sortArgs brings one into the form of the other:
//
//	compile x.yaml --backend vllm a.b=c --harness_config.target_qps 5
//	compile --backend=vllm --set=a.b=c --set=harness_config.target_qps=5 -- x.yaml

// overrideForm is what key=value looks like; a path with "=" in it does not,
// having a slash or dot before.
var overrideForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+|\[\d+\])*=`)

// plainKeys are the older harness's keys that are flags here.
var plainKeys = []string{"backend", "config_path", "config_name"}

// sortArgs sorts the arguments behind the command's name; the values of --set
// keep their order. Without a known command the arguments stay as they are.
func sortArgs(args []string, commands []*cli.Command) ([]string, error) {
	if len(args) < 2 {
		return args, nil
	}
	at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	if at < 0 {
		return args, nil
	}
	s := &argSorter{flags: map[string]bool{"help": false, "h": false}}
	for _, f := range commands[at].Flags {
		_, isSwitch := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			s.flags[name] = !isSwitch
		}
		s.names = append(s.names, f.Names()[0])
	}
	if err := s.sort(args[2:]); err != nil {
		return nil, &problem{fmt.Errorf("%s: %w", commands[at].Name, err), hintOf(err)}
	}
	sorted := append(slices.Clone(args[:2]), s.flagged...)
	return append(append(sorted, "--"), s.operands...), nil
}

func hintOf(err error) string {
	if p, ok := err.(*problem); ok {
		return p.hint
	}
	return ""
}

type argSorter struct {
	// flags are the command's flags, and whether they take a value.
	flags map[string]bool
	names []string

	flagged, operands []string
}

func (s *argSorter) sort(args []string) error {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			s.operands = append(s.operands, args[i+1:]...)
			return nil
		case strings.HasPrefix(arg, "-") && arg != "-":
			name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			form, takesValue, err := s.lookup(arg, name)
			if err != nil {
				return err
			}
			if takesValue && !given {
				if i++; i >= len(args) || strings.HasPrefix(args[i], "--") {
					return withHint(fmt.Sprintf("write %s VALUE or %s=VALUE", arg, arg), "%s needs a value", arg)
				}
				value, given = args[i], true
			}
			s.flag(form, value, given)
		case overrideForm.MatchString(arg):
			key, value, _ := strings.Cut(arg, "=")
			s.override(key, value)
		default:
			s.operands = append(s.operands, arg)
		}
	}
	return nil
}

// lookup finds what a flag means: the command's own flag, or a configuration
// key that is to be set, in which case form is the key with a leading dot.
func (s *argSorter) lookup(arg, name string) (form string, takesValue bool, err error) {
	if takesValue, ok := s.flags[name]; ok {
		return name, takesValue, nil
	}
	dashed := strings.ReplaceAll(name, "_", "-")
	if takesValue, ok := s.flags[dashed]; ok {
		return dashed, takesValue, nil
	}
	key := strings.ReplaceAll(name, "-", "_")
	_, settable := s.flags["set"]
	if _, known := schema.Shared().Section("config").Key(key); settable && strings.HasPrefix(arg, "--") && (known || strings.Contains(key, ".")) {
		return "." + key, true, nil
	}
	hint := "mlcfg COMMAND --help lists the flags"
	if near := schema.Nearest(s.names, dashed); near != "" {
		hint = "did you mean --" + near
	}
	return "", false, withHint(hint, "there is no flag %s", strings.SplitN(arg, "=", 2)[0])
}

func (s *argSorter) flag(form, value string, given bool) {
	key, rest, valued := strings.Cut(value, "=")
	switch {
	case form[0] == '.':
		s.override(form[1:], value)
	case form == "set" && valued:
		s.override(key, rest)
	case !given:
		s.flagged = append(s.flagged, "--"+form)
	default:
		s.flagged = append(s.flagged, "--"+form+"="+value)
	}
}

// override passes key=value on as --set, or as the flag that the key has become.
func (s *argSorter) override(key, value string) {
	if flag := strings.ReplaceAll(key, "_", "-"); slices.Contains(plainKeys, key) {
		if _, ok := s.flags[flag]; ok {
			s.flagged = append(s.flagged, "--"+flag+"="+value)
			return
		}
	}
	s.flagged = append(s.flagged, "--set="+key+"="+value)
}
