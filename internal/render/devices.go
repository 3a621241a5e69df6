package render

import (
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/fit"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/manifest"
)

// devices are the accelerators that replicas take.
type devices struct {
	// kind is backend.NVIDIA, backend.AMD or backend.NoGPU; empty for another resource.
	kind string
	// architecture is AMD's name of the device, empty where it is not known.
	architecture string
	// resource is what Kubernetes calls one; empty for none.
	resource string
}

// resourceName is a resource of Kubernetes beside those of its own.
var resourceName = lazyregexp.New(`^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// devicesOf finds the devices of a manifest: those asked for, else what the configuration
// and the name of the machine say.
func devicesOf(m *manifest.Manifest, b *backend.Backend, asked string) (devices, error) {
	kind := asked
	gpu, err := fit.FindGPU(m.Machine)
	known := err == nil
	if kind == "" {
		kind = kindOf(m, b)
	}
	if kind == "" && known {
		kind = kindOfGPU(gpu)
	}
	switch {
	case kind == backend.NVIDIA:
		return devices{kind: kind, resource: "nvidia.com/gpu"}, nil
	case kind == backend.AMD:
		d := devices{kind: kind, resource: "amd.com/gpu"}
		if known && kindOfGPU(gpu) == backend.AMD {
			d.architecture = gpu.Architecture
		}
		return d, nil
	case kind == backend.NoGPU:
		return devices{kind: kind}, nil
	case resourceName.MatchString(kind):
		return devices{resource: kind}, nil
	case asked != "":
		return devices{}, refuse("", "--devices %q is none of %s, %s, %s and no resource of Kubernetes such as gpu.intel.com/i915", asked, backend.NVIDIA, backend.AMD, backend.NoGPU)
	}
	of := "nothing in the manifest says whose devices it is for"
	if m.Machine != "" {
		of += ", and no accelerator " + manifest.Line(m.Machine) + " is known"
	}
	return devices{}, refuse("--devices nvidia, --devices amd or --devices none", "%s", of)
}

// kindOf is the kind of devices that a configuration is for, empty where it does not say.
func kindOf(m *manifest.Manifest, b *backend.Backend) string {
	if b.WhyCPU(m.EngineConfig, m.EnvConfig) != "" {
		return backend.NoGPU
	}
	for _, name := range slices.Sorted(maps.Keys(m.EnvConfig)) {
		if b.Amd(name) {
			return backend.AMD
		}
		if strings.HasPrefix(name, "CUDA_") {
			return backend.NVIDIA
		}
	}
	only := func(o backend.Official) bool { return o.Devices == b.Official[0].Devices }
	if len(b.Official) > 0 && !slices.ContainsFunc(b.Official, func(o backend.Official) bool { return !only(o) }) {
		return b.Official[0].Devices
	}
	return ""
}

func kindOfGPU(g fit.GPU) string {
	switch {
	case g.Capability > 0:
		return backend.NVIDIA
	case strings.HasPrefix(g.Architecture, "gfx"):
		return backend.AMD
	}
	return ""
}

// binding are the variables by which a process is shown some of a machine's devices. A system
// that hands devices out numbers them anew.
var binding = []string{"HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"}
