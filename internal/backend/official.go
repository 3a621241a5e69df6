package backend

import (
	"strings"

	"mlcfg/internal/release"
)

// Kinds of devices that images are built for.
const (
	NVIDIA = "nvidia"
	AMD    = "amd"
	NoGPU  = "none"
)

// Official is how an engine's makers name the image of a release.
type Official struct {
	// Devices are those that it is built for; Architecture is one of them alone, as AMD's
	// compilers name it, empty for all.
	Devices, Architecture string
	// From is the first release that has such an image; empty: every one.
	From string
	// Form is the reference; {release} is open.
	Form string
}

// OfficialImage returns the image that the engine's makers have published of a release for
// devices of a kind; false where there is none that is known.
func (b *Backend) OfficialImage(version, devices, architecture string) (string, bool) {
	for _, o := range b.Official {
		if o.Devices == devices && (o.Architecture == "" || o.Architecture == architecture) && (o.From == "" || release.Compare(version, o.From) >= 0) {
			return strings.ReplaceAll(o.Form, "{release}", version), true
		}
	}
	return "", false
}

// The first releases are those of which public recipes name an image.
var (
	vllmOfficial = []Official{
		{Devices: NVIDIA, Form: "docker.io/vllm/vllm-openai:v{release}"},
		{Devices: AMD, From: "0.15.1", Form: "docker.io/vllm/vllm-openai-rocm:v{release}"},
		{Devices: NoGPU, From: "0.19.0", Form: "docker.io/vllm/vllm-openai-cpu:v{release}"},
		{Devices: NoGPU, Form: "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v{release}"},
	}
	sglangOfficial = []Official{
		{Devices: NVIDIA, From: "0.5.8", Form: "docker.io/lmsysorg/sglang:v{release}-cu130"},
		{Devices: AMD, Architecture: "gfx942", From: "0.5.9", Form: "docker.io/lmsysorg/sglang:v{release}-rocm720-mi30x"},
		{Devices: AMD, Architecture: "gfx950", From: "0.5.14", Form: "docker.io/lmsysorg/sglang:v{release}-rocm720-mi35x"},
	}
	trtllmOfficial = []Official{
		{Devices: NVIDIA, Form: "nvcr.io/nvidia/tensorrt-llm/release:{release}"},
	}
)
