package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mlcfg/internal/dataset"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// Finding is one thing that this machine lacks, or that speaks against a
// result made on it.
type Finding struct {
	Text string
	// Fatal findings keep the run from starting.
	Fatal bool
	// Invalid findings make the result INVALID where they do not keep the run
	// from starting.
	Invalid bool
}

// Check looks at this machine: is there what the plan needs, and is it what the
// manifest declares and the benchmark demands. It may read large files once;
// digests are kept by their size and time.
func (p *Plan) Check(ctx context.Context) []Finding {
	out := append(p.checkHere(), p.checkData(ctx, dataset.Digest)...)
	for _, problem := range p.Engine.Check(p.host) {
		out = append(out, Finding{Text: problem.Text, Fatal: problem.Fatal})
	}
	for _, why := range p.NeverValid() {
		// LoadGen's rules judge it at the end; short runs are made on purpose too.
		out = append(out, Finding{Text: "the test cannot be VALID: " + why})
	}
	out = append(out, p.checkDeclared(ctx, dataset.Digest)...)
	out = append(out, p.checkResources(ctx, dataset.Digest)...)
	if !p.Force {
		return out
	}
	for i := range out {
		// Without samples there is nothing to be forced.
		if out[i].Fatal && p.Data.missing == nil {
			out[i].Fatal, out[i].Invalid = false, true
		}
	}
	return out
}

func (p *Plan) checkHere() []Finding {
	var out []Finding
	fatal := func(format string, args ...any) {
		out = append(out, Finding{Text: fmt.Sprintf(format, args...), Fatal: true})
	}
	if err := p.Data.missing; err != nil {
		fatal("the data set is not there: %v (a path inside a container is translated with --map FROM=TO)", err)
	}
	if p.PowerScript != "" {
		if info, err := os.Stat(p.PowerScript); err != nil {
			fatal("the power script is not there: %v", err)
		} else if info.Mode()&0o111 == 0 {
			fatal("the power script %s is not executable", p.PowerScript)
		}
	}
	if p.host.OpenFiles != nil {
		if limit, err := p.host.OpenFiles(); err != nil {
			fatal("%v", err)
		} else if need := p.openFiles(); limit < need {
			fatal("this process may have %d files and connections open, the run needs %d: %d connections to each of %d replicas (ulimit -n %d)", limit, need, p.connections(), len(p.Engine.Replicas), need)
		}
	}
	if p.host.FreeSpace != nil {
		dir := existing(p.results)
		if free, err := p.host.FreeSpace(dir); err != nil {
			fatal("%v", err)
		} else if need := p.space(); free < need {
			fatal("the disk of %s has %d MiB free, the run may write %d MiB", dir, free>>20, need>>20)
		}
	}
	return out
}

// checkData holds the data set that is here against the one that the manifest is for.
func (p *Plan) checkData(ctx context.Context, digest digestOf) []Finding {
	d, want := p.Data, p.Manifest.Data.Digest
	if d.InFile == 0 {
		return nil // there is none, which is told, or it is made up
	}
	asked, _ := manifest.Int(p.Manifest.HarnessConfig, "total_sample_count")
	if d.InFile < d.Samples || d.InFile > d.Samples && int(asked) != d.Samples {
		return []Finding{{Fatal: true, Text: fmt.Sprintf("the data set %s has %d samples, the manifest is for %d", d.File, d.InFile, d.Samples)}}
	}
	if want == "" {
		return nil
	}
	got, _, err := digest(ctx, d.File, "sha256")
	switch got = "sha256:" + got; {
	case err != nil:
		return []Finding{{Fatal: true, Text: fmt.Sprintf("the digest of the data set cannot be made: %v", err)}}
	case got != want:
		return []Finding{{Fatal: true, Text: fmt.Sprintf("the data set %s is not the one that the manifest was compiled with: its digest is %s, not %s", d.File, got, want)}}
	}
	return nil
}

// What a run writes at most, in bytes: a record for each sample, the entry of
// an answer in LoadGen's accuracy log and its line in the detail log, and what
// engines print.
const (
	spacePerSample = 1 << 10
	spacePerRun    = 64 << 20
)

func (p *Plan) space() uint64 { return p.Samples*spacePerSample + spacePerRun }

// Files that a run has open beside its connections: its own, and for each replica
// the log and the pipes of its supervisor, the look at its metrics and one more
// connection that is being made.
const (
	filesPerRun     = 32
	filesPerReplica = 6
)

// openFiles is how many files and connections the run has open at least.
func (p *Plan) openFiles() uint64 {
	return filesPerRun + uint64(len(p.Engine.Replicas))*(filesPerReplica+uint64(p.connections()))
}

// connections is how many the run opens to each replica: as many as there are
// requests in flight, which in a server run are at least those that the engine
// batches.
func (p *Plan) connections() int {
	if p.settings.Scenario == loadgen.SingleStream {
		return 1
	}
	return p.Concurrency
}

// existing is the folder itself or the nearest above it that is there.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
