package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/fit"
)

const modelHelp = `Model makes and lists model cards: small files of a model's shapes, without weights,
from which mlcfg fit computes.

  mlcfg model card ./Llama-3.1-8B -o cards/llama-3.1-8b.json
  mlcfg model list`

func (a *app) modelCommand() *cli.Command {
	commands := []*cli.Command{a.modelCardCommand(), a.modelListCommand()}
	return &cli.Command{
		Name: "model", Usage: "make and list model cards", ArgsUsage: "COMMAND", Description: modelHelp,
		Subcommands: commands, Action: a.noCommand("mlcfg model", commands),
	}
}

const modelCardHelp = `Card writes a model card: what the config.json of a folder says of memory, with how
the weights are quantized and how large they are. The sizes are read from the headers of
the safetensors files, or from their index where the files are not there; without either
they are computed from the shapes when the card is used. No weight is read.

A card belongs into the configuration repository: mlcfg fit --model FILE reads it.

  mlcfg model card ./Llama-3.1-8B > llama-3.1-8b.json
  mlcfg model card ./Llama-3.1-8B --name meta-llama/Llama-3.1-8B --source "our mirror, 2026-08" -o cards/llama-3.1-8b.json`

func (a *app) modelCardCommand() *cli.Command {
	return &cli.Command{
		Name: "card", Usage: "write the card of a model's folder", ArgsUsage: "DIR", Description: modelCardHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the model (default: the folder's)"},
			&cli.StringFlag{Name: "source", Usage: "`TEXT` that says where the folder is from (default: its config.json)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write (default: standard output)"},
		},
		Action: a.modelCard,
	}
}

func (a *app) modelCard(c *cli.Context) error {
	if c.NArg() != 1 {
		return withHint("mlcfg model card ./Llama-3.1-8B", "name one folder with a config.json, %d given", c.NArg())
	}
	dir := c.Args().First()
	name := cmp.Or(c.String("name"), filepath.Base(filepath.Clean(dir)))
	card, err := fit.WriteCard(c.Context, dir, name, cmp.Or(c.String("source"), "config.json of "+name))
	if err != nil {
		return err
	}
	if file := c.String("output"); file != "" {
		return atomicfile.Write(file, card, 0o644)
	}
	_, err = a.stdout.Write(card)
	return err
}

func (a *app) modelListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list the models whose cards come with mlcfg", ArgsUsage: " ",
		Description: "List names the models whose cards come with mlcfg, one a line.\n\n  mlcfg model list\n  mlcfg model list | grep -i qwen",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return withHint("mlcfg model list", "list takes no operand")
			}
			_, err := fmt.Fprintln(a.stdout, strings.Join(fit.Cards(), "\n"))
			return err
		},
	}
}
