package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"mlcfg/internal/cli/ansi"
	"mlcfg/internal/run"
	"mlcfg/internal/run/live"
)

// runLog is where a run says how it goes: a live view on a terminal, lines elsewhere.
func (a *app) runLog(quiet bool) *run.Log {
	l := &run.Log{W: a.stderr, Quiet: quiet}
	f, ok := a.stderr.(*os.File)
	if !ok || quiet || os.Getenv("TERM") == "" || os.Getenv("TERM") == "dumb" {
		return l
	}
	size := func() (width, height int) {
		ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
		if err != nil {
			return 0, 0
		}
		return int(ws.Col), int(ws.Row)
	}
	// What has no size is no terminal; one that does not know its own says 0 by 0.
	if _, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err != nil {
		return l
	}
	l.Screen = live.NewScreen(f, size, ansi.Style{On: os.Getenv("NO_COLOR") == ""})
	return l
}

// listen takes the address at which Prometheus may ask, nil where none is wanted.
func (a *app) listen(ctx context.Context, address string, open bool) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, withHint("an address and a port, such as 127.0.0.1:9400", "--metrics-listen %s: %w", address, err)
	}
	if !open && !loopback(host) {
		return nil, withHint("listen on 127.0.0.1, or add --metrics-open", "--metrics-listen %s: other machines reach this address, and whoever does can read how the run goes", address)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--metrics-listen: %w", err)
	}
	fmt.Fprintf(a.stderr, "metrics: http://%s/metrics\n", l.Addr())
	return l, nil
}

// loopback reports whether a host is this machine alone.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// hostOf is the host of an address, empty where it has none.
func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}
