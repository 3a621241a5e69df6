package run

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/run/clients"
)

// ClientCommand is the command under which mlrun starts itself as one of several clients.
const ClientCommand = "client-part"

// startClients starts the clients of the run, which read the data set while the engines are
// warmed up.
func (r *runner) startClients(endpoints []engine.Endpoint) (err error) {
	dir, err := filepath.Abs(r.dir.Path)
	if err != nil {
		return fmt.Errorf("finding the run directory: %w", err)
	}
	spawn := r.out.spawn
	if spawn == nil {
		spawn = spawnClient
	}
	access := r.plan.Engine.Access
	r.log.Step("starting %d clients", r.plan.Clients)
	r.group, err = clients.Start(clients.Options{
		Clients: r.plan.Clients, Replicas: len(endpoints),
		Spawn: func(i int) (clients.Process, error) { return spawn(dir, i) },
		Job: func(i int) any {
			return &job{
				share: share{Client: i, Clients: r.plan.Clients}, Dir: dir, Digest: r.plan.Digest, Endpoints: endpoints,
				Headers: access.Headers, Certificates: access.Certificates, Simulated: r.state.Simulated, Data: r.plan.Data,
				Concurrency: r.plan.Concurrency, Limits: r.plan.Limits,
			}
		},
	})
	return err
}

// spawnClient starts this program as a client. It is in mlrun's process group, so that what
// stops mlrun (Ctrl-Z) stops it too; it ends when its standard input does.
func spawnClient(dir string, number int) (clients.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return clients.Process{}, fmt.Errorf("finding this program: %w", err)
	}
	log, err := record.CreateClient(dir, number)
	if err != nil {
		return clients.Process{}, err
	}
	defer log.Close()
	c := exec.Command(self, ClientCommand)
	c.Stderr = log
	in, err := c.StdinPipe()
	if err != nil {
		return clients.Process{}, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return clients.Process{}, err
	}
	if err := c.Start(); err != nil {
		return clients.Process{}, err
	}
	return clients.Process{In: in, Out: out, Wait: c.Wait, Kill: func() { _ = c.Process.Kill() }}, nil
}

// issue carries out a phase: by this process, or by the run's clients.
func (r *runner) issue(ctx context.Context, number int, c *client.Client, sc *scenario, s *sink) (client.Summary, error) {
	if r.group == nil {
		return sc.issue(ctx, c, s)
	}
	stop := r.tail(number)
	defer stop()
	parts, err := r.group.Run(ctx, clients.Phase{Number: number, Abort: sc.abort, Began: r.begin, Progress: sc.progress})
	return clients.Together(parts, r.effective.Requested.Scenario != loadgen.Offline), err
}

// tailInterval is the time between two looks at what the clients have written.
const tailInterval = 250 * time.Millisecond

// tail feeds the live view with what the clients write in a phase, until stop is called.
func (r *runner) tail(phase int) (stop func()) {
	var tails []*record.Tail
	for i := range r.plan.Clients {
		tails = append(tails, record.NewTail(record.ClientFile(r.dir.Path, i, phase)))
	}
	look := func() {
		var batch []client.Result
		for _, t := range tails {
			// What cannot be read now is told when the records are merged.
			_ = t.More(func(rec *record.Record) { batch = append(batch, client.Result{Record: *rec}) })
		}
		r.meter.Add(batch)
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(tailInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look()
			case <-stopped:
				look()
				return
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

// endClients ends the clients and merges what they wrote.
func (r *runner) endClients() error {
	if r.group == nil {
		return nil
	}
	r.group.Close()
	for i := range r.plan.Clients {
		dropEmpty(filepath.Join(record.ClientDir(r.dir.Path, i), "log"))
	}
	if err := r.mergeClients(); err != nil {
		return err
	}
	if _, err := record.Complete(r.dir.Path, r.plan.about()...); err != nil {
		r.log.Note(fmt.Sprintf("the Parquet records are not whole (mlrun runs recover makes them): %v", err))
	}
	return nil
}

// mergeClients makes the record file and the accuracy log.
func (r *runner) mergeClients() error {
	merged := &answerLogs{dir: r.dir.Path, logs: r.logs, open: map[[2]int]*entries{}}
	defer merged.close()
	n, err := record.MergeClients(r.dir.Path, merged.take)
	r.state.Records = &n
	return err
}

// dropEmpty removes the log of a client that printed nothing.
func dropEmpty(path string) {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		_ = os.Remove(path)
	}
}

// answerLogs puts the clients' parts of the accuracy log together, in the order of the records.
type answerLogs struct {
	dir  string
	logs *loadgen.Logs
	open map[[2]int]*entries // by phase and client
}

// take adds the answer to a record, where one was logged. In a client's part answers stand in
// the order of its records.
func (a *answerLogs) take(phase, number int, rec *record.Record) error {
	if a.logs == nil || !rec.OK() {
		return nil
	}
	at := [2]int{phase, number}
	e := a.open[at]
	if e == nil {
		e = openEntries(answersFile(a.dir, number, phase))
		a.open[at] = e
	}
	if e.seq != rec.Seq || e.text == nil {
		return nil
	}
	if err := a.logs.Accuracy.AddWritten(e.text); err != nil {
		return err
	}
	e.advance()
	return nil
}

func (a *answerLogs) close() {
	for _, e := range a.open {
		if e.file != nil {
			e.file.Close()
		}
	}
}

// entries are those of a client's part of the accuracy log, one a line.
type entries struct {
	file *os.File
	in   *bufio.Reader
	seq  uint64
	text []byte // nil at the end
}

// openEntries opens a part; one that a client did not come to the end of has its other name, and
// where there is none there are no entries.
func openEntries(path string) *entries {
	e := &entries{}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		f, err = os.Open(path + loadgen.PartialSuffix)
	}
	if err != nil {
		return e
	}
	e.file, e.in = f, bufio.NewReaderSize(f, 64<<10)
	e.advance()
	return e
}

// advance moves to the next line that is an entry, whole.
func (e *entries) advance() {
	for e.text = nil; e.text == nil; {
		line, err := e.in.ReadBytes('\n')
		entry := bytes.TrimSuffix(bytes.TrimRight(line, "\n"), []byte(","))
		if rest, ok := bytes.CutPrefix(entry, []byte(loadgen.EntryStart)); ok && bytes.HasSuffix(entry, []byte(" }")) {
			digits, _, _ := bytes.Cut(rest, []byte(","))
			if seq, err := strconv.ParseUint(string(digits), 10, 64); err == nil {
				e.seq, e.text = seq, entry
			}
		}
		if err != nil { // the end, or what cannot be read
			return
		}
	}
}
