package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// What this machine says of itself is what its system says.
func TestLocalHost(t *testing.T) {
	h := LocalHost()
	if n, err := h.OpenFiles(); err != nil || n < 64 {
		t.Errorf("%d open files, %v", n, err)
	}
	if n, err := h.FreeSpace(t.TempDir()); err != nil || n < 1<<20 {
		t.Errorf("%d bytes are free, %v", n, err)
	}
	if _, err := h.FreeSpace("/no/such/folder"); err == nil || !strings.HasPrefix(err.Error(), "looking at the disk of /no/such/folder: ") {
		t.Error(err)
	}
	if !h.exists("dev/null") || len(h.Environ) == 0 {
		t.Errorf("%+v", h)
	}
}

// Accelerators are AMD's and NVIDIA's compute devices in the order of their
// addresses, and display adapters where there is none.
func TestAccelerators(t *testing.T) {
	type device struct{ address, vendor, class, node string }
	machine := func(all ...device) Host {
		files := fstest.MapFS{}
		for _, d := range all {
			for name, text := range map[string]string{"vendor": d.vendor, "class": d.class, "numa_node": d.node} {
				files["sys/bus/pci/devices/"+d.address+"/"+name] = &fstest.MapFile{Data: []byte(text + "\n")}
			}
		}
		return Host{Files: files}
	}
	amd := []device{{"0000:b0", "0x1002", "0x120000", "1"}, {"0000:a0", "0x1002", "0x120000", "0"}, {"0000:c0", "0x1002", "0x030000", "0"}, {"0000:d0", "0x8086", "0x120000", "0"}}
	for name, c := range map[string]struct {
		host Host
		want []accelerator
	}{
		"compute":  {machine(amd...), []accelerator{{"0000:a0", 0}, {"0000:b0", 1}}},
		"display":  {machine(amd[2:]...), []accelerator{{"0000:c0", 0}}},
		"others":   {machine(amd[3]), nil},
		"NVIDIA":   {machine(device{"1", "0x10de", "0x030200", "-1"}, device{"2", "0x10de", "0x038000", "x"}), []accelerator{{"1", -1}}},
		"no node":  {machine(device{"2", "0x10de", "0x038000", "x"}), []accelerator{{"2", -1}}},
		"no files": {Host{}, nil},
		"nothing":  {Host{Files: fstest.MapFS{}}, nil},
	} {
		if got := c.host.accelerators(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Nodes are counted from 1, up to a bound.
func TestParseNodeBounds(t *testing.T) {
	for text, ok := range map[string]bool{"1/1": true, "1/2": true, "2/2": true, "1024/1024": true, "1/1025": false, "0/2": false, "3/2": false, "1/0": false, "1": false, "a/2": false, "1/b": false} {
		n, err := ParseNode(text, "h", "10.0.0.1")
		if (err == nil) != ok || ok && text != "1/1" && (fmt.Sprintf("%d/%d", n.Index, n.Count) != text || n.Head != "h" || n.Address != "10.0.0.1") {
			t.Errorf("%s: %+v, %v", text, n, err)
		}
	}
	if n, err := ParseNode("1/1", "", ""); err != nil || n != (Node{}) {
		t.Errorf("one node alone: %+v, %v", n, err)
	}
	if _, err := ParseNode("1/2", "", ""); err == nil || !strings.Contains(err.Error(), "the address of node 1") {
		t.Error(err)
	}
}

// Devices are bound with the variable that is asked for, else with the one in use, else
// with the vendor's: bound with another, an engine would see devices of its neighbour.
func TestDeviceVariable(t *testing.T) {
	amd := fstest.MapFS{"dev/kfd": {}}
	for name, c := range map[string]struct {
		asked     string
		manifest  map[string]string
		here      []string
		files     fs.FS
		want, why string
	}{
		"asked for":                   {"ROCR_VISIBLE_DEVICES", map[string]string{"HIP_VISIBLE_DEVICES": "0"}, nil, amd, "ROCR_VISIBLE_DEVICES", "asked for"},
		"in the manifest":             {"", map[string]string{"CUDA_VISIBLE_DEVICES": "0", "ROCM_X": ""}, []string{"HIP_VISIBLE_DEVICES=0"}, amd, "CUDA_VISIBLE_DEVICES", "the manifest sets it"},
		"the more specific of two":    {"", map[string]string{"CUDA_VISIBLE_DEVICES": "0", "HIP_VISIBLE_DEVICES": ""}, nil, nil, "HIP_VISIBLE_DEVICES", "the manifest sets it"},
		"set here":                    {"", map[string]string{"ROCM_X": ""}, []string{"A=1", "ROCR_VISIBLE_DEVICES="}, amd, "ROCR_VISIBLE_DEVICES", "it is set here"},
		"another that begins with it": {"", nil, []string{"HIP_VISIBLE_DEVICES_X=0"}, nil, "CUDA_VISIBLE_DEVICES", "nothing speaks of AMD"},
		"the manifest is AMD's":       {"", map[string]string{"A": "1", "ROCM_B": "", "HSA_A": ""}, nil, nil, "HIP_VISIBLE_DEVICES", "the manifest sets HSA_A"},
		"the machine is":              {"", map[string]string{"A": "1"}, nil, amd, "HIP_VISIBLE_DEVICES", "this machine has an AMD driver"},
		"neither":                     {"", nil, nil, fstest.MapFS{}, "CUDA_VISIBLE_DEVICES", "nothing speaks of AMD"},
	} {
		b, _ := backend.Of("vllm")
		got, why := Host{Environ: c.here, Files: c.files}.deviceVariable(setup{backend: b, role: manifest.Role{Environment: c.manifest}}, c.asked)
		if got != c.want || why != c.why {
			t.Errorf("%s: %s, %s; want %s, %s", name, got, why, c.want, c.why)
		}
	}
}

// The devices are those that the variable names, the manifest's before the machine's.
func TestDeviceList(t *testing.T) {
	here := Host{Environ: []string{"V=7, 8 ,,9"}}
	for name, c := range map[string]struct {
		host     Host
		manifest map[string]string
		count    int
		want     []string
		fault    string
	}{
		"by number":            {Host{}, nil, 3, []string{"0", "1", "2"}, ""},
		"set here":             {here, nil, 2, []string{"7", "8"}, ""},
		"all of them":          {here, nil, 3, []string{"7", "8", "9"}, ""},
		"set in the manifest":  {here, map[string]string{"V": "GPU-a"}, 1, []string{"GPU-a"}, ""},
		"too few":              {here, nil, 4, nil, `harness_config.device_count is 4, but V names 3 devices ("7, 8 ,,9")`},
		"none in the manifest": {here, map[string]string{"V": ""}, 1, nil, `harness_config.device_count is 1, but V names 0 devices ("")`},
	} {
		got, err := c.host.deviceList(c.manifest, "V", c.count)
		if !slices.Equal(got, c.want) || (err == nil) != (c.fault == "") || err != nil && err.Error() != c.fault {
			t.Errorf("%s: %q, %v; want %q, %s", name, got, err, c.want, c.fault)
		}
	}
}

// unlisted has files, none of whose folders can be read.
type unlisted struct{ fstest.MapFS }

func (unlisted) ReadDir(string) ([]fs.DirEntry, error) { return nil, errors.New("permission denied") }

// Where the devices cannot be counted nothing is said of their number.
func TestVisibleDevices(t *testing.T) {
	for name, c := range map[string]struct {
		files    fs.FS
		variable string
		want     string
	}{
		"nothing known":     {nil, "CUDA_VISIBLE_DEVICES", "0  false"},
		"another variable":  {machineWith(2, 2), "ONEAPI_DEVICE_SELECTOR", "0  false"},
		"AMD":               {machineWith(3, 1), "HIP_VISIBLE_DEVICES", "3 /sys/class/kfd/kfd/topology/nodes true"},
		"AMD, not listed":   {unlisted{machineWith(3, 1)}, "ROCR_VISIBLE_DEVICES", "0  false"},
		"no AMD":            {machineWith(0, 1), "ROCR_VISIBLE_DEVICES", "0 there is no /dev/kfd true"},
		"NVIDIA":            {machineWith(1, 2), "CUDA_VISIBLE_DEVICES", "2 /dev/nvidia* true"},
		"NVIDIA's, Windows": {fstest.MapFS{"dev/dxg": {}, "dev/nvidia0": {}}, "CUDA_VISIBLE_DEVICES", "0  false"},
		"NVIDIA, no folder": {unlisted{machineWith(0, 2)}, "CUDA_VISIBLE_DEVICES", "0  false"},
	} {
		count, what, known := Host{Files: c.files}.visibleDevices(c.variable)
		if got := fmt.Sprint(count, " ", what, " ", known); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Why a replica is not bound to CPUs is said in words.
func TestWhyNoCPUs(t *testing.T) {
	noList := mi300x()
	delete(noList, "sys/devices/system/node/node1/cpulist")
	unknown := mi300x()
	unknown["sys/bus/pci/devices/0000:05:00.0/numa_node"] = &fstest.MapFile{Data: []byte("-1\n")}
	for why, c := range map[string]struct {
		files  fs.FS
		device string
	}{
		"no accelerator found under /sys/bus/pci":                           {nil, "0"},
		"device 4 is not one of the 4 found":                                {mi300x(), "4"},
		"device -1 is not one of the 4 found":                               {mi300x(), "-1"},
		"device GPU-1 is not one of the 4 found":                            {mi300x(), "GPU-1"},
		"the kernel does not know the NUMA node of device 0 (0000:05:00.0)": {unknown, "0"},
		"NUMA node 1 has no CPUs":                                           {noList, "2"},
	} {
		if cpus, got := (Host{Files: c.files}).nearestCPUs([]string{c.device}); cpus != "" || got != why {
			t.Errorf("%q, %s; want %s", cpus, got, why)
		}
	}
}
