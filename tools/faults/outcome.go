package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
	"mlcfg/internal/report"
)

// fault is one way to break a run, and how the run must end then.
type fault struct {
	name string
	// exit is the wanted exit status, or minus the signal that ends the program;
	// says is a pattern that its message must match.
	exit int
	says string
	// short faults are tried by go test too.
	short bool
	// skip says why the fault cannot be tried here, empty where it can.
	skip func() string

	// manifest and data set of the run; nil leaves them as they are.
	manifest func(*manifest.Manifest, *loadgen.Settings)
	// before stands before the program on the command line, args behind mlrun run.
	before, args []string
	// setup is called before the program starts; what it returns undoes it.
	setup func(*bench) (undo func(), err error)
	// attack is called while the program runs.
	attack func(*bench, *command) error
	// command, where set, is run instead of mlrun run; mlcfg says that it is
	// mlcfg's.
	command []string
	mlcfg   bool
	// memory bounds what the program may hold, in MiB; 0: not looked at.
	memory int
	// secret must be in nothing that is printed.
	secret string
	// excused is how many finished answers may be missing: what came in the last
	// moment of a program that was killed, or when nothing could be written any more.
	excused func(*bench, *report.Run) int
	excuse  string
}

// outcome is what a fault left behind.
type outcome struct {
	name       string
	skipped    string
	exit       int
	message    string
	finished   int // answers that left the engine whole
	kept       int // of these, those among the records
	lost       int // the others, but for the excused
	excused    int
	excuse     string
	memory     int // MiB that the program held at most
	left       []string
	complaints []string
}

// try tries one fault in a folder of its own.
func (b *bench) try(ctx context.Context, f *fault, dir string) (outcome, error) {
	o := outcome{name: f.name, excuse: f.excuse}
	if f.skip != nil {
		if o.skipped = f.skip(); o.skipped != "" {
			return o, nil
		}
	}
	b.dir, b.replace, b.remembered = dir, nil, nil
	if err := os.Mkdir(dir, 0o755); err != nil {
		return o, err
	}
	if err := b.prepare(f.manifest); err != nil {
		return o, err
	}
	if f.setup != nil {
		undo, err := f.setup(b)
		if undo != nil {
			defer undo()
		}
		if err != nil {
			return o, err
		}
	}
	args := f.command
	if args == nil {
		args = b.simulated(f.args...)
	}
	program := b.mlrun
	if f.mlcfg {
		program = b.mlcfg
	}
	c, err := b.start(ctx, f.before, program, b.substitute(args)...)
	if err != nil {
		return o, err
	}
	if f.attack != nil {
		if err := f.attack(b, c); err != nil {
			_ = c.cmd.Process.Kill()
			<-c.ended
			b.left()
			return o, err
		}
	}
	if o.exit, err = c.wait(); err != nil {
		o.complaints = append(o.complaints, err.Error())
	}
	o.left = b.left()
	return o, b.judge(f, c, &o)
}

// judge compares what is left with what should be.
func (b *bench) judge(f *fault, c *command, o *outcome) error {
	wrong := func(format string, args ...any) { o.complaints = append(o.complaints, fmt.Sprintf(format, args...)) }
	finished, err := b.finished()
	if err != nil {
		return err
	}
	kept := map[int]int{}
	r, err := report.Load(b.path(runName))
	switch {
	case err == nil:
		kept = recorded(r)
		if r.Running {
			wrong("the directory is locked still")
		}
	case f.command == nil && !errors.Is(err, os.ErrNotExist) && rundirThere(b.path(runName)):
		wrong("the directory cannot be read: %v", err)
	}
	o.finished, o.kept = sum(finished), sum(finished)-missing(finished, kept)
	if o.lost = missing(finished, kept); f.excused != nil && r != nil {
		o.excused = min(o.lost, f.excused(b, r))
		o.lost -= o.excused
	}
	says := regexp.MustCompile(f.says)
	said := b.message(c, r, says)
	o.message = b.plain(said)
	if o.exit != f.exit {
		wrong("exit status %d, want %d: %s", o.exit, f.exit, c.stderr.String())
	}
	if !says.MatchString(said) {
		wrong("it says %q, want %q", o.message, f.says)
	}
	o.memory = c.memory()
	if f.memory > 0 && o.memory > f.memory {
		wrong("it held %d MiB, want %d at most", o.memory, f.memory)
	}
	if f.secret != "" && strings.Contains(c.stdout.String()+c.stderr.String(), f.secret) {
		wrong("it prints the credential: %s%s", c.stdout.String(), c.stderr.String())
	}
	if f.secret != "" {
		for _, name := range b.holding(f.secret) {
			wrong("it writes the credential into %s", name)
		}
	}
	if o.lost > 0 {
		wrong("%d finished requests are not in the records", o.lost)
	}
	if len(o.left) > 0 {
		wrong("left: %s", strings.Join(o.left, "; "))
	}
	return nil
}

// holding are the files of the run directory with a text in them.
func (b *bench) holding(text string) (names []string) {
	_ = filepath.WalkDir(b.path(runName), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte(text)) {
				names = append(names, d.Name())
			}
		}
		return nil // there may be none
	})
	return names
}

func rundirThere(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, record.StateFile))
	return err == nil
}

var (
	digests = regexp.MustCompile(`sha256:[0-9a-f]+`)
	numbers = regexp.MustCompile(`(signal |status |sha|127\.0\.0\.)?\d+(\.\d+)?(ms\b|s\b|m\b)?(\d+(\.\d+)?s\b)?`)
	fixed   = regexp.MustCompile(`^(signal |status |sha|127\.0\.0\.)`)
)

// plain is a message without what differs from one try to the next: the folder,
// times, counts and ports.
func (b *bench) plain(message string) string {
	message = strings.ReplaceAll(message, b.dir+"/", "")
	message = digests.ReplaceAllString(message, "sha256:…")
	return numbers.ReplaceAllStringFunc(message, func(n string) string {
		if fixed.MatchString(n) {
			return n
		}
		return "N"
	})
}
