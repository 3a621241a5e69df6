package cliargs

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

var commands = []*cli.Command{
	{Name: "run", Flags: []cli.Flag{&cli.BoolFlag{Name: "simulate"}, &cli.StringFlag{Name: "out", Aliases: []string{"o"}}, &cli.IntFlag{Name: "first-port"}}},
	{Name: "dataset", Subcommands: []*cli.Command{{Name: "info", Flags: []cli.Flag{&cli.StringFlag{Name: "format"}}}}},
}

func TestSort(t *testing.T) {
	tests := map[string]string{
		"x run m.yaml --simulate":            "x run --simulate -- m.yaml",
		"x run m.yaml --out=a -o b":          "x run --out=a --o=b -- m.yaml",
		"x run - --first_port -1":            "x run --first-port=-1 -- -",
		"x run --simulate -- --out":          "x run --simulate -- --out",
		"x run --simulate=false m":           "x run --simulate=false -- m",
		"x dataset info a.jsonl --format=js": "x dataset info --format=js -- a.jsonl",
		"x --help":                           "x --help",
		"x nothing --else":                   "x nothing --else",
		"x":                                  "x",
		"x help":                             "x --help",
		"x help run":                         "x run --help --",
		"x version":                          "x --version",
		"x --simulate run m":                 "x run --simulate -- m",
		"x --out a run m":                    "x run --out=a -- m",
		"x --format js dataset info a.jsonl": "x dataset info --format=js -- a.jsonl",
		"x --version run":                    "x --version run",
	}
	for in, want := range tests {
		got, err := Sort(strings.Fields(in), commands)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := map[string]string{
		"x run --simulat m": "did you mean --simulate",
		"x run m --out":     "write --out VALUE",
		"x run --zzzzzz":    "--help lists the flags",
		"x run --sim m":     "did you mean --simulate",
		"x run --dry-run m": "another command",
	}
	for in, want := range tests {
		_, err := SortWith(strings.Fields(in), commands, Hooks{Hint: func(_ *cli.Command, name string) string {
			return map[string]string{"dry-run": "another command"}[name]
		}})
		var usage *HintedError
		ok := errors.As(err, &usage)
		if !ok || !strings.Contains(usage.Hint, want) {
			t.Errorf("%s: %v, want the hint %q", in, err, want)
		}
	}
}

func TestNoCommand(t *testing.T) {
	for word, want := range map[string]string{
		"rum": "did you mean x run", "start": "write x run MANIFEST", "zzzzzz": "the commands are run, dataset",
	} {
		if got := HintOf(NoCommand("x", word, commands, map[string]string{"start": "run MANIFEST"})); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}
