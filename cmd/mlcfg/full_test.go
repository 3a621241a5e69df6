package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/clidoc"
)

// fullDisk is a standard output that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// closedPipe is a standard output that nobody reads any more.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

// TestFullDisk holds that no command ends well, or with findings alone, whose
// result could not be written.
func TestFullDisk(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(examples, "models", "llama2-70b", "server_alpha.yaml")
	lines := [][]string{
		{"--version"},
		{"--help"},
		{},
		{"lint", overlay, "--backend", "vllm", "vllm_engine_config.max_num_seq=1"},
		{"lint", overlay, "--backend", "vllm", "vllm_engine_config.max_num_seq=1", "--format", "json"},
		{"compile", overlay, "--backend", "vllm"},
		{"explain", overlay, "--backend", "vllm"},
		{"diff", overlay, strings.Replace(overlay, "server", "offline", 1), "--backend", "vllm"},
		{"schema", "show", "vllm", "max_num_seqs"},
		{"schema", "list"},
		{"schema", "export"},
		{"fmt"},
		{"migrate", overlay},
		{"completion", "bash"},
	}
	var help func(parent []string, commands []*cli.Command)
	help = func(parent []string, commands []*cli.Command) {
		for _, c := range commands {
			if name := append(parent[:len(parent):len(parent)], c.Name); !c.Hidden {
				lines = append(lines, append(name[:len(name):len(name)], "--help"))
				help(name, c.Subcommands)
			}
		}
	}
	help(nil, clidoc.Program{Name: "mlcfg", Out: io.Discard}.With((&app{}).commands()))
	for _, line := range lines {
		t.Run(strings.Join(line, " "), func(t *testing.T) {
			run := func(stdout io.Writer) (int, string) {
				var stderr bytes.Buffer
				a := &app{stdin: strings.NewReader("a: 1\n"), stdout: stdout, stderr: &stderr, getenv: func(string) string { return "" }}
				return a.run(append([]string{"mlcfg"}, line...)), stderr.String()
			}
			var out bytes.Buffer
			if status, said := run(&out); out.Len() == 0 {
				t.Fatalf("the command writes nothing (status %d): %s", status, said)
			}
			status, said := run(fullDisk{})
			if status != exitTrouble || !strings.Contains(said, "no space left on device") {
				t.Errorf("status %d, want %d: %s", status, exitTrouble, said)
			}
			// A reader that had enough is no error worth a word.
			status, said = run(closedPipe{})
			if status != exitTrouble || strings.Contains(said, "pipe") {
				t.Errorf("closed pipe: status %d: %s", status, said)
			}
		})
	}
}
