package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/atomicfile"
	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/manifest"
	"mlcfg/internal/render"
)

const renderHelp = `Render writes what a system needs to run a manifest, on one machine or many: how many
machines and devices, the engines with the manifest's own arguments and environment, and
mlrun that measures them. The manifest is in the file. It prints the file, or writes it
with -o; the same manifest and flags give the same bytes.

  mlcfg render slurm manifest.yaml --map /data=/lustre/data --time 04:00:00 | sbatch
  mlcfg render kubernetes manifest.yaml --client-image lab/mlcfg --results pvc:runs --map /models=pvc:models
  mlcfg render compose manifest.yaml --map /models=/mnt/models -o compose.yaml
  mlcfg render srt-slurm manifest.yaml --mlrun /shared/bin/mlrun -o recipe.yaml`

// renderHelps are what the targets say of themselves.
var renderHelps = map[string]string{
	"slurm": `Slurm's batch script holds the manifest and directives for nodes, GPUs and time. Its
step is mlrun: on one node mlrun run, on several mlrun run --on slurm. The engine is the
one in PATH on the nodes. With --image it is that of a container (pyxis), for one node or
the nodes of one replica.

  mlcfg render slurm m.yaml --map /data=/lustre/data --partition gpu --time 04:00:00 | sbatch
  mlcfg render slurm m.yaml --nodes 2 --nodes-per-replica 2 --arg=--no-resource-check -o job.sh
  mlcfg render slurm m.yaml --image vllm/vllm-openai:v0.33.0 --mlrun /shared/bin/mlrun -o job.sh`,
	"kubernetes": `Kubernetes gets a ConfigMap with the manifest, a StatefulSet with a pod for each replica
and its headless Service (with --nodes-per-replica a LeaderWorkerSet), and a Job of mlrun.
--map puts a folder of the machines or a claim (pvc:CLAIM/FOLDER) where the configuration
has it; --results is the same for run directories. Secrets are named, never written.

  mlcfg render kubernetes m.yaml --client-image lab/mlcfg --results pvc:runs --map /models=pvc:models | kubectl apply -f -
  mlcfg render kubernetes m.yaml --client-image lab/mlcfg --results /srv/runs --secret HF_TOKEN=hub/token
  mlcfg render kubernetes m.yaml --client-image lab/mlcfg --results pvc:runs --nodes 4 --nodes-per-replica 2`,
	"compose": `Compose gets a service for each replica with its share of the machine's devices, and
one of mlrun that starts when all of them are healthy. Run directories go to ./runs.

  mlcfg render compose m.yaml --map /models=/mnt/models -o compose.yaml
  docker compose -f compose.yaml up --exit-code-from client`,
	"srt-slurm": `srt-slurm gets a recipe of schema 2, or 1, whose engines are started without Dynamo and
whose custom benchmark is mlrun. mlrun is put into the engine's container (--mlrun), or
in an image of its own that has bash (--client-image).

  mlcfg render srt-slurm m.yaml --mlrun /shared/bin/mlrun --map /data=/lustre/data -o recipe.yaml
  mlcfg render srt-slurm m.yaml --mlrun /shared/bin/mlrun --schema 1 -o recipe.yaml`,
}

func (a *app) renderCommand() *cli.Command {
	var commands []*cli.Command
	for _, t := range render.Targets() {
		commands = append(commands, a.renderTarget(t))
	}
	return &cli.Command{
		Name: "render", Usage: "write what Slurm, Kubernetes, Compose or srt-slurm needs to run a manifest", ArgsUsage: "SYSTEM",
		Description: renderHelp, Subcommands: commands, Action: a.noCommand("mlcfg render", commands),
	}
}

func (a *app) renderTarget(t *render.Target) *cli.Command {
	return &cli.Command{
		Name: t.Name, Usage: t.Usage, ArgsUsage: "MANIFEST", Description: renderHelps[t.Name],
		Flags:  renderFlags(t),
		Action: func(c *cli.Context) error { return a.render(c, t) },
	}
}

// renderFlags are those of all targets, and of the others those that mean something to this one.
func renderFlags(t *render.Target) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "name", Usage: "`NAME` of the job (default: benchmark and scenario)"},
		&cli.IntFlag{Name: "nodes", Value: 1, Usage: "number of nodes; each carries the manifest's device_count"},
		&cli.IntFlag{Name: "nodes-per-replica", Value: 1, Usage: "number of nodes that carry one replica together, device_count being the replica's"},
		&cli.StringSliceFlag{Name: "map", Usage: "the configuration's FROM is kept at TO (`FROM=TO`)"},
		&cli.StringSliceFlag{Name: "arg", Usage: "pass `ARG` to mlrun run"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write (default: standard output)"},
	}
	for _, f := range []cli.Flag{
		&cli.StringFlag{Name: "image", Usage: "`IMAGE` of the engine (default: its makers' own of the release; with slurm none)"},
		&cli.StringFlag{Name: "client-image", Usage: "`IMAGE` that has mlrun"},
		&cli.StringFlag{Name: "devices", Usage: "`KIND` of the devices: nvidia, amd, none, or a resource of Kubernetes (default: what the manifest says)"},
		&cli.StringFlag{Name: "namespace", Usage: "`NAMESPACE` of everything"},
		&cli.StringFlag{Name: "partition", Usage: "`PARTITION` of Slurm"},
		&cli.StringFlag{Name: "account", Usage: "`ACCOUNT` of Slurm"},
		&cli.StringFlag{Name: "time", Usage: "`TIME` that the job may take, as Slurm writes it (04:00:00)"},
		&cli.StringFlag{Name: "results", Usage: "keep run directories in `DIR` (kubernetes: also pvc:CLAIM)"},
		&cli.StringSliceFlag{Name: "secret", Usage: "give variable NAME to engine and client (`NAME`; kubernetes: NAME=SECRET/KEY)"},
		&cli.StringSliceFlag{Name: "node-arg", Usage: "pass `ARG` to mlrun on every node"},
		&cli.StringFlag{Name: "mlrun", Usage: "`PATH` of mlrun on the nodes"},
		&cli.IntFlag{Name: "schema", Value: 2, Usage: "`VERSION` of the recipe's form: 1 or 2"},
	} {
		if slices.Contains(t.Takes, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return flags
}

func (a *app) render(c *cli.Context, t *render.Target) error {
	if c.NArg() != 1 {
		return withHint("mlcfg render "+t.Name+" manifest.yaml, or - for standard input", "render takes one manifest, not %d", c.NArg())
	}
	o := render.Options{
		Name: c.String("name"), Nodes: c.Int("nodes"), NodesPerReplica: c.Int("nodes-per-replica"), Devices: c.String("devices"),
		Image: c.String("image"), ClientImage: c.String("client-image"), Results: c.String("results"),
		Partition: c.String("partition"), Account: c.String("account"), Time: c.String("time"), Namespace: c.String("namespace"),
		Mlrun: c.String("mlrun"), Args: c.StringSlice("arg"), NodeArgs: c.StringSlice("node-arg"), Schema: c.Int("schema"),
	}
	for _, flag := range []string{"nodes", "nodes-per-replica"} {
		if n := c.Int(flag); n < 1 {
			return fmt.Errorf("--%s is %d; it must be at least 1", flag, n)
		}
	}
	var err error
	if o.Map, err = pathmap.Parse(c.StringSlice("map")); err != nil {
		return withHint("--map /models=/mnt/models", "--map: %w", err)
	}
	if o.Secrets, err = secretsOf(c.StringSlice("secret"), t.Name == "kubernetes"); err != nil {
		return err
	}
	m, err := manifest.ReadFile(c.Args().First(), a.stdin)
	var bad *manifest.Error
	if errors.As(err, &bad) {
		return withHint(bad.Hint, "%w", err)
	}
	if err != nil {
		return err
	}
	text, notes, err := t.Render(m, o)
	var refused *render.Error
	if errors.As(err, &refused) {
		return withHint(refused.Hint, "%s: %w", c.Args().First(), err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Args().First(), err)
	}
	for _, n := range notes {
		a.warn("note: %s", diag.Clean(n))
	}
	if file := c.String("output"); file != "" && file != "-" {
		return atomicfile.Write(file, []byte(text), 0o644)
	}
	if _, err := a.stdout.Write([]byte(text)); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}

var (
	variableName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretKey    = lazyregexp.New(`^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/([A-Za-z0-9._-]+)$`)
)

// secretsOf reads NAME, or NAME=SECRET/KEY where the system keeps secrets.
func secretsOf(texts []string, kept bool) ([]render.Secret, error) {
	var all []render.Secret
	for _, text := range texts {
		name, at, tied := strings.Cut(text, "=")
		if !variableName.MatchString(name) {
			return nil, withHint("--secret HF_TOKEN", "--secret %q is no name of a variable", name)
		}
		s := render.Secret{Variable: name}
		if kept {
			m := secretKey.FindStringSubmatch(at)
			if m == nil {
				return nil, withHint("write NAME=SECRET/KEY, the key of a secret that is there", "--secret %s names no key of a secret", name)
			}
			s.Of, s.Key = m[1], m[2]
		} else if tied {
			return nil, withHint("--secret "+name, "--secret %s has a value; the variable is taken from where the job is started, and no value is written", name)
		}
		all = append(all, s)
	}
	return all, nil
}
