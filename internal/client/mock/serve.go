package mock

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Serve runs a mock for another process: it prints the URL and a line end to
// out, serves until in ends or the context is done, and then prints what it saw,
// one JSON object a request.
func Serve(ctx context.Context, address string, c Config, in io.Reader, out io.Writer) error {
	s, err := Start(address, c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, s.URL())
	if err := w.Flush(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	for _, v := range s.Truth() {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Process is a mock that runs in another process, by Serve.
type Process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	url string
}

// StartProcess runs the command, which calls Serve on its standard input and
// output. The command's own streams must not be set.
func StartProcess(cmd *exec.Cmd) (*Process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the mock server: %w", err)
	}
	p := &Process{cmd: cmd, in: in, out: bufio.NewReader(out)}
	line, err := p.out.ReadString('\n')
	if err != nil {
		_ = in.Close()
		return nil, fmt.Errorf("the mock server did not start: %w", cmd.Wait())
	}
	p.url = strings.TrimSpace(line)
	return p, nil
}

// URL is the base URL that clients use.
func (p *Process) URL() string { return p.url }

// Stop ends the process and returns what it saw, by arrival.
func (p *Process) Stop() ([]Visit, error) {
	_ = p.in.Close()
	var visits []Visit
	d := json.NewDecoder(p.out)
	for d.More() {
		var v Visit
		if err := d.Decode(&v); err != nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
			return nil, fmt.Errorf("reading what the mock server saw: %w", err)
		}
		visits = append(visits, v)
	}
	if err := p.cmd.Wait(); err != nil {
		return nil, fmt.Errorf("the mock server: %w", err)
	}
	return visits, nil
}
