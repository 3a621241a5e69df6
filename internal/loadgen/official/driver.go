// Package official drives MLPerf's own LoadGen library, in a process of its
// own: Python with the module mlperf_loadgen (PyPI: mlcommons-loadgen) and a
// small script that this package holds.
//
//	d, err := official.Start(ctx, official.Job{Python: "python3", Dir: dir, Settings: s, ...})
//	err = d.Begin()
//	for q := range d.Queries() { ... d.FirstToken(id, n, data); d.Complete(id, n, data) }
//	err = d.Close()
//
// The two talk in lines over the script's standard input and output. The script
// says "hello VERSION" (or "missing WHY", and ends), gets one line of JSON with
// the settings, says "ready", and starts the test at the next line. Then it says
// "q TIME ID INDEX ..." for a query that LoadGen issues ("p" where another line
// of the same query follows), with LoadGen's ids and the wall-clock time in
// nanoseconds, and gets "t ID TOKENS HEX" for a first token, "c ID TOKENS HEX" for
// a completed sample. "done" is the end of the test; "failed WHY" of the script.
// The end of its input ends the script at once, whatever LoadGen does.
package official

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mlcfg/internal/loadgen"
)

//go:embed driver.py
var script string

// ErrMissing reports that there is no LoadGen, or no Python, to be driven.
var ErrMissing = errors.New("the official LoadGen is not installed")

// Job is one test.
type Job struct {
	// Python is the interpreter; it is looked up in PATH.
	Python string
	// Dir is the folder that LoadGen writes its logs into.
	Dir string
	// Log takes what LoadGen and Python print.
	Log      *os.File
	Settings loadgen.Settings
	Library  loadgen.Library
}

// Query is what LoadGen issues at a time. IDs are its own names of the samples.
type Query struct {
	At      time.Time
	IDs     []uint64
	Samples []int
}

// Driver is a LoadGen under way.
type Driver struct {
	// Version is the release of LoadGen, "6.0.17".
	Version string

	cmd     *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	queries chan Query
	stop    chan struct{} // closed by Stop
	stopped sync.Once
	ended   chan struct{} // closed when the script has said its last word
	err     error         // why it ended, nil after "done"; read after ended

	mu      sync.Mutex
	pending []byte // to be written
	wake    chan struct{}
}

// Version asks the interpreter for the release of its LoadGen; [ErrMissing]
// where it has none.
func Version(ctx context.Context, python string) (string, error) {
	d, err := launch(ctx, Job{Python: python})
	if err != nil {
		return "", err
	}
	close(d.ended) // nobody reads on
	return d.Version, d.Close()
}

// Start starts the process and hands the settings over. LoadGen issues nothing
// before Begin. The end of ctx kills the process.
func Start(ctx context.Context, j Job) (*Driver, error) {
	d, err := launch(ctx, j)
	if err != nil {
		return nil, err
	}
	if err := d.configure(&j); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the official LoadGen: %w", err), d.Close())
	}
	go d.read()
	go d.write()
	return d, nil
}

// launch starts the script and hears its first word.
func launch(ctx context.Context, j Job) (*Driver, error) {
	python, err := exec.LookPath(j.Python)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if python, err = filepath.Abs(python); err != nil { // it runs in another folder
		return nil, fmt.Errorf("finding %s: %w", j.Python, err)
	}
	d := &Driver{
		cmd:     exec.CommandContext(ctx, python, "-u", "-c", script),
		queries: make(chan Query, 1024), stop: make(chan struct{}), ended: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	d.cmd.Dir = j.Dir
	// A group of its own, since the interpreter may be a script that starts another.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.cmd.Cancel = d.kill
	if j.Log != nil {
		d.cmd.Stderr = j.Log
	}
	if d.input, err = d.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", python, err)
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", python, err)
	}
	d.output = bufio.NewReaderSize(out, longestLine)
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", python, err)
	}
	word, rest, err := d.line()
	switch {
	case err != nil:
		err = fmt.Errorf("%s says nothing: %w", python, err)
	case word == "missing":
		err = fmt.Errorf("%w: %s: %s", ErrMissing, python, rest)
	case word != "hello":
		err = fmt.Errorf("%s says %q", python, word)
	}
	if err != nil {
		close(d.ended)
		return nil, errors.Join(err, d.Close())
	}
	d.Version = rest
	return d, nil
}

// longestLine bounds a message; the script cuts queries into lines.
const longestLine = 64 << 10

// line reads a message.
func (d *Driver) line() (word, rest string, err error) {
	line, err := d.output.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("its process ended")
		}
		return "", "", err
	}
	word, rest, _ = strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	if word == "failed" {
		return "", "", errors.New(rest)
	}
	return word, rest, nil
}

func (d *Driver) configure(j *Job) error {
	data, err := json.Marshal(map[string]any{
		"settings": j.Settings.Map(), "total": j.Library.TotalSampleCount, "performance": j.Library.PerformanceSampleCount,
	})
	if err == nil {
		_, err = d.input.Write(append(data, '\n'))
	}
	if err == nil {
		var word string
		if word, _, err = d.line(); err == nil && word != "ready" {
			err = fmt.Errorf("it says %q", word)
		}
	}
	if err != nil {
		close(d.ended)
	}
	return err
}

// Begin starts the test.
func (d *Driver) Begin() { d.send([]byte("start\n")) }

// Queries returns the queries as LoadGen issues them. It is closed when LoadGen
// issues no more; [Driver.Wait] tells why.
func (d *Driver) Queries() <-chan Query { return d.queries }

// read takes what the script says, until its end.
func (d *Driver) read() {
	defer close(d.ended)
	defer close(d.queries)
	var q Query
	for {
		word, rest, err := d.line()
		switch {
		case err == nil && word == "done":
			return
		case err == nil && (word == "q" || word == "p"):
			err = q.add(rest)
		case err == nil:
			err = fmt.Errorf("it says %q", word)
		}
		if err != nil {
			d.err = fmt.Errorf("the official LoadGen ended before its test did: %w", err)
			return
		}
		if word == "p" {
			continue
		}
		select {
		case d.queries <- q:
			q = Query{}
		case <-d.stop:
			d.err = errors.New("the official LoadGen was stopped")
			return
		}
	}
}

// longestDelay is what a message may take; more means that the clock was set.
const longestDelay = time.Second

// add reads a line of a query.
func (q *Query) add(text string) error {
	now := time.Now()
	words := strings.Fields(text)
	if len(words)%2 == 0 {
		return fmt.Errorf("a query of %d words", len(words))
	}
	for i := 0; i < len(words); i++ {
		n, err := strconv.ParseUint(words[i], 10, 64)
		switch {
		case err != nil:
			return fmt.Errorf("in a query: %w", err)
		case i > 0 && i%2 == 1:
			q.IDs = append(q.IDs, n)
		case i > 0:
			q.Samples = append(q.Samples, int(n))
		case q.At.IsZero():
			// On our own clock, which nobody sets.
			delay := time.Duration(now.UnixNano() - int64(n))
			if delay < 0 || delay > longestDelay {
				delay = 0
			}
			q.At = now.Add(-delay)
		}
	}
	return nil
}

// FirstToken tells LoadGen that a sample's first token is there.
func (d *Driver) FirstToken(id uint64, tokens int, data []byte) { d.response('t', id, tokens, data) }

// Complete tells LoadGen that a sample's response is whole.
func (d *Driver) Complete(id uint64, tokens int, data []byte) { d.response('c', id, tokens, data) }

func (d *Driver) response(kind byte, id uint64, tokens int, data []byte) {
	line := append(make([]byte, 0, 40+2*len(data)), kind, ' ')
	line = append(strconv.AppendUint(line, id, 10), ' ')
	line = strconv.AppendInt(line, int64(tokens), 10)
	if len(data) > 0 {
		line = hex.AppendEncode(append(line, ' '), data)
	}
	d.send(append(line, '\n'))
}

// send queues a message: who sends never waits for the script.
func (d *Driver) send(line []byte) {
	d.mu.Lock()
	d.pending = append(d.pending, line...)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// write writes what send queued.
func (d *Driver) write() {
	var data []byte
	for {
		select {
		case <-d.wake:
		case <-d.ended:
			return
		}
		d.mu.Lock()
		data, d.pending = d.pending, data[:0]
		d.mu.Unlock()
		if _, err := d.input.Write(data); err != nil {
			return // the reader sees that the script has ended
		}
	}
}

// Wait waits for the end of the test, when LoadGen has written its logs. The
// error says why the process ended before.
func (d *Driver) Wait(ctx context.Context) error {
	select {
	case <-d.ended:
		if d.err == nil || ctx.Err() == nil {
			return d.err
		}
	case <-ctx.Done():
	}
	return ctx.Err()
}

// kill kills the process and what it started.
func (d *Driver) kill() error { return syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL) }

// Stop ends the process, whatever it does.
func (d *Driver) Stop() {
	d.stopped.Do(func() {
		close(d.stop)
		_ = d.input.Close()
		_ = d.kill() // it has nothing left to do after its last word
	})
}

// Close is Stop, and waits until no process is left. It is called once.
func (d *Driver) Close() error {
	d.Stop()
	<-d.ended
	var exit *exec.ExitError
	if err := d.cmd.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("ending the official LoadGen: %w", err)
	}
	return nil
}
