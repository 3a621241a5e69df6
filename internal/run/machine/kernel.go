package machine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cores counts what the kernel says of every CPU.
func (i *Info) cores() {
	packages, cores := map[string]bool{}, map[string]bool{}
	cpus, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*/topology") // the pattern is well-formed
	for _, dir := range cpus {
		socket, core := line(dir+"/physical_package_id"), line(dir+"/core_id")
		if socket == "" || core == "" {
			return
		}
		packages[socket], cores[socket+"/"+core] = true, true
	}
	if len(cores) > 0 {
		i.Sockets, i.Cores, i.ThreadsPerCore = len(packages), len(cores), len(cpus)/len(cores)
	}
}

// limits reads what version 2 of the kernel's control groups sets on this process
// (Documentation/admin-guide/cgroup-v2.rst), or its container. A limit may be
// set anywhere above; the lowest counts.
func (i *Info) limits() {
	const root = "/sys/fs/cgroup"
	group := ""
	if _, path, ok := strings.Cut(line("/proc/self/cgroup"), "0::"); ok {
		group, _, _ = strings.Cut(path, "\n")
	}
	for dir := filepath.Join(root, group); strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		if quota, period, ok := strings.Cut(line(dir+"/cpu.max"), " "); ok {
			q, errQ := strconv.ParseFloat(quota, 64)
			p, errP := strconv.ParseFloat(period, 64)
			if errQ == nil && errP == nil && p > 0 && (i.CPULimit == 0 || q/p < i.CPULimit) {
				i.CPULimit = q / p
			}
		}
		if n, err := strconv.ParseInt(line(dir+"/memory.max"), 10, 64); err == nil && (i.MemoryLimitBytes == 0 || n < i.MemoryLimitBytes) {
			i.MemoryLimitBytes = n
		}
	}
}

// nodes reads the NUMA nodes, which are numbered from 0 without gaps on what is sold.
func (i *Info) nodes() {
	for n := 0; ; n++ {
		dir := "/sys/devices/system/node/node" + strconv.Itoa(n)
		cpus := line(dir + "/cpulist")
		if _, err := os.Stat(dir); err != nil {
			return
		}
		i.NUMA = append(i.NUMA, cpus)
		i.NUMAMemoryBytes = append(i.NUMAMemoryBytes, kilobytes(field(dir+"/meminfo", "Node "+strconv.Itoa(n)+" MemTotal", ":")))
	}
}

// kilobytes reads the kernel's "1234 kB" as bytes, anything else as 0.
func kilobytes(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// bracketed is the one of several settings that is in force: "always [madvise] never".
func bracketed(text string) string {
	_, rest, _ := strings.Cut(text, "[")
	word, _, _ := strings.Cut(rest, "]")
	return word
}
