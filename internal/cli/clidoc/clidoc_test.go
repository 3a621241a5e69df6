package clidoc

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/tools/goldenfile"

	"github.com/urfave/cli/v2"
)

func tree() (Program, []*cli.Command) {
	p := Program{
		Name: "tool", Usage: "do things", Version: "v1", About: "Tool does things.\n\n  tool a .hidden 'quoted' back\\slash\n\n.A line that begins with a dot.",
		Values: func(_ *cli.Command, flag, _ string) []string {
			switch flag {
			case "set":
				return []string{"top=", "section.key=", "section.kind=", "section.key=1", "section.key=2"}
			case "first-port":
				return []string{"30000"}
			}
			return nil
		},
	}
	return p, p.With([]*cli.Command{
		{Name: "run", Usage: "run it", ArgsUsage: "FILE", Description: "Run runs.\n\n  tool run x.yaml\n  tool run -- --odd", Flags: []cli.Flag{
			&cli.BoolFlag{Name: "quick", Aliases: []string{"q"}, Usage: "in a hurry"},
			&cli.StringSliceFlag{Name: "set", Usage: "override `KEY=VALUE`"},
			&cli.IntFlag{Name: "first-port", Value: 30000, Usage: "`PORT` to begin at"},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT` of the list: text (for people), json or html"},
			&cli.StringFlag{Name: "secret", Hidden: true},
		}},
		{Name: "data", Usage: "look at data", Subcommands: []*cli.Command{{Name: "info", Usage: "tell"}, {Name: "convert", Usage: "turn"}}},
		{Name: "inner", Hidden: true},
	})
}

func TestComplete(t *testing.T) {
	p, commands := tree()
	for in, want := range map[string]string{
		"":                        "run data completion",
		"r":                       "run",
		"in":                      "",
		"data ":                   "info convert",
		"data c":                  "convert",
		"completion ":             "bash zsh fish",
		"completion f":            "fish",
		"run -":                   "--quick -q --set --first-port --format --help",
		"run --f":                 "--first-port --format",
		"run --format ":           "text json html",
		"run --format=j":          "--format=json",
		"run --set ":              "top= section.key= section.kind= section.key=1 section.key=2",
		"run --set section.ki":    "section.kind=",
		"run --set=section.key=":  "--set=section.key= --set=section.key=1 --set=section.key=2",
		"run --quick ":            "",
		"run --first_port=3":      "--first_port=30000",
		"run x.yaml --set top":    "top=",
		"nothing ":                "",
		"nothing deep --set ":     "",
		"data info --set=section": "",
	} {
		got := strings.Join(p.Complete(commands, strings.Split(in, " ")), " ")
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := p.Complete(commands, nil); len(got) != 3 {
		t.Errorf("no words: %v", got)
	}
}

func TestScripts(t *testing.T) {
	p, _ := tree()
	for _, shell := range shells {
		script, err := p.Script(shell)
		if err != nil {
			t.Fatal(err)
		}
		goldenfile.Check(t, filepath.Join("testdata", "tool."+shell), script)
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("SKIPPED for %s, which is not installed: its own check of the script", shell)
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	if _, err := p.Script("csh"); err == nil || err.Error() != `completion is for bash, zsh, fish, not "csh"` {
		t.Error(err)
	}
}

func TestPages(t *testing.T) {
	p, commands := tree()
	var all strings.Builder
	for _, page := range p.Pages(commands) {
		all.WriteString("==> " + page.Name + ".1\n" + page.Text)
		for part := range strings.SplitSeq(page.Text, ".SH ") {
			if _, first, _ := strings.Cut(part, "\n"); strings.HasPrefix(first, ".PP") {
				t.Errorf("%s: a paragraph begins where a section has begun: %.40q", page.Name, part)
			}
		}
		groff, err := exec.LookPath("groff")
		if err != nil {
			t.Log("SKIPPED: groff is not installed: its own check of the pages")
			continue
		}
		cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
		cmd.Stdin = strings.NewReader(page.Text)
		if out, err := cmd.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("%s: %v\n%s", page.Name, err, out)
		}
	}
	goldenfile.Check(t, filepath.Join("testdata", "pages.golden"), all.String())
}

func TestWritePages(t *testing.T) {
	p, commands := tree()
	dir := filepath.Join(t.TempDir(), "man1")
	if err := p.writePages(dir, commands); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(files) != 6 {
		t.Errorf("%v %v", files, err)
	}
}

func TestHelp(t *testing.T) {
	p, commands := tree()
	p.SetHelp(commands, []string{"tool", "run"})
	p.SetHelp(commands, []string{"tool", "data", "info"})
	goldenfile.Check(t, filepath.Join("testdata", "run.help"), commands[0].CustomHelpTemplate)
	goldenfile.Check(t, filepath.Join("testdata", "data.help"), commands[1].CustomHelpTemplate)
}

// TestHelpIsShown: the flag package shows these texts, as they are, for commands
// with and without others below them.
func TestHelpIsShown(t *testing.T) {
	for _, args := range [][]string{{"run", "--help"}, {"run", "-h"}, {"data", "--help"}, {"data", "info", "--help"}} {
		var out bytes.Buffer
		p := Program{Name: "tool", Out: &out}
		commands := p.With([]*cli.Command{
			{Name: "run", Usage: "run it", Description: "As {{.Name}} stands here."},
			{Name: "data", Usage: "look", Subcommands: []*cli.Command{{Name: "info", Usage: "tell"}}},
		})
		app := &cli.App{Name: "tool", Writer: &out, HideHelpCommand: true, Commands: commands}
		line := append([]string{"tool"}, args...)
		p.SetHelp(commands, line)
		if err := app.Run(line); err != nil {
			t.Fatal(err)
		}
		name := strings.Join(append([]string{"tool"}, args[:len(args)-1]...), " ")
		if got := out.String(); !strings.HasPrefix(got, name+" - ") || !strings.Contains(got, "--help, -h\n        show this help\n") || args[0] == "run" && !strings.Contains(got, "{{.Name}}") {
			t.Errorf("%v:\n%s", args, got)
		}
	}
}
