package machine

import (
	"context"
	"strings"
	"sync"
)

// accelerators asks the vendors' tools that are there, all at once.
func (i *Info) accelerators(ctx context.Context) {
	var nvidia, nvidiaTopology, amdSMI, amdTopology, rocmSMI []string
	var wg sync.WaitGroup
	for _, ask := range []struct {
		into    *[]string
		command []string
	}{
		{&nvidia, []string{"nvidia-smi", "--query-gpu=name,uuid,memory.total,driver_version", "--format=csv,noheader"}},
		{&nvidiaTopology, []string{"nvidia-smi", "topo", "-m"}},
		{&amdSMI, []string{"amd-smi", "static", "--asic", "--vram", "--csv"}},
		{&amdTopology, []string{"amd-smi", "topology", "--link-type"}},
		{&rocmSMI, []string{"rocm-smi", "--showproductname", "--csv"}},
	} {
		wg.Go(func() { *ask.into = tool(ctx, ask.command[0], ask.command[1:]...) })
	}
	wg.Wait()
	switch {
	case len(nvidia) > 0:
		i.Accelerators, i.Topology = nvidia, nvidiaTopology
		if words := strings.Split(nvidia[0], ", "); len(words) == 4 {
			i.Driver = "NVIDIA " + words[3]
		}
	case len(amdSMI) > 1:
		i.Accelerators, i.Topology = amdSMI[1:], amdTopology
	case len(rocmSMI) > 1:
		i.Accelerators = rocmSMI[1:]
	}
	if len(nvidia) == 0 && len(i.Accelerators) > 0 {
		if version := line("/sys/module/amdgpu/version"); version != "" {
			i.Driver = "amdgpu " + version
		} else if i.Kernel != "" {
			i.Driver = "amdgpu of kernel " + i.Kernel // built into it
		}
	}
}
