package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// loadSteps is the number of progress lines while the engine loads.
const loadSteps = 4

// ListenAndServe runs a simulated engine at address (host:port; port 0 takes a
// free one) until ctx ends. Once it serves, its URL is written to stdout as one
// line; what an engine would log goes to logs.
func ListenAndServe(ctx context.Context, address string, cfg Config, stdout, logs io.Writer) error {
	srv, err := New(cfg)
	if err != nil {
		return err
	}
	defer srv.Close()
	fmt.Fprintf(logs, "simulated engine: %s as %s, nothing here is measured\n", srv.cfg.Protocol, srv.cfg.Name())

	var listener net.Listener
	if srv.engine.Server.OpensEarly {
		if listener, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("simulated engine: %w", err)
		}
		defer listener.Close()
	}
	server := &http.Server{
		Handler:           srv,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(logs, "", 0),
	}
	if w := srv.cfg.Finished; w != nil {
		l := &finishedLog{w: w}
		l.follow(server)
	}
	failed := make(chan error, 1)
	if listener != nil {
		go func() { failed <- server.Serve(listener) }()
	}
	if err := load(ctx, srv.cfg.Faults, logs); err != nil {
		server.Close()
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if listener == nil {
		if listener, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("simulated engine: %w", err)
		}
		go func() { failed <- server.Serve(listener) }()
	}
	if _, err := fmt.Fprintf(stdout, "http://%s\n", listener.Addr()); err != nil {
		server.Close()
		return err // nobody knows where it serves
	}

	select {
	case err = <-failed:
	case <-ctx.Done():
		err = server.Close()
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("simulated engine: %w", err)
	}
	return nil
}

// load waits as a real engine loads a model, telling its progress in the words
// of the loaders of vLLM and SGLang.
func load(ctx context.Context, f Faults, logs io.Writer) error {
	for i := 1; i <= loadSteps && f.Load > 0; i++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(f.Load / loadSteps):
		}
		fmt.Fprintf(logs, "Loading safetensors checkpoint shards: %3d%% Completed | %d/%d (simulated)\n", 100*i/loadSteps, i, loadSteps)
	}
	if f.DieLoading {
		fmt.Fprintln(logs, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB (simulated)")
		f.exit(1)
		return errors.New("simulated engine: out of memory while loading (a fault that was asked for)")
	}
	return nil
}
