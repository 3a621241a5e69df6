package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"mlcfg/internal/run"
)

// endings are the signals that end a run: Ctrl-C, what service managers and
// schedulers send, and the end of the terminal. One that is ignored from the
// start stays so: nohup ignores SIGHUP, a shell its background jobs' SIGINT.
func endings() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
}

// surviveClosedPipes has a write to a pipe that nobody reads fail instead of
// ending the program: a run must not die of its own progress lines (| head,
// 2>&1 | tee with Ctrl-C). The signal is caught and not ignored, because what is
// started would ignore it too.
func surviveClosedPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// interrupts returns a context that ends at the first interrupt and a channel that
// closes at the second. The log says what each does.
func interrupts(parent context.Context, log *run.Log) (ctx context.Context, abort <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	second := make(chan struct{})
	signals := make(chan os.Signal, 4)
	if ending := endings(); len(ending) > 0 {
		signal.Notify(signals, ending...)
	}
	ended := make(chan struct{})
	go func() {
		count := 0
		for {
			select {
			case <-ended:
				return
			case <-signals:
				cancel()
				switch count++; count {
				case 1:
					log.Note("interrupted: what is in flight may end; a second interrupt gives it up")
				case 2:
					log.Note("interrupted again: stopping at once")
					close(second)
				}
			}
		}
	}()
	return ctx, second, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}
