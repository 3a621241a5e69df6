package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/engine"
)

// supervisorCommand is no command for people: mlrun starts itself under it, once
// for each engine, so that the engine's processes end with mlrun in whatever way
// that ends.
func (a *app) supervisorCommand() *cli.Command {
	return &cli.Command{
		Name:   engine.SuperviseCommand,
		Hidden: true,
		Action: func(*cli.Context) error {
			if engine.Supervise(a.stdin, a.stdout) != 0 {
				return errors.New("supervising an engine failed")
			}
			return nil
		},
	}
}
