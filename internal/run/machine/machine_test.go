package machine

import (
	"context"
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
	write("nvidia-smi", "#!/bin/sh\nif [ \"$1\" = topo ]; then echo 'GPU0 X NV18'; exit; fi\necho 'H200, GPU-1, 143771 MiB, 570.1'\necho 'H200, GPU-2, 143771 MiB, 570.1'\n")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	i := Collect(t.Context())
	if i.OS != runtime.GOOS || i.CPUs < 1 {
		t.Errorf("%+v", i)
	}
	if runtime.GOOS == "linux" && (i.Kernel == "" || i.MemoryBytes == 0) {
		t.Errorf("%+v", i)
	}
	if len(i.Topology) != 1 || i.Topology[0] != "GPU0 X NV18" {
		t.Errorf("topology %q", i.Topology)
	}
	if len(i.NUMA) != len(i.NUMAMemoryBytes) {
		t.Errorf("%d NUMA nodes, %d with memory", len(i.NUMA), len(i.NUMAMemoryBytes))
	}
	if len(i.Accelerators) != 2 || i.Driver != "NVIDIA 570.1" {
		t.Errorf("accelerators %q, driver %q", i.Accelerators, i.Driver)
	}
}

// TestAMD has the newer tool, the older one, and both silent for ever.
func TestAMD(t *testing.T) {
	tests := map[string]struct {
		tools map[string]string
		want  string // of the first accelerator
	}{
		"amd-smi":  {map[string]string{"amd-smi": "echo header\necho '0,MI325X'\n", "rocm-smi": "echo header\necho old\n"}, "0,MI325X"},
		"rocm-smi": {map[string]string{"rocm-smi": "echo header\necho 'card0,MI300X'\n"}, "card0,MI300X"},
		"hanging":  {map[string]string{"amd-smi": "sleep 60\n", "rocm-smi": "sleep 60\n"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for tool, text := range test.tools {
				if err := os.WriteFile(filepath.Join(dir, tool), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte("#!/bin/sh\nexit 9\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			ctx, cancel := context.WithCancel(t.Context())
			if name == "hanging" {
				cancel() // as an interrupt does
			}
			defer cancel()
			got := ""
			if list := Collect(ctx).Accelerators; len(list) > 0 {
				got = list[0]
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestKernelsForms(t *testing.T) {
	for text, want := range map[string]int64{"12 kB": 12288, "": 0, "x kB": 0, "7": 7168} {
		if got := kilobytes(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := bracketed("always [madvise] never"); got != "madvise" {
		t.Errorf("%q", got)
	}
}
