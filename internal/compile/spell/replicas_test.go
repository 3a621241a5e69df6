package spell

import (
	"testing"

	"mlcfg/internal/backend"
	"mlcfg/internal/manifest"
)

// How many devices a replica takes, and how many replicas there are. Where the
// data parallel of SGLang shares the devices of tensor parallel it takes none of
// its own.
func TestReplicas(t *testing.T) {
	const mostDevices = manifest.MostDevices
	type section = map[string]any
	for _, c := range []struct {
		backend     string
		section     section
		devices     any
		each, count int64
		faulty      bool
	}{
		{"vllm", nil, nil, 1, 1, false},
		{"vllm", section{"tensor_parallel_size": int64(2)}, int64(8), 2, 4, false},
		{"vllm", section{"tensor_parallel_size": int64(2), "pipeline_parallel_size": int64(2)}, int64(8), 4, 2, false},
		{"vllm", section{"tensor_parallel_size": int64(2), "pipeline_parallel_size": int64(2), "data_parallel_size": int64(2)}, int64(8), 8, 1, false},
		{"vllm", section{"tensor_parallel_size": int64(3)}, int64(8), 3, 2, true},
		{"vllm", section{"tensor_parallel_size": int64(0)}, int64(8), 0, 0, true},
		{"vllm", section{"tensor_parallel_size": int64(mostDevices), "pipeline_parallel_size": int64(2)}, nil, 0, 0, true},
		{"vllm", section{"tensor_parallel_size": int64(mostDevices)}, nil, mostDevices, 1, false},
		{"vllm", nil, int64(0), 1, 0, true},
		{"vllm", nil, int64(mostDevices + 1), 1, mostDevices + 1, true},
		{"sglang", section{"tp_size": int64(4), "dp_size": int64(2)}, int64(8), 8, 1, false},
		{"sglang", section{"tp_size": int64(4), "dp_size": int64(2), "enable_dp_attention": true}, int64(8), 4, 2, false},
		{"sglang", section{"tp_size": int64(4), "dp_size": int64(2), "enable_dp_attention": false}, int64(8), 8, 1, false},
		{"sglang", section{"tp_size": int64(4), "dp_size": int64(4), "enable_dp_attention": true}, int64(4), 4, 1, false},
	} {
		b, ok := backend.Of(c.backend)
		if !ok {
			t.Fatal(c.backend)
		}
		s := &speller{backend: b, section: c.section}
		harness := section{}
		if c.devices != nil {
			harness["device_count"] = c.devices
		}
		each, count := s.replicas(harness)
		if each != c.each || count != c.count || (len(s.faults) > 0) != c.faulty {
			t.Errorf("%s %v on %v: %d replicas of %d devices, %v; want %d of %d", c.backend, c.section, c.devices, count, each, s.faults, c.count, c.each)
		}
	}
}
