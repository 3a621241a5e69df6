// Package machine says on what a run ran: kernel, processors, memory,
// accelerators and their driver, collected with what is there. It describes;
// nothing that decides a run is read from it.
package machine

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Info is what is known of this machine. What could not be found out is empty.
type Info struct {
	Host   string `json:"host"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel,omitempty"`
	// Distribution is PRETTY_NAME of os-release.
	Distribution string `json:"distribution,omitempty"`
	CPU          string `json:"cpu,omitempty"`
	// CPUs is how many the process may use, MemoryBytes the machine's memory.
	CPUs        int   `json:"cpus"`
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	// Sockets, Cores and ThreadsPerCore are the machine's, as the kernel tells them.
	Sockets        int `json:"sockets,omitempty"`
	Cores          int `json:"cores,omitempty"`
	ThreadsPerCore int `json:"threads_per_core,omitempty"`
	// CPULimit and MemoryLimitBytes are what the control group of the process
	// allows: processors, and bytes. Absent where it sets no limit.
	CPULimit         float64 `json:"cpu_limit,omitempty"`
	MemoryLimitBytes int64   `json:"memory_limit_bytes,omitempty"`
	// NUMA are the nodes' CPUs in the kernel's list form, by node, NUMAMemoryBytes their memory.
	NUMA            []string `json:"numa,omitempty"`
	NUMAMemoryBytes []int64  `json:"numa_memory_bytes,omitempty"`
	// HugePages is the kernel's setting for transparent ones: always, madvise or never.
	HugePages string `json:"transparent_hugepages,omitempty"`
	// Governor is the frequency governor of the first CPU.
	Governor string `json:"cpu_governor,omitempty"`
	// Accelerators and Driver are what the vendor's tool says, one line each.
	Accelerators []string `json:"accelerators,omitempty"`
	Driver       string   `json:"driver,omitempty"`
	// Topology is how the accelerators are connected, as the vendor's tool draws it.
	Topology []string `json:"topology,omitempty"`
}

// toolTimeout bounds each vendor tool: a hung driver must not hang a run.
const toolTimeout = 10 * time.Second

// Collect looks at this machine. It never fails; what cannot be read is left out.
func Collect(ctx context.Context) Info {
	host, _ := os.Hostname()
	i := Info{Host: host, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
	i.Kernel = line("/proc/sys/kernel/osrelease")
	i.Distribution = strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`)
	i.CPU = field("/proc/cpuinfo", "model name", ":")
	i.MemoryBytes = kilobytes(field("/proc/meminfo", "MemTotal", ":"))
	i.cores()
	i.limits()
	i.nodes()
	i.HugePages = bracketed(line("/sys/kernel/mm/transparent_hugepage/enabled"))
	i.Governor = line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	i.accelerators(ctx)
	return i
}

// tool runs a vendor's tool and returns its lines, nil where it is not there or fails.
func tool(ctx context.Context, name string, args ...string) []string {
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func line(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// field finds the first line that begins with a name and returns what follows
// the separator.
func field(path, name, separator string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(l, separator); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
