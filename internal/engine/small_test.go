package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mlcfg/internal/backend"
)

// Lists of CPUs as the kernel writes them, and nothing else.
func TestParseCPUs(t *testing.T) {
	for list, want := range map[string][]int{"0": {0}, "0-2,5": {0, 1, 2, 5}, "7,3-4": {7, 3, 4}, "65535": {65535}} {
		if got, err := parseCPUs(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
	for _, list := range []string{"", "a", "1-", "1-b", "-1", "3-2", "65536", "0-65535,0", "0-32767,0-32768", "1,,2"} {
		if got, err := parseCPUs(list); err == nil {
			t.Errorf("%q: %d CPUs", list, len(got))
		}
	}
	if got, err := parseCPUs("0-65535"); err != nil || len(got) != 1<<16 {
		t.Errorf("%d, %v", len(got), err)
	}
}

// Lines are shown as a terminal would show them, and not without end.
func TestCleanLines(t *testing.T) {
	for line, want := range map[string]string{
		"a\r\n": "a", "10%\r50%": "50%", "\rx": "x", "\x1b[31mred\x1b[0m": "red", "a\x00b\u202e": "ab", "a\tb": "a\tb",
		strings.Repeat("x", longLine): strings.Repeat("x", longLine), strings.Repeat("x", longLine+1): strings.Repeat("x", longLine) + " ...",
	} {
		if got := cleanLine(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// A failure's report has what is known, and no heading of what is not.
func TestFailureReport(t *testing.T) {
	f := &Failure{Replica: 1, What: "ended by itself"}
	if got := f.Report(); got != f.Error() {
		t.Errorf("%q", got)
	}
	f.Lines, f.Log = []string{"a", "b"}, "/log"
	if got := f.Report(); got != f.Error()+"\nits last lines:\n  a\n  b\nlog: /log" {
		t.Errorf("%q", got)
	}
}

// What cannot be started is explained by what the file is.
func TestStartError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for text, want := range map[string]string{
		"#!/no/such -x\n":                        "its interpreter /no/such, which its first line names, is not here",
		"#! \t/no/such\tx\n":                     "its interpreter /no/such, which",
		"#!/bin/sh\r\n":                          "its first line ends as lines do on Windows",
		"#!/bin/sh\n":                            fs.ErrNotExist.Error(),
		"#!\n":                                   fs.ErrNotExist.Error(),
		"#":                                      fs.ErrNotExist.Error(),
		"":                                       fs.ErrNotExist.Error(),
		"#!/no/such" + strings.Repeat(" x", 300): "its interpreter /no/such, which",
	} {
		path := write("x", text)
		if err := startError(path, fs.ErrNotExist); err == nil || !strings.HasPrefix(err.Error(), "starting "+path+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
	if err := startError("p", fs.ErrPermission); !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "starting p: ") {
		t.Error(err)
	}
	if err := startError(filepath.Join(dir, "none"), fs.ErrNotExist); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// A replica's files are written, and its command line names them.
func TestWriteFiles(t *testing.T) {
	dir := t.TempDir()
	planned := []string{"serve", "--config", "{file:a.yaml}", "{file:b}", "{file:c}"}
	r := Replica{Index: 3, Command: planned, Files: []File{{Name: "a.yaml", Text: "x: 1\n"}, {Name: "b"}}}
	if err := r.writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	a := filepath.Join(dir, "replica-3-a.yaml")
	if want := []string{"serve", "--config", a, filepath.Join(dir, "replica-3-b"), "{file:c}"}; !slices.Equal(r.Command, want) || planned[2] != "{file:a.yaml}" {
		t.Errorf("%q, planned %q", r.Command, planned)
	}
	if text, err := os.ReadFile(a); err != nil || string(text) != "x: 1\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := r.writeFiles(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "writing the engine's configuration: ") {
		t.Error(err)
	}
}

// How a process ended, in words.
func TestDescribe(t *testing.T) {
	for status, want := range map[syscall.WaitStatus]string{0: "exit status 0", 3 << 8: "exit status 3", 9: "killed by signal 9 (killed)", 15: "killed by signal 15 (terminated)"} {
		if got := describe(status); got != want {
			t.Errorf("%#x: %q, want %q", int(status), got, want)
		}
	}
}

// A variable that is passed through is named, and its value is nobody's to read.
func TestEnvVarText(t *testing.T) {
	for want, v := range map[string]EnvVar{
		`A=x {"name":"A","value":"x"}`:                  {Name: "A", Value: "x"},
		`A (passed through) {"name":"A","passed":true}`: {Name: "A", Value: "secret", Passed: true},
	} {
		text, err := json.Marshal(v)
		if got := v.String() + " " + string(text); err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

// Engines that somebody else started are blamed by their address, and left alone.
func TestExternalEngines(t *testing.T) {
	e := &external{endpoints: []Endpoint{{URL: "http://a:1"}, {URL: "http://b:2"}}}
	if f := e.Blame(1, "hangs"); f.Error() != "engine replica 1 at http://b:2 hangs" || e.Died() != nil || e.Stop(0) != nil || len(e.Endpoints()) != 2 {
		t.Errorf("%v, %v", f, e)
	}
	// An interrupt while they are looked for is not their fault.
	b, _ := backend.Of("vllm")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	plan := &Plan{Facts: b, External: true, Replicas: []Replica{{URL: "http://127.0.0.1:1"}}}
	if _, err := Start(ctx, plan, StartOptions{}); err == nil || !errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error() {
		t.Errorf("interrupted: %v", err)
	}
	var failure *Failure
	if _, err := Start(t.Context(), plan, StartOptions{}); !errors.As(err, &failure) || !strings.HasPrefix(err.Error(), "engine replica 0 at http://127.0.0.1:1 does not serve: ") {
		t.Errorf("nobody there: %v", err)
	}
	// One that is waited for, and does not come.
	plan.Wait = true
	if _, err := Start(t.Context(), plan, StartOptions{Timeout: 20 * time.Millisecond, Poll: time.Millisecond}); !errors.As(err, &failure) || !strings.Contains(err.Error(), "does not serve: waited 20ms: Get ") {
		t.Errorf("waited for: %v", err)
	}
	// And one that comes while it is waited for.
	var looks atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if looks.Add(1) < 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, `{"data": [{"id": "m"}]}`)
	}))
	defer server.Close()
	plan.Replicas[0].URL = server.URL
	if e, err := Start(t.Context(), plan, StartOptions{Timeout: time.Minute, Poll: time.Millisecond}); err != nil || e.Endpoints()[0].Model != "m" {
		t.Errorf("it came: %v", err)
	}
}
