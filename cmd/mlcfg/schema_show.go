package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/schema"
)

const schemaShowHelp = `Show describes a key: type, range, default, help text, command-line spelling, and the
releases that have it. Without --engine-version it shows every definition the key ever
had; with it, the definition in that release. Without a key it lists all keys of the
release (by default the newest).

  mlcfg schema show vllm max_num_seqs
  mlcfg schema show vllm gpu_memory_utilization --engine-version 0.9.2
  mlcfg schema show vllm CompilationConfig.level
  mlcfg schema show sglang --engine-version 0.5.9
  mlcfg schema show harness                            the keys of harness_config and the like
  mlcfg schema show user.conf                          LoadGen's keys in a user.conf
  mlcfg schema show vllm --format json | jq -r '.keys[] | select(.deprecated) | .key'`

func (a *app) schemaShowCommand() *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "describe a key",
		ArgsUsage:   "ENGINE [KEY]",
		Description: schemaShowHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "engine-version", Usage: "`RELEASE` to show, such as 0.9.2"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text or json"},
		},
		Action: a.schemaShow,
	}
}

func (a *app) schemaShow(c *cli.Context) (err error) {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	engine, key := c.Args().Get(0), c.Args().Get(1)
	if engine == "" || c.NArg() > 2 {
		return withHint("mlcfg schema show vllm max_num_seqs", "want an engine, and a key or none")
	}
	if engine == userConf {
		return a.showUserConf(c, key)
	}
	releases := schema.Releases(engine)
	if releases == nil {
		return unknownEngine(engine)
	}
	release := strings.TrimPrefix(c.String("engine-version"), engine+"=")
	if release != "" {
		resolved, err := schema.Resolve(engine, release)
		if err != nil {
			return err
		}
		release = resolved
	}
	if key == "" && release == "" {
		release = releases[len(releases)-1]
	}
	w := bufio.NewWriter(a.stdout)
	defer func() { err = errors.Join(err, w.Flush()) }()
	if key == "" && c.String("format") == "text" {
		return showRelease(w, engine, release)
	}
	keys, err := keysOf(engine, release, key)
	if err != nil {
		return err
	}
	if c.String("format") == "json" {
		return writeKeys(w, engine, keys)
	}
	for i, k := range keys {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := showDefinition(w, engine, k); err != nil {
			return err
		}
	}
	return nil
}

// keysOf are the definitions of a key, of all releases where release is empty;
// all keys of the release where key is empty.
func keysOf(engine, release, key string) ([]*schema.Key, error) {
	var keys []*schema.Key
	if key == "" {
		s, err := schema.Load(engine, release)
		if err != nil {
			return nil, err
		}
		for _, section := range s.Sections() {
			keys = append(keys, s.Section(section).Keys()...)
		}
		return keys, nil
	}
	section, name, qualified := strings.Cut(key, ".")
	sections := []string{section}
	if !qualified {
		sections, name = nil, key
		for _, p := range schema.Where(engine, release, name) {
			if p.Engine == engine {
				sections = append(sections, p.Section)
			}
		}
	}
	for _, section := range sections {
		for _, k := range schema.Definitions(engine, section, name) {
			if release == "" || k.In(release) {
				keys = append(keys, k)
			}
		}
	}
	if len(keys) == 0 {
		return nil, unknownKey(engine, release, name)
	}
	return keys, nil
}

// showRelease lists the keys of a release, a line each.
func showRelease(w io.Writer, engine, release string) error {
	s, err := schema.Load(engine, release)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s %s\n", engine, release)
	for _, section := range s.Sections() {
		fmt.Fprintf(w, "\n%s\n", section)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, k := range s.Section(section).Keys() {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", k.Name, clip(k.Want()), clip(defaultText(k)))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func showDefinition(w io.Writer, engine string, k *schema.Key) error {
	fmt.Fprintf(w, "%s.%s  (%s)\n", k.Section, k.Name, k.Pos)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(t, "  %s\t%s\n", name, text)
		}
	}
	line("value", k.Want())
	line("default", defaultText(k))
	if f := k.Flag; f != nil {
		spelling := strings.Join(f.Names, ", ")
		if f.Negative != "" {
			spelling += "; off: " + f.Negative
		}
		line("flag", spelling)
	}
	until := k.Last
	if until == "" {
		until = "the newest"
	}
	line("releases", fmt.Sprintf("%s %s to %s", engine, k.First, until))
	line("range set by", k.Limit)
	line("deprecated", k.Deprecated)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, text := range strings.Split(k.Doc, "\n") {
		if k.Doc != "" {
			fmt.Fprintf(w, "    %s\n", text)
		}
	}
	return nil
}

// clip keeps the columns of a list narrow.
func clip(s string) string {
	const width = 70
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}

func defaultText(k *schema.Key) string {
	switch {
	case k.HasDefault:
		return schema.Format(k.Default)
	case k.Required:
		return "must be set"
	}
	return k.DefaultNote
}

func unknownKey(engine, release, name string) error {
	in := engine
	if release != "" {
		in += " " + release
		if places := schema.Where(engine, release, name); len(places) > 0 && places[0].Engine == engine {
			p := places[0]
			last := p.Spans[len(p.Spans)-1]
			return withHint(fmt.Sprintf("%s.%s lives in %s %s to %s", p.Section, name, engine, last.First, last.Last), "%s does not know %q", in, name)
		}
	}
	var names []string
	if releases := schema.Releases(engine); release == "" {
		release = releases[len(releases)-1]
	}
	s, err := schema.Load(engine, release)
	if err != nil {
		return err
	}
	for _, section := range []string{schema.EngineConfig, schema.SamplingConfig, schema.EnvConfig, schema.CLIOnly} {
		names = append(names, s.Section(section).Names()...)
	}
	hint := "mlcfg schema show " + engine + " lists the keys"
	if near := schema.Nearest(names, name); near != "" {
		hint = "did you mean " + near
	}
	return withHint(hint, "%s does not know %q", in, name)
}
