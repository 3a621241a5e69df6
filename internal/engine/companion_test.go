//go:build linux

package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// besidePlan is an engine with a companion that acts out a mode.
func besidePlan(t *testing.T, dir, mode string) *Plan {
	t.Helper()
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p := fakePlan("brief", dir, 1)
	p.Replicas[0].Companion = &Companion{Name: "ray", Address: address, Command: []string{os.Args[0], "fake-ray", mode, filepath.Join(dir, "lock"), address}}
	return p
}

// A companion is there before the engine, and gone after it.
func TestCompanion(t *testing.T) {
	dir := t.TempDir()
	eng, err := Start(context.Background(), besidePlan(t, dir, "serve"), fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	awaitHolders(t, filepath.Join(dir, "lock"), 2)
	if err := eng.Stop(10 * time.Millisecond); err != nil {
		t.Error(err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// An engine whose companion dies is lost, whatever it does itself.
func TestCompanionDies(t *testing.T) {
	dir := t.TempDir()
	_, err := Start(context.Background(), besidePlan(t, dir, "die"), fakeOptions(dir))
	const want = "engine replica 0 lost its ray, which ended by itself: exit status 1: the port is taken"
	var f *Failure
	if !errors.As(err, &f) || f.Error() != want || !strings.HasSuffix(f.Log, "replica-0-ray.log") {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "engine", "replica-0.log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the engine was started without it: %v", err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}

	dir = t.TempDir()
	eng, err := Start(context.Background(), besidePlan(t, dir, "serve"), fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	eng.(*group).members[0].companion.supervisor.Process.Kill()
	if err := <-eng.Died(); err == nil || !strings.Contains(err.Error(), "lost its ray") {
		t.Errorf("%v", err)
	}
	if err := eng.Stop(0); err != nil {
		t.Error(err)
	}
	awaitAllGone(t, filepath.Join(dir, "lock"))
}

func TestCompanionDoesNotAnswer(t *testing.T) {
	dir := t.TempDir()
	plan := besidePlan(t, dir, "serve")
	plan.Replicas[0].Companion.Address = loopback + ":1" // nobody listens there
	o := fakeOptions(dir)
	o.Timeout = 50 * time.Millisecond
	if _, err := Start(context.Background(), plan, o); err == nil || !strings.Contains(err.Error(), "its ray does not answer after 50ms") {
		t.Errorf("%v", err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A worker node serves nothing: it is there when it runs, and its end is told.
func TestWorkerNode(t *testing.T) {
	dir := t.TempDir()
	plan := fakePlan("load", dir, 1)
	plan.Node = &Node{Index: 2, Count: 2, Head: "h"}
	plan.Replicas[0].Command[4] = "-" // no port
	eng, err := Start(context.Background(), plan, fakeOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	awaitHolders(t, filepath.Join(dir, "lock"), 1)
	if err := eng.Stop(time.Second); err != nil {
		t.Error(err)
	}
	if left := holders(filepath.Join(dir, "lock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}

	plan.Replicas[0].Command[2] = "die"
	if eng, err = Start(context.Background(), plan, fakeOptions(dir)); err != nil {
		t.Fatal(err)
	}
	if err := <-eng.Died(); err == nil || !strings.Contains(err.Error(), "engine replica 0 ended by itself: exit status 3") {
		t.Errorf("%v", err)
	}
	eng.Stop(0)
}
