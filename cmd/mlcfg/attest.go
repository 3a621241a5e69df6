package main

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/attest"
	"mlcfg/internal/diag"
	"mlcfg/internal/fit"
	"mlcfg/internal/plainfile"
	"mlcfg/schema"
)

const attestHelp = `Attest compares the log of an engine's start with what was configured: arguments that
are configured but not in force, or with another value, variables that the engine did
not read, the backend of attention, the release, and the memory and tokens of the KV
cache with what mlcfg fit computes. The log may be of a run that others made.

FILE is an overlay, a manifest, or a file that starts an engine, as for mlcfg fit. LOG is
what vLLM or SGLang printed; each of several logs is compared. --gpu compares the memory
of the KV cache too.

  mlcfg attest manifests/llama2-70b/offline_mi325x.vllm.yaml run/engine/replica-0.log
  mlcfg attest --gpu H100 serve.sh engine.log
  mlcfg attest serve.sh engine.log --format json | jq '.logs[].differences'

Exit status: 0 as configured, 1 something differs, 2 trouble.`

func (a *app) attestCommand() *cli.Command {
	return &cli.Command{
		Name:        "attest",
		Usage:       "compare the log of an engine's start with its configuration",
		ArgsUsage:   "FILE LOG... [KEY=VALUE...]",
		Description: attestHelp,
		Flags: append(append(configFlags(), modelFlags()...),
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT`: text or json"},
		),
		Action: a.attest,
	}
}

// attested is what came of one log.
type attested struct {
	Log string `json:"log"`
	attest.Start
}

func (a *app) attest(c *cli.Context) error {
	if err := oneOf("format", c.String("format"), "text", "json"); err != nil {
		return err
	}
	operands := c.Args().Slice()
	if len(operands) < 2 {
		return withHint("mlcfg attest serve.sh engine.log", "name a file and a log of its start, %d given", len(operands))
	}
	gpu, _, err := theGPU(c)
	if err != nil {
		return err
	}
	file := operands[0]
	requests, err := asking{app: a, c: c, anyModel: c.String("model") == ""}.ofFiles([]string{file})
	if err != nil {
		return err
	}
	var all []attested
	differs := false
	for i, log := range operands[1:] {
		said, err := readLog(log)
		if err != nil {
			return err
		}
		var of []fit.Request
		for _, q := range requests {
			if q.Engine == said.Engine {
				of = append(of, q)
			}
		}
		if len(of) != 1 {
			return withHint("name a file with one start of "+said.Engine, "%s: %s has %d starts of %s", log, file, len(of), said.Engine)
		}
		of[0].GPU = gpu
		start := attest.New(of[0], said, defaults(&of[0]))
		start.Replica = i
		differs = differs || len(start.Faults()) > 0
		all = append(all, attested{log, start})
	}
	if err := a.writeAttested(c.String("format"), all); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if differs {
		return errFindings
	}
	return nil
}

func readLog(log string) (*attest.Said, error) {
	f, err := plainfile.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	said, err := attest.ReadLog(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", log, err)
	}
	if said.Silent() {
		return nil, withHint(`the log must hold the lines of the start, such as "non-default args" or "server_args"`, "%s: no start of an engine is in this log", log)
	}
	return said, nil
}

// defaults reports of a request's release whether a value is its own default.
func defaults(q *fit.Request) func(key string, value any) bool {
	s, err := schema.Load(q.Engine, q.Release)
	if err != nil {
		return nil
	}
	section := s.Section(schema.EngineConfig)
	return func(key string, value any) bool {
		k, known := section.Key(key)
		return known && k.HasDefault && (reflect.DeepEqual(k.Default, value) || fmt.Sprint(k.Default) == fmt.Sprint(value))
	}
}

func (a *app) writeAttested(format string, all []attested) error {
	if format == "json" {
		return writeJSON(a.stdout, map[string]any{"logs": all})
	}
	var b strings.Builder
	for _, one := range all {
		fmt.Fprintf(&b, "%s: %s %s\n", diag.Escape(one.Log), one.Said.Engine, cmp.Or(diag.Escape(one.Said.Release), "of an unknown release"))
		if len(one.Faults()) == 0 {
			b.WriteString("  nothing differs from what was configured\n")
		}
		for _, d := range one.Differences {
			mark := "!"
			if d.Info {
				mark = " "
			}
			fmt.Fprintf(&b, "%s %s\n    %s\n", mark, diag.Escape(d.Text), d.Kind)
		}
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
