package engine

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Host is the machine that engines run on.
type Host struct {
	// Environ is mlrun's own environment, as os.Environ returns it.
	Environ []string
	// Files is the root of the machine's file system; /sys and /dev are read.
	// Nil means nothing is known of the machine.
	Files fs.FS
	// FreeSpace is how many bytes a user may still write to the disk of a folder;
	// nil means that is not known.
	FreeSpace func(dir string) (uint64, error)
	// OpenFiles is how many files and connections this process may have open;
	// nil means that is not known.
	OpenFiles func() (uint64, error)
}

// LocalHost is this machine.
func LocalHost() Host {
	return Host{Environ: os.Environ(), Files: os.DirFS("/"), FreeSpace: freeSpace, OpenFiles: openFiles}
}

func openFiles() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("asking how many files may be open: %w", err)
	}
	return limit.Cur, nil
}

// freeSpace is how many bytes a user may still write to the disk of a folder or a file.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("looking at the disk of %s: %w", dir, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// The variables that hide devices from a process, the more specific first.
var deviceVariables = []string{"HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"}

// deviceVariable chooses the variable that binds a replica to its devices, and
// says why: the one asked for, the one that the manifest or mlrun's environment
// uses, else the one of the vendor that the manifest or the machine is of.
func (h Host) deviceVariable(s setup, asked string) (name, why string) {
	if asked != "" {
		return asked, "asked for"
	}
	for _, name := range deviceVariables {
		if _, ok := s.role.Environment[name]; ok {
			return name, "the manifest sets it"
		}
	}
	for _, name := range deviceVariables {
		if _, ok := h.variable(name); ok {
			return name, "it is set here"
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.role.Environment)) {
		if s.backend.Amd(key) {
			return "HIP_VISIBLE_DEVICES", "the manifest sets " + key
		}
	}
	if h.exists("dev/kfd") {
		return "HIP_VISIBLE_DEVICES", "this machine has an AMD driver"
	}
	return "CUDA_VISIBLE_DEVICES", "nothing speaks of AMD"
}

func (h Host) variable(name string) (string, bool) {
	for _, entry := range h.Environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func (h Host) exists(name string) bool {
	if h.Files == nil {
		return false
	}
	_, err := fs.Stat(h.Files, name)
	return err == nil
}

// deviceList is the devices to hand out: those that the variable names, in the
// manifest or here, else 0 to count-1.
func (h Host) deviceList(env map[string]string, variable string, count int) ([]string, error) {
	value, set := env[variable]
	if !set {
		value, set = h.variable(variable)
	}
	if !set {
		list := make([]string, count)
		for i := range list {
			list[i] = strconv.Itoa(i)
		}
		return list, nil
	}
	var list []string
	for device := range strings.SplitSeq(value, ",") {
		if device = strings.TrimSpace(device); device != "" {
			list = append(list, device)
		}
	}
	if len(list) < count {
		return nil, fmt.Errorf("harness_config.device_count is %d, but %s names %d devices (%q)", count, variable, len(list), value)
	}
	return list[:count], nil
}

// nearestCPUs is the CPUs of the NUMA nodes that the devices hang on, in the
// kernel's list form ("0-15,64-79"); where that is not known it is empty, and
// why says what is missing. Devices are counted in the order of their PCI
// addresses, as the drivers do.
func (h Host) nearestCPUs(devices []string) (cpus, why string) {
	accelerators := h.accelerators()
	if len(accelerators) == 0 {
		return "", "no accelerator found under /sys/bus/pci"
	}
	var nodes []int
	for _, device := range devices {
		i, err := strconv.Atoi(device)
		if err != nil || i < 0 || i >= len(accelerators) {
			return "", fmt.Sprintf("device %s is not one of the %d found", device, len(accelerators))
		}
		node := accelerators[i].node
		if node < 0 {
			return "", fmt.Sprintf("the kernel does not know the NUMA node of device %s (%s)", device, accelerators[i].address)
		}
		if !slices.Contains(nodes, node) {
			nodes = append(nodes, node)
		}
	}
	slices.Sort(nodes)
	var lists []string
	for _, node := range nodes {
		list := h.read(fmt.Sprintf("sys/devices/system/node/node%d/cpulist", node))
		if list == "" {
			return "", fmt.Sprintf("NUMA node %d has no CPUs", node)
		}
		lists = append(lists, list)
	}
	return strings.Join(lists, ","), ""
}

type accelerator struct {
	address string // PCI: 0000:05:00.0
	node    int    // NUMA; -1 unknown
}

// accelerators are the machine's AMD and NVIDIA compute devices by PCI address.
// Graphics adapters count only where there is nothing else.
func (h Host) accelerators() []accelerator {
	if h.Files == nil {
		return nil
	}
	const folder = "sys/bus/pci/devices"
	entries, err := fs.ReadDir(h.Files, folder)
	if err != nil {
		return nil
	}
	var compute, display []accelerator
	for _, e := range entries {
		at := path.Join(folder, e.Name())
		if vendor := h.read(path.Join(at, "vendor")); vendor != "0x1002" && vendor != "0x10de" {
			continue
		}
		node, err := strconv.Atoi(h.read(path.Join(at, "numa_node")))
		if err != nil {
			node = -1
		}
		a := accelerator{address: e.Name(), node: node}
		switch class := h.read(path.Join(at, "class")); {
		case strings.HasPrefix(class, "0x1200"), strings.HasPrefix(class, "0x0302"):
			compute = append(compute, a)
		case strings.HasPrefix(class, "0x0300"), strings.HasPrefix(class, "0x0380"):
			display = append(display, a)
		}
	}
	if len(compute) == 0 {
		compute = display
	}
	slices.SortFunc(compute, func(a, b accelerator) int { return strings.Compare(a.address, b.address) })
	return compute
}

// read is a small file's text without white space around it; empty where there
// is none.
func (h Host) read(name string) string {
	b, err := fs.ReadFile(h.Files, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// maxCPUs bounds a list of CPUs: more than any machine has.
const maxCPUs = 1 << 16

// parseCPUs reads the kernel's list form.
func parseCPUs(list string) ([]int, error) {
	var cpus []int
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.Atoi(first)
		b, errB := strconv.Atoi(last)
		if errA != nil || errB != nil || a < 0 || b < a || b >= maxCPUs || len(cpus)+b-a >= maxCPUs {
			return nil, fmt.Errorf("%q is no list of CPUs", list)
		}
		for cpu := a; cpu <= b; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}
