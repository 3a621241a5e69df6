package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/backend"
	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/edit"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/loadgen"
	"mlcfg/schema"
)

const initHelp = `Init writes the files of a new configuration repository without asking questions: a
base, one overlay, the project file, LoadGen's settings for the machine, pre-commit
hooks and a CI job. They lint clean and compile as they are; change them from there.
It never overwrites a file: if one of them exists, it writes none.

  mlcfg init                                              in this folder
  mlcfg init lab --benchmark mixtral-8x7b --machine mi325x`

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:        "init",
		Usage:       "start a configuration repository",
		ArgsUsage:   "[DIR]",
		Description: initHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "benchmark", Value: "llama2-70b", Usage: "`NAME` of the first overlay's benchmark, as LoadGen spells it"},
			&cli.StringFlag{Name: "machine", Value: "machine1", Usage: "`NAME` of the first overlay's machine"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the list of files: text or json"},
		},
		Action: a.init,
	}
}

// plainName is what may stand in a file's name and in LoadGen's.
var plainName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

func (a *app) init(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	dir, asJSON := c.Args().First(), c.String("format") == "json"
	if c.NArg() > 1 {
		return withHint("mlcfg init DIR", "one folder at a time: %s is one too many", c.Args().Get(1))
	}
	for _, flag := range []string{"benchmark", "machine"} {
		if name := c.String(flag); !plainName.MatchString(name) {
			return withHint("letters, digits, dots and hyphens make a name", "--%s %q is no name", flag, name)
		}
	}
	rounds, vllm, sglang := loadgen.Rounds(), schema.Releases(backend.VLLM), schema.Releases(backend.SGLang)
	_, known := loadgen.SampleCount(c.String("benchmark"))
	files, err := edit.Files(edit.Names{
		Own: !known, Benchmark: c.String("benchmark"), Machine: c.String("machine"),
		VLLM: vllm[len(vllm)-1], SGLang: sglang[len(sglang)-1], Round: rounds[len(rounds)-1],
	})
	if err != nil {
		return fmt.Errorf("making the files: %w", err)
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if _, err := os.Lstat(path); err == nil {
			return withHint("name another folder", "%s is there already, nothing was written", path)
		}
	}
	var written []string
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making the folder of %s: %w", path, err)
		}
		if err := atomicfile.Write(path, f.Data, 0o644); err != nil {
			return err
		}
		written = append(written, path)
		if asJSON {
			continue
		}
		if _, err := fmt.Fprintln(a.stdout, diag.Clean(path)); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	if asJSON {
		if err := output.JSON(a.stdout, map[string]any{"files": written}); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	a.warn("next: mlcfg lint; mlcfg compile --all; mlcfg check --all; mlrun plan MANIFEST --simulate")
	return nil
}
