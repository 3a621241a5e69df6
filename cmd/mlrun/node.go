package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/run"
)

const nodeHelp = `Runs one machine's part of an engine that is spread over several, under
supervision, until it is interrupted. It issues no queries: node 1, the head, does
that with mlrun run. All nodes are given the same manifest; in which order they are
started does not matter.

  mlrun run  manifest.yaml --node 1/2 --head 10.0.0.1     on the machine 10.0.0.1
  mlrun node manifest.yaml --node 2/2 --head 10.0.0.1     on the other
  mlrun plan manifest.yaml --node 2/2 --head 10.0.0.1     what it would start

Exit status: 0 it ran until it was interrupted, 2 it could not run, or its part of the
engine ended by itself, as it does when the head's run is over.`

func (a *app) nodeCommand() *cli.Command {
	var f runFlags
	var out, results string
	var quiet bool
	return &cli.Command{
		Name: "node", Usage: "run another machine's part of an engine", ArgsUsage: "MANIFEST", Description: nodeHelp,
		Flags: append(f.engine(),
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write logs into the new folder `DIR`; a name under --results otherwise", Destination: &out},
			&cli.StringFlag{Name: "results", Usage: "make the folder of logs in `DIR`", Value: "runs", Destination: &results},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing but notes while it goes on", Destination: &quiet},
		),
		Action: func(c *cli.Context) error {
			log := a.runLog(quiet)
			ctx, abort, stop := interrupts(c.Context, log)
			defer stop()
			m, err := a.readManifest(c)
			if err != nil {
				return err
			}
			p, err := f.plan(ctx, m, cmp.Or(out, results))
			if err != nil {
				return err
			}
			if !p.Worker() {
				return withHint("node 1 carries the test: mlrun run MANIFEST --node 1/2 --head ADDRESS", "node takes the number of a node other than the first, as --node 2/2")
			}
			if out == "" {
				out = fmt.Sprintf("%s-node-%d", p.Dir(results, time.Now()), p.Engine.Node.Index)
			}
			err = run.RunNode(ctx, p, run.Output{Dir: out, Log: log, Abort: abort})
			fmt.Fprintf(a.stderr, "logs: %s\n", filepath.Clean(out))
			return engineHint(err)
		},
	}
}
