package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/run"
)

// clientCommand is no command for people: mlrun starts itself under it, once for each of the
// clients of a run that has several.
func (a *app) clientCommand() *cli.Command {
	return &cli.Command{
		Name:   run.ClientCommand,
		Hidden: true,
		Action: func(c *cli.Context) error {
			// What ends a run is sent to all of its processes, and mlrun decides what it means.
			signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
			return run.Part(context.WithoutCancel(c.Context), lastOrder{a.stdin}, a.stdout)
		},
	}
}

// afterlife is how long a client whose run is no more may take to write what it has.
const afterlife = 10 * time.Second

// lastOrder is standard input whose end is the end of this process too, whatever it does.
type lastOrder struct{ io.Reader }

// Read is io.Reader's.
func (l lastOrder) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err != nil {
		time.AfterFunc(afterlife, func() { os.Exit(exitFailed) })
	}
	return n, err
}
