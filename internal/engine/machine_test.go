package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
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
