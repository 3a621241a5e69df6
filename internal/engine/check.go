package engine

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Problem is something that this machine lacks for a plan.
type Problem struct {
	Text string
	// Fatal: the engine will not start.
	Fatal bool
}

// Check looks whether what the plan's engines need is here: the model, the
// devices, the ports. Of engines that run already, and of simulated ones, it
// looks at the ports alone.
func (p *Plan) Check(h Host) []Problem {
	var list []Problem
	fatal := func(format string, args ...any) {
		list = append(list, Problem{Text: fmt.Sprintf(format, args...), Fatal: true})
	}
	if len(p.Steps) > 0 { // each node looks for itself
		return nil
	}
	for _, r := range p.Replicas {
		if r.Port == 0 {
			continue
		}
		if lock, err := takePort(p.host(), r.Port); err != nil {
			fatal("replica %d cannot listen: %v", r.Index, err)
		} else {
			lock.release()
		}
	}
	if p.External || p.Simulated || len(p.Replicas) == 0 {
		return list
	}
	for _, problem := range checkModel("engine_config."+p.Facts.Model, p.Model, p.Replicas[0].Env) {
		// Weights that are made up need no files.
		if !slices.Contains(p.Replicas[0].Command, "dummy") || !strings.Contains(problem.Text, "holds no weights") {
			list = append(list, problem)
		}
	}
	list = append(list, p.checkDevices(h)...)
	return append(list, p.checkSharedMemory(h)...)
}

// checkDevices looks whether every device that a replica is bound to exists.
func (p *Plan) checkDevices(h Host) []Problem {
	if p.DeviceVariable == "" {
		return nil
	}
	have, what, known := h.visibleDevices(p.DeviceVariable)
	if !known {
		return nil
	}
	var beyond []string
	for _, r := range p.Replicas {
		for _, device := range r.Devices {
			// Devices named by their UUID are the driver's to know.
			if i, err := strconv.Atoi(device); err == nil && i >= have {
				beyond = append(beyond, device)
			}
		}
	}
	if have > 0 && len(beyond) == 0 {
		return nil
	}
	need := 0
	for _, r := range p.Replicas {
		need += len(r.Devices)
	}
	text := fmt.Sprintf("harness_config.device_count: %d devices are needed, %d are visible here (%s)", need, have, what)
	if need <= have {
		text = fmt.Sprintf("%s names device %s, %d are visible here (%s)", p.DeviceVariable, strings.Join(beyond, ", "), have, what)
	}
	return []Problem{{Text: text + "; an engine without devices is started with --device-env none", Fatal: true}}
}

var nvidiaNode = lazyregexp.New(`^nvidia\d+$`)

// visibleDevices counts the devices that a process here can open, before a
// variable hides any: AMD's by the driver's topology, of which a container sees
// its own alone, NVIDIA's by their device files. known is false for other
// variables, and where nothing is known of the machine.
func (h Host) visibleDevices(variable string) (count int, what string, known bool) {
	if h.Files == nil {
		return 0, "", false
	}
	switch variable {
	case "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES":
		if !h.exists("dev/kfd") {
			return 0, "there is no /dev/kfd", true
		}
		const nodes = "sys/class/kfd/kfd/topology/nodes"
		entries, err := fs.ReadDir(h.Files, nodes)
		if err != nil {
			return 0, "", false
		}
		for _, e := range entries {
			// CPUs have the id 0; the id of a device that is not ours cannot be read.
			if id := h.read(path.Join(nodes, e.Name(), "gpu_id")); id != "" && id != "0" {
				count++
			}
		}
		return count, "/" + nodes, true
	case "CUDA_VISIBLE_DEVICES":
		if h.exists("dev/dxg") {
			return 0, "", false // Windows' subsystem for Linux, which has no file for each
		}
		entries, err := fs.ReadDir(h.Files, "dev")
		if err != nil {
			return 0, "", false
		}
		for _, e := range entries {
			if nvidiaNode.MatchString(e.Name()) {
				count++
			}
		}
		return count, "/dev/nvidia*", true
	}
	return 0, "", false
}

// enoughSharedMemory is what the workers of one engine talk through, in bytes,
// with room to spare; a container has 64 MiB unless it is told otherwise.
const enoughSharedMemory = 1 << 30

// checkSharedMemory warns where workers that talk through /dev/shm have little of it.
func (p *Plan) checkSharedMemory(h Host) []Problem {
	if h.FreeSpace == nil || !slices.ContainsFunc(p.Replicas, func(r Replica) bool { return len(r.Devices) > 1 }) {
		return nil
	}
	free, err := h.FreeSpace("/dev/shm")
	if err != nil || free >= enoughSharedMemory {
		return nil
	}
	return []Problem{{Text: fmt.Sprintf("/dev/shm has %d MiB free, which the engine's workers talk through (docker run --shm-size=16g, or --ipc=host)", free>>20)}}
}
