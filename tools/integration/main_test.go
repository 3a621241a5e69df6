package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain builds both programs as they are now, and becomes the parent that
// orphans fall to: whatever a run leaves behind is a descendant of this process.
func TestMain(m *testing.M) {
	if os.Getenv("ENGINES") == "" {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "mlcfg-integration-")
	if err == nil {
		binaries = dir
		err = prepare(dir)
	}
	status := 2
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		status = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

func prepare(dir string) error {
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "mlcfg/cmd/mlcfg", "mlcfg/cmd/mlrun")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building the programs: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("becoming the parent of orphans: %w", err)
	}
	return nil
}

// binaries is where TestMain has built the programs.
var binaries string

func program(name string) string { return filepath.Join(binaries, name) }
