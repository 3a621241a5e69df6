package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestCollect(t *testing.T) {
	// A tool that fails, and one that answers.
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("rocm-smi", "#!/bin/sh\nexit 1\n")
	write("nvidia-smi", "#!/bin/sh\necho 'H200, GPU-1, 143771 MiB, 570.1'\necho 'H200, GPU-2, 143771 MiB, 570.1'\n")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	i := Collect(t.Context())
	if i.OS != runtime.GOOS || i.CPUs < 1 {
		t.Errorf("%+v", i)
	}
	if runtime.GOOS == "linux" && (i.Kernel == "" || i.MemoryBytes == 0) {
		t.Errorf("%+v", i)
	}
	if len(i.Accelerators) != 2 || i.Driver != "NVIDIA 570.1" {
		t.Errorf("accelerators %q, driver %q", i.Accelerators, i.Driver)
	}
}
