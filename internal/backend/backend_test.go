package backend

import (
	"regexp"
	"strings"
	"testing"
)

// TestFacts holds each backend to what every program takes for granted.
func TestFacts(t *testing.T) {
	names, figures := map[string]bool{}, map[string]string{}
	for _, b := range All() {
		if names[b.Name+" "+b.Engine] {
			t.Errorf("%s stands twice with %s", b.Name, b.Engine)
		}
		names[b.Name+" "+b.Engine] = true
		if found, ok := With(b.Name, b.Engine); !ok || found != b {
			t.Errorf("%s with %s is not found by its names", b.Name, b.Engine)
		}
		for what, value := range map[string]string{
			"an engine": b.Engine, "a title": b.Title, "a model key": b.Model, "a program": strings.Join(b.Program, " "),
			"a health path": b.Health, "a models path": b.Models, "a metrics path": b.Metrics, "a form of requests": string(b.Requests),
		} {
			if value == "" {
				t.Errorf("%s has not %s", b.Name, what)
			}
		}
		if listen := strings.Join(b.Listen, " "); !strings.Contains(listen, "{host}") || !strings.Contains(listen, "{port}") {
			t.Errorf("%s listens at %q, which leaves no choice", b.Name, listen)
		}
		for _, f := range b.Figures {
			if other := figures[f.Name]; other != "" && other != b.Engine {
				t.Errorf("%s is a figure of %s and of %s", f.Name, other, b.Engine)
			}
			figures[f.Name] = b.Engine
		}
		for why := range openAIRefusals {
			if b.Server.Refusals[why].Message == "" {
				t.Errorf("%s has no words for: %s", b.Name, why)
			}
		}
		if h := b.Server.Buckets; len(h.FirstToken)*len(h.Token)*len(h.Request) == 0 || !strings.Contains(b.Server.Labels, "{model}") {
			t.Errorf("%s has a page without buckets or without the model's name", b.Name)
		}
		for _, s := range append(b.Symptoms, common...) {
			if re, err := regexp.Compile(s.Message); err != nil {
				t.Errorf("%s: %v", b.Name, err)
			} else if s.Key == "{flag}" && re.NumSubexp() < 1 {
				t.Errorf("%s: %s names no argument", b.Name, s.Message)
			}
		}
	}
	for _, b := range Engines() {
		if b.Name != b.Engine {
			t.Errorf("%s is taken for an engine", b.Name)
		}
	}
	if _, ok := Of("tensorrt"); ok {
		t.Error("tensorrt is known")
	}
}

// TestDiagnose shows the order of stages: what is as often a consequence gives
// way to a cause that stands below it. The messages themselves are tested with
// the engine that is started.
func TestDiagnose(t *testing.T) {
	keyOf := func(text string) string { return "key of " + text }
	v, _ := Of(VLLM)
	s, _ := Of(SGLang)
	for _, c := range []struct {
		b               *Backend
		log, cause, key string
	}{
		{v, "NCCL error: x\nCUDA error: out of memory", "out of device memory", "engine_config.gpu_memory_utilization"},
		{v, "torch.OutOfMemoryError: the allocator of the fork says nothing more", "out of device memory", "engine_config.gpu_memory_utilization"},
		{v, "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB.", "out of device memory. Tried to allocate 2.00 GiB", "engine_config.gpu_memory_utilization"},
		{s, "Memory access fault by GPU node-2 (Agent handle: 0x55d0) on address 0x7f00. Reason: Unknown.", "a kernel reached beyond its memory (GPU node 2): a fault of the engine, its kernels or the driver", ""},
		{s, "NCCL error: x\nCUDA error: out of memory", "out of device memory", "engine_config.mem_fraction_static"},
		{s, "No module named 'sglang.srt'", "sglang is not installed for this Python", ""},
		{v, "No module named 'sglang.srt'", "", ""},
		{v, "error: unrecognized arguments: --a 1", "the release does not know these arguments: --a 1", "key of --a 1"},
	} {
		if cause, key := c.b.Diagnose(c.log, keyOf); cause != c.cause || key != c.key {
			t.Errorf("%s: %q, %q, want %q, %q", c.log, cause, key, c.cause, c.key)
		}
	}
}
