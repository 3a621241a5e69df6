// Package render writes what a system that hands out machines needs to run a manifest there:
// a batch script for Slurm, resources for Kubernetes, services for Docker Compose, a recipe for
// srt-slurm.
//
//	for _, t := range render.Targets() {
//		text, notes, err := t.Render(m, render.Options{Nodes: 2, ClientImage: "lab/mlcfg"})
//	}
//
// One file a target, and one line of [Targets]. The engines' words are those of the manifest's
// roles, to the last one; a target fills in its open places as it names machines and files. The
// same manifest and options give the same bytes. No word of a configuration reaches a shell but
// through [Quote].
package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/cli/pathmap"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/manifest"
)

// Options are what a manifest does not say. Each target takes some of them; see [Target.Takes].
type Options struct {
	// Name is the job's; empty makes one of the benchmark and the scenario.
	Name string
	// Nodes is how many machines there are, NodesPerReplica how many carry one replica together;
	// 0 is 1. The manifest's device_count is that of one machine, or of one replica on several.
	Nodes, NodesPerReplica int
	// Devices are the kind of accelerator: nvidia, amd, none, or a resource of Kubernetes
	// (gpu.example.com/x). Empty: what manifest and machine say.
	Devices string
	// Image holds the engine, empty: its makers' own. ClientImage holds mlrun.
	Image, ClientImage string
	// Map has for paths of the configuration (From) where they are kept (To).
	Map pathmap.Map
	// Results is where run directories are kept.
	Results string
	// Secrets are variables whose values are elsewhere.
	Secrets []Secret
	// Partition, Account and Time are Slurm's, Namespace Kubernetes's.
	Partition, Account, Time, Namespace string
	// Mlrun is the path of mlrun on the machines, for containers that do not have it.
	Mlrun string
	// Args are further arguments of mlrun run, NodeArgs of every mlrun, mlrun node too.
	Args, NodeArgs []string
	// Schema is the version of a recipe's form; 0 is 2.
	Schema int
}

// Secret is a variable of a process by reference: its value is the key of a secret of
// Kubernetes, or that of the same name where the job is started.
type Secret struct{ Variable, Of, Key string }

// Target is a system.
type Target struct {
	// Name is what a command line calls it, Usage what is written.
	Name, Usage string
	// Takes are the names of the flags of the options that mean something here.
	Takes []string
	write func(*job) (string, error)
}

// Targets returns all systems, in the order in which they are listed.
func Targets() []*Target { return []*Target{&slurm, &kubernetes, &compose, &srtSlurm} }

// Error is why nothing can be rendered, and what to do about it.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

func refuse(hint, format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Render writes a manifest for a target. Notes are what the file lacks of what the manifest names,
// one line each.
func (t *Target) Render(m *manifest.Manifest, o Options) (text string, notes []string, err error) {
	j, err := newJob(m, o)
	if err != nil {
		return "", nil, err
	}
	if text, err = t.write(j); err != nil {
		return "", nil, err
	}
	return text, j.notes, nil
}

// job is a manifest with the options that hold for it.
type job struct {
	Options
	m       *manifest.Manifest
	backend *backend.Backend
	role    manifest.Role
	// text is the manifest's own.
	text string
	// replicas is how many there are on all machines, perNode how many devices one of them has
	// on each of its machines.
	replicas, perNode int
	devices           devices
	notes             []string
}

func newJob(m *manifest.Manifest, o Options) (*job, error) {
	j := &job{Options: o, m: m}
	data, err := m.YAML()
	if err != nil {
		return nil, err
	}
	j.text = string(data)
	var ok bool
	if j.backend, ok = backend.With(m.Backend, m.Engine.Name); !ok {
		return nil, refuse("", "backend %q is not known: %s", m.Backend, strings.Join(backend.Names(), ", "))
	}
	if j.role, err = m.Serving(); err != nil {
		return nil, err
	}
	if err := j.named(); err != nil {
		return nil, err
	}
	if j.devices, err = devicesOf(m, j.backend, o.Devices); err != nil {
		return nil, err
	}
	return j, j.spread()
}

// jobName is a name that each of the systems takes: of a label of a host, with room for numbers.
var jobName = lazyregexp.New(`^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$`)

func (j *job) named() error {
	if j.Name == "" {
		plain := func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}
		j.Name = strings.Trim(strings.Map(plain, strings.ToLower(j.m.BenchmarkName+"-"+j.m.Scenario)), "-")
		if !jobName.MatchString(j.Name) {
			j.Name = strings.TrimRight("run-"+j.Name[:min(len(j.Name), 36)], "-")
		}
	}
	if !jobName.MatchString(j.Name) {
		return refuse("--name llama2-70b-server", "--name %q is no name: at most 40 small letters, digits and hyphens, the first of them a letter", j.Name)
	}
	return nil
}

// spread shares the replicas out.
func (j *job) spread() error {
	j.Nodes, j.NodesPerReplica = cmp.Or(j.Nodes, 1), cmp.Or(j.NodesPerReplica, 1)
	count, each := int(j.role.Replicas), int(j.role.Devices)
	switch {
	case j.Nodes < 1 || j.Nodes > manifest.MostDevices:
		return refuse("", "--nodes is %d; it must be at least 1", j.Nodes)
	case j.NodesPerReplica < 1 || j.Nodes%j.NodesPerReplica != 0:
		return refuse("--nodes 4 --nodes-per-replica 2 makes two replicas of two nodes each", "%d nodes cannot be shared by replicas of %d nodes each", j.Nodes, j.NodesPerReplica)
	case j.NodesPerReplica == 1:
		j.replicas, j.perNode = count*j.Nodes, each
		if j.backend.AllNodes {
			j.replicas = count
		}
		if j.onNode()/max(1, each)*(j.Nodes-1) >= j.replicas && j.Nodes > 1 {
			return refuse("", "harness_config.device_count makes %d replicas over all nodes, fewer than %d nodes take", count, j.Nodes)
		}
		if j.replicas > manifest.MostDevices {
			return refuse("", "%d replicas on %d nodes are more than any cluster has", j.replicas, j.Nodes)
		}
		return nil
	case count > 1:
		return refuse("", "harness_config.device_count makes %d replicas of %d devices, but %d nodes are to carry one together: let it be the devices of one replica", count, each, j.NodesPerReplica)
	case each%j.NodesPerReplica != 0:
		return refuse("", "%d devices of one replica cannot be shared by %d nodes", each, j.NodesPerReplica)
	}
	j.replicas, j.perNode = j.Nodes/j.NodesPerReplica, each/j.NodesPerReplica
	return nil
}

// spreads reports whether several machines carry one replica.
func (j *job) spreads() bool { return j.NodesPerReplica > 1 }

// image is the one that holds the engine.
func (j *job) image() (string, error) {
	if j.Image != "" {
		return j.Image, nil
	}
	hint := "name one that holds it: --image REPOSITORY:TAG"
	if f := j.m.Engine.Fork; f != "" {
		return "", refuse(hint, "the makers of %s have no image of the fork %s", j.backend.Title, f)
	}
	image, ok := j.backend.OfficialImage(j.m.Engine.Version, j.devices.kind, j.devices.architecture)
	if !ok {
		of := cmp.Or(j.devices.kind, j.devices.resource)
		return "", refuse(hint, "no image of %s %s for %s is known by its makers' naming", j.backend.Title, j.m.Engine.Version, strings.TrimSpace(of+" "+j.devices.architecture))
	}
	return image, nil
}

// manifestFile and filesIn are where containers find the manifest and the role's files.
const (
	manifestFile = "manifest.yaml"
	filesIn      = "/etc/mlcfg/"
	resultsIn    = "/results"
	enginePort   = 8000
)

// client are the words of mlrun that measures engines at their addresses.
func (j *job) client(program, file, results string, urls ...string) []string {
	words := []string{program, "run", file}
	for _, u := range urls {
		words = append(words, "--external", u)
	}
	return slices.Concat(words, []string{"--wait", "--results", results}, j.Args)
}

// heading is what a rendered file says of itself, a comment.
func (j *job) heading(target string, lines ...string) string {
	what := fmt.Sprintf("%s %s %s, %s %s", j.m.BenchmarkName, j.m.Scenario, j.m.TestMode, j.m.Backend, j.m.Engine.Version)
	all := append([]string{
		what + ": " + plural(j.replicas, "replica") + " of " + plural(int(j.role.Devices), "device") + " on " + plural(j.Nodes, "node"),
		"written by mlcfg render " + target + " from the manifest " + j.m.Digest,
	}, lines...)
	var b strings.Builder
	for _, l := range all {
		b.WriteString("# " + oneLine(l) + "\n")
	}
	return b.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// oneLine is a text without what would end a comment.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text)
}
