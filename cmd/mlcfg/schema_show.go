package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/schema"
)

const schemaShowHelp = `Show tells what a key is: type, range, default, help text, spelling on the command
line, and the releases that know it. Without --engine-version it shows every
definition the key ever had; with it the one of that release. Without a key it
lists all keys of the release (the newest, if none is named).

  mlcfg schema show vllm max_num_seqs
  mlcfg schema show vllm gpu_memory_utilization --engine-version 0.9.2
  mlcfg schema show vllm CompilationConfig.level
  mlcfg schema show sglang --engine-version 0.5.9`

func (a *app) schemaShowCommand() *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "show what a key is",
		ArgsUsage:   "ENGINE [KEY]",
		Description: schemaShowHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "engine-version", Usage: "`RELEASE` to show, as 0.9.2"},
		},
		Action: a.schemaShow,
	}
}

func (a *app) schemaShow(c *cli.Context) error {
	engine, key := c.Args().Get(0), c.Args().Get(1)
	if engine == "" || c.NArg() > 2 {
		return withHint("mlcfg schema show vllm max_num_seqs", "want an engine, and a key or none")
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
	w := bufio.NewWriter(a.stdout)
	defer w.Flush()
	if key == "" {
		if release == "" {
			release = releases[len(releases)-1]
		}
		return showRelease(w, engine, release)
	}
	return showKey(w, engine, release, key)
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

// showKey tells of every place that knows the key.
func showKey(w io.Writer, engine, release, key string) error {
	section, name, qualified := strings.Cut(key, ".")
	if !qualified {
		section, name = "", key
	}
	sections := []string{section}
	if !qualified {
		sections = nil
		for _, p := range schema.Where(engine, release, name) {
			if p.Engine == engine {
				sections = append(sections, p.Section)
			}
		}
	}
	shown := 0
	for _, section := range sections {
		definitions := schema.Definitions(engine, section, name)
		for i, k := range definitions {
			if release != "" && !k.In(release) {
				continue
			}
			if shown++; shown > 1 {
				fmt.Fprintln(w)
			}
			if err := showDefinition(w, engine, k, i == len(definitions)-1); err != nil {
				return err
			}
		}
	}
	if shown > 0 {
		return nil
	}
	return unknownKey(engine, release, name)
}

func showDefinition(w io.Writer, engine string, k *schema.Key, newest bool) error {
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
