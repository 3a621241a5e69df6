package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/run"
)

const nodeHelp = `Runs and supervises one machine's part of a multi-node engine until it is
interrupted. It issues no queries: node 1, the head, does that with mlrun run. All
nodes need the same manifest; the order in which they start does not matter.

  mlrun run  manifest.yaml --node 1/2 --head 10.0.0.1     on the machine 10.0.0.1
  mlrun node manifest.yaml --node 2/2 --head 10.0.0.1     on the other
  mlrun plan manifest.yaml --node 2/2 --head 10.0.0.1     what it would start

Exit status: 0 if it ran until it was interrupted, 2 if it could not run or its part of
the engine ended by itself, as it does when the head's run is over.`

func (a *app) nodeCommand() *cli.Command {
	var f runFlags
	var out, results string
	var quiet bool
	return &cli.Command{
		Name: "node", Usage: "run this machine's part of a multi-node engine", ArgsUsage: "MANIFEST", Description: nodeHelp,
		Flags: append(f.engine(),
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write logs to the new folder `DIR` (default: a new name under --results)", Destination: &out},
			&cli.StringFlag{Name: "results", Usage: "create the folder of logs in `DIR`", Value: "runs", Destination: &results},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only notes while the run is in progress", Destination: &quiet},
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
