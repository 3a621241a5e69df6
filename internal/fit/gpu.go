package fit

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mlcfg/internal/lazyregexp"
)

// GPU is an accelerator.
type GPU struct {
	Name string
	// Also are other names of it, in the form of [plain].
	Also []string
	// GiB is its memory as its driver reports it to a program, in GiB; Exact reports whether it was
	// seen in engines' own logs: what a maker prints on the box is some tenths off.
	GiB   float64
	Exact bool
	// Capability is CUDA's compute capability times ten (90 for 9.0), 0 for what is no CUDA device.
	Capability int
	// Architecture is the maker's name of it, or the gfx name of AMD's compilers.
	Architecture string
	Source       string
}

const (
	seen    = `the total that vLLM and PyTorch print of it ("Free memory on device (.../TOTAL GiB)", "has a total capacity of")`
	printed = "the maker's data sheet"
	cuda    = "; compute capability: developer.nvidia.com/cuda-gpus"
	rocm    = "; gfx name: ROCm's table of accelerators"
)

// gpus are those that public recipes name.
var gpus = []GPU{
	{"T4", []string{"teslat4"}, 14.56, true, 75, "Turing", seen + cuda},
	{"V100-32GB", []string{"v100", "v10032gb"}, 32, false, 70, "Volta", printed + cuda},
	{"A10G", []string{"a10"}, 24, false, 86, "Ampere", printed + cuda},
	{"A100-40GB", []string{"a10040gb", "a10040"}, 39.49, true, 80, "Ampere", seen + cuda},
	{"A100-80GB", []string{"a100", "a10080gb", "a10080"}, 79.25, true, 80, "Ampere", seen + cuda},
	{"A40", nil, 48, false, 86, "Ampere", printed + cuda},
	{"RTX 3090", []string{"rtx3090", "3090"}, 23.58, true, 86, "Ampere", seen + cuda},
	{"RTX A6000", []string{"rtxa6000", "a6000"}, 47.53, true, 86, "Ampere", seen + cuda},
	{"L4", nil, 24, false, 89, "Ada", printed + cuda},
	{"L40", nil, 48, false, 89, "Ada", printed + cuda},
	{"L40S", nil, 44.39, true, 89, "Ada", seen + cuda},
	{"RTX 4090", []string{"rtx4090", "4090"}, 23.52, true, 89, "Ada", seen + cuda},
	{"H100", []string{"h10080gb", "h100sxm", "h100sxm80gb"}, 79.18, true, 90, "Hopper", seen + cuda},
	{"H20", []string{"h2096gb"}, 96, false, 90, "Hopper", printed + cuda},
	{"H200", []string{"h200141gb", "h200sxm"}, 139.8, true, 90, "Hopper", seen + cuda},
	{"GH200", []string{"gh20096gb"}, 96, false, 90, "Hopper", printed + cuda},
	{"B200", []string{"b200180gb", "b200192gb"}, 178.35, true, 100, "Blackwell", seen + cuda},
	{"GB200", []string{"gb200nvl72"}, 186, false, 100, "Blackwell", printed + cuda},
	{"B300", []string{"b300288gb"}, 268, false, 103, "Blackwell Ultra", "vllm-project/recipes, taxonomy.yaml" + cuda},
	{"GB300", []string{"gb300nvl72"}, 279, false, 103, "Blackwell Ultra", printed + cuda},
	{"RTX 5090", []string{"rtx5090", "5090", "rtx5090d"}, 31.36, true, 120, "Blackwell", seen + cuda},
	{"RTX 5070 Ti", []string{"rtx5070ti", "5070ti"}, 16, false, 120, "Blackwell", printed + cuda},
	{"RTX PRO 6000", []string{"rtxpro6000", "rtxpro6000blackwell", "pro6000"}, 94.97, true, 120, "Blackwell", seen + cuda},
	{"RTX PRO 5000", []string{"rtxpro5000", "rtxpro5000blackwell"}, 72, false, 120, "Blackwell", "vllm-project/recipes, taxonomy.yaml" + cuda},
	{"GB10", []string{"dgxspark", "dgxsparkgb10", "spark"}, 121.69, true, 121, "Blackwell", seen + cuda},
	{"MI250X", nil, 64, false, 0, "gfx90a", printed + rocm},
	{"MI300X", nil, 191.98, true, 0, "gfx942", seen + rocm},
	{"MI325X", nil, 256, false, 0, "gfx942", printed + rocm},
	{"MI350X", nil, 288, false, 0, "gfx950", printed + rocm},
	{"MI355X", nil, 287.98, true, 0, "gfx950", seen + rocm},
	{"Gaudi 2", []string{"gaudi2", "hl225"}, 96, false, 0, "Gaudi", printed},
	{"Gaudi 3", []string{"gaudi3", "hl325"}, 128, false, 0, "Gaudi", printed},
}

// unlinked are newer NVIDIA accelerators that talk to each other over PCIe alone.
var unlinked = []string{"RTX 5090", "RTX 5070 Ti", "RTX PRO 6000", "RTX PRO 5000", "GB10"}

// linked reports whether several of it in one machine have a link over which the switch reduces (NVLink
// SHARP, from Hopper on; Infinity Fabric), for which communication keeps buffers of its own.
func (g *GPU) linked() bool {
	return (g.Capability == 0 || g.Capability >= 90) && !slices.Contains(unlinked, g.Name)
}

// driverMiB is the memory that nvidia-smi tells, where it was seen in public output: more than
// programs are told.
var driverMiB = map[string]float64{
	"A40": 46068, "A100-80GB": 81920, "L40S": 46068, "RTX 4090": 24564, "RTX 5070 Ti": 16303, "RTX 5090": 32607, "RTX PRO 6000": 97887,
	"H100": 81559, "H200": 143771,
}

// driver is the memory that the driver's own tool tells, in MiB.
func (g *GPU) driver() float64 {
	if mib := driverMiB[g.Name]; mib > 0 && math.Abs(mib/1024-g.GiB) < 0.03*g.GiB {
		return mib
	}
	return g.GiB * 1024
}

// GPUs are the names of the accelerators that are known.
func GPUs() []string {
	var names []string
	for i := range gpus {
		names = append(names, gpus[i].Name)
	}
	return names
}

var (
	told = lazyregexp.New(`\(([0-9.]+) ?(?:GiB|GB)(?:, ?(?:([0-9]{1,2})\.([0-9])|(gfx[0-9a-f]{3,4})))?\)`)
	many = lazyregexp.New(`^(\d+) ?[x×] `)
)

// FindGPU finds an accelerator by its name as recipes and drivers write it: "H100", "NVIDIA H100
// 80GB HBM3", "8x H200". A memory in brackets, "H100 (79.19 GiB)", takes the place of the table's; with
// CUDA's compute capability or a gfx name behind it, "X1 (96 GiB, 9.0)", it makes one that is not there.
// more are a site's own; they go before the table's.
func FindGPU(name string, more ...GPU) (GPU, error) {
	text := many.ReplaceAllString(strings.TrimSpace(name), "")
	memory := 0.0
	own := GPU{Exact: true, Source: "the name given"}
	if m := told.FindStringSubmatch(text); m != nil {
		memory, _ = strconv.ParseFloat(m[1], 64)
		text = strings.TrimSpace(told.ReplaceAllString(text, ""))
		major, _ := strconv.Atoi(m[2]) // empty for none
		minor, _ := strconv.Atoi(m[3])
		own.Name, own.GiB, own.Capability, own.Architecture = text, memory, 10*major+minor, m[4]
	}
	want := plain(text)
	g, known := byPlain()[want]
	if i := slices.IndexFunc(more, func(g GPU) bool { return plain(g.Name) == want || slices.Contains(g.Also, want) }); i >= 0 {
		g, known = more[i], true
	}
	switch {
	case known:
	case memory > 0 && want != "" && (own.Capability > 0 || own.Architecture != ""):
		return own, nil
	default:
		return GPU{}, fmt.Errorf("no accelerator %q is known", name)
	}
	if memory > 0 {
		g.GiB, g.Exact, g.Source = memory, true, "the name given"
	}
	return g, nil
}

// byPlain are the table's by each of their names in the form of [plain].
var byPlain = sync.OnceValue(func() map[string]GPU {
	all := map[string]GPU{}
	for _, g := range slices.Backward(gpus) { // of equal names the first counts
		for _, name := range append([]string{plain(g.Name)}, g.Also...) {
			all[name] = g
		}
	}
	return all
})

// words of a name that tell no accelerator from another.
var noise = strings.NewReplacer("nvidia", "", "amd", "", "instinct", "", "geforce", "", "tesla", "", "intel", "", "habana", "",
	"hbm3e", "", "hbm3", "", "hbm2e", "", "pcie", "", "nvl4", "", "sxm4", "", "sxm5", "", "sxm", "", "oam", "", " ", "", "-", "", "_", "")

// plain is a name without what makers put around it.
func plain(name string) string { return noise.Replace(strings.ToLower(name)) }
