package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/diag"
	"mlcfg/internal/engine"
	"mlcfg/internal/run"
)

const planHelp = `Prints exactly what mlrun run would do with the same flags: environment, commands,
number of queries, expected duration, and what is missing on this machine. It starts
and writes nothing.

  mlrun plan manifest.yaml
  mlrun plan manifest.yaml --simulate --format json
  mlrun plan manifest.yaml --node 2/2 --head 10.0.0.1    one node of several
  mlrun plan manifest.yaml --on slurm --nodes 4          every node of Slurm's

Exit status: 0 if the run could start, 1 if something is missing or already makes the
result INVALID, 2 if the manifest cannot be executed.`

func (a *app) planCommand() *cli.Command {
	var f runFlags
	var format string
	return &cli.Command{
		Name: "plan", Usage: "print what run would do", ArgsUsage: "MANIFEST", Description: planHelp,
		Flags: append(append(f.list(), f.slurm.list()...), &cli.StringFlag{Name: "format", Usage: "text or json", Value: "text", Destination: &format}),
		Action: func(c *cli.Context) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			m, err := a.readManifest(c)
			if err != nil {
				return err
			}
			if on, err := f.slurm.check(&f); err != nil {
				return err
			} else if on {
				if err := f.slurm.shown(c.Context); err != nil {
					return err
				}
			}
			p, err := f.plan(c.Context, m, ".")
			if err != nil {
				return err
			}
			findings := p.Check(c.Context)
			if format == "json" {
				err = a.printJSON(struct {
					*run.Plan
					Missing  []string `json:"missing"`
					Invalid  []string `json:"invalid"`
					Warnings []string `json:"warnings"`
				}{p, texts(findings, "MISSING"), texts(findings, "INVALID"), texts(findings, "warning")})
			} else {
				err = writePlan(a.stdout, p, findings)
			}
			if err == nil && slices.ContainsFunc(findings, func(f run.Finding) bool { return kind(f) != "warning" }) {
				return errFindings
			}
			return err
		},
	}
}

// kind is how a finding is printed.
func kind(f run.Finding) string {
	switch {
	case f.Fatal:
		return "MISSING"
	case f.Invalid:
		return "INVALID"
	}
	return "warning"
}

func texts(findings []run.Finding, of string) []string {
	list := []string{}
	for _, f := range findings {
		if kind(f) == of {
			list = append(list, f.Text)
		}
	}
	return list
}

// writePlan writes a plan for a person.
func writePlan(w io.Writer, p *run.Plan, findings []run.Finding) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("manifest     %s", p.Digest)
	say("test         %s, %s, %s", diag.Escape(p.Benchmark), p.Scenario, p.Mode)
	if p.OfficialLoadGen != "" {
		say("issued by    the official LoadGen %s (%s)", diag.Escape(p.OfficialLoadGen), p.LoadgenPython)
	}
	if !p.Worker() {
		writeTest(say, p)
	}
	if p.PowerScript != "" {
		say("power script %s %s %s %s", diag.Escape(p.PowerScript), diag.Escape(p.PowerModel()), diag.Escape(p.Manifest.Machine), diag.Escape(p.Variant()))
	}
	if n := p.Engine.Node; n != nil {
		say("node         %d of %d, the head is at %s", n.Index, n.Count, diag.Escape(n.Head))
	}
	if len(p.Engine.Steps) == 0 {
		for i, r := range p.Engine.Replicas {
			writeReplica(say, p, r, i == 0)
		}
	}
	for i, step := range p.Engine.Steps {
		say("node         %s, which listens on %s", diag.Escape(step.Node), step.Part.Listen)
		say("             %s", diag.Escape(engine.CommandLine(step.Command)))
		for j, r := range slices.Concat(p.Engine.Replicas, step.Carries) {
			if r.Node == step.Node {
				writeReplica(say, p, r, i == 0 && j == 0)
			}
		}
	}
	for _, n := range p.Notes {
		say("note         %s", diag.Escape(n))
	}
	for _, f := range findings {
		say("%-12s %s", kind(f), diag.Escape(f.Text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeReplica writes what one replica is, whole where it is the first.
func writeReplica(say func(string, ...any), p *run.Plan, r engine.Replica, first bool) {
	if c := r.Companion; c != nil {
		say("%-12s %s", c.Name, diag.Escape(engine.CommandLine(c.Command)))
	}
	say("replica %-4d %s", r.Index, diag.Escape(engine.CommandLine(r.Command)+r.URL))
	if first {
		for _, f := range r.Files {
			say("             {file:%s}, the engine's configuration:", f.Name)
			for line := range strings.Lines(f.Text) {
				say("               %s", diag.Escape(strings.TrimSuffix(line, "\n")))
			}
		}
	}
	if len(r.Devices) > 0 {
		say("             devices %s", strings.Join(r.Devices, ","))
	}
	if r.CPUs != "" {
		say("             CPUs %s", r.CPUs)
	}
	if first {
		for _, e := range r.Env {
			say("             %s", diag.Escape(e.String()))
		}
	} else if len(r.Env) > 0 {
		say("             environment as replica 0%s", ownDevices(p, r))
	}
}

// writeTest writes what is issued, and with what.
func writeTest(say func(string, ...any), p *run.Plan) {
	say("queries      %d, %d samples, scheduled over %v", p.Queries, p.Samples, time.Duration(p.ScheduledSeconds*1e9).Round(time.Millisecond))
	say("duration     %s", p.Expected())
	for i, condition := range p.JudgedBy {
		say("%-12s %s", map[bool]string{true: "judged by"}[i == 0], diag.Escape(condition))
	}
	if p.Clients > 1 {
		say("clients      %d", p.Clients)
	}
	data := p.Data.File
	if p.Data.Synthetic {
		data = "synthetic, instead of " + p.Data.Path
	}
	if n := p.Data.InFile; n != 0 && n != p.Data.Samples {
		data += fmt.Sprintf(" with %d", n)
	}
	say("data set     %s, %d samples", diag.Escape(data), p.Data.Samples)
	say("requests     %s%s", p.Protocol, parameters(p.Parameters))
	warm := yesNo(p.WarmUp)
	if p.WarmUpRequests > 0 {
		warm += fmt.Sprintf(", %d requests a replica", p.WarmUpRequests)
	}
	say("warm-up      %s", warm)
}

// ownDevices names the variables in which a replica's environment differs from
// the first one's.
func ownDevices(p *run.Plan, r engine.Replica) string {
	var own []string
	for _, e := range r.Env {
		if !slices.Contains(p.Engine.Replicas[0].Env, e) {
			own = append(own, e.String())
		}
	}
	if len(own) == 0 {
		return ""
	}
	return ", but " + strings.Join(own, " ")
}

func parameters(m map[string]any) string {
	text := ""
	for _, k := range slices.Sorted(maps.Keys(m)) {
		value := fmt.Sprint(m[k])
		switch m[k].(type) {
		case map[string]any, []any:
			if asJSON, err := json.Marshal(m[k]); err == nil {
				value = string(asJSON) // as the request carries it
			}
		}
		text += fmt.Sprintf(" %s=%s", k, value)
	}
	return diag.Escape(text)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
