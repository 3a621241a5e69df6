package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
)

// A chat carries what the manifest says by the names that the engine's chats have; what
// they have no field for is refused, and what the server adds is told.
func TestPlanChat(t *testing.T) {
	kept := []manifest.Argument{{Key: "sampling_defaults"}, {Key: "generation_config"}}
	for name, c := range map[string]struct {
		backend, release string
		params, engine   map[string]any
		arguments        []manifest.Argument
		want             map[string]any
		notes, refused   string
	}{
		"SGLang's own names": {
			backend: "sglang", release: "0.5.23", arguments: kept,
			params: map[string]any{"max_new_tokens": int64(8), "min_new_tokens": int64(2), "sampling_seed": int64(3), "top_k": int64(1)},
			want:   map[string]any{"max_tokens": int64(8), "min_tokens": int64(2), "seed": int64(3), "top_k": int64(1)},
		},
		"vLLM's logprobs": {
			backend: "vllm", release: "0.33.0", arguments: kept,
			params: map[string]any{"logprobs": int64(2), "max_tokens": int64(8)},
			want:   map[string]any{"logprobs": true, "top_logprobs": int64(2), "max_tokens": int64(8)},
		},
		"a parameter without a field": {
			backend: "sglang", release: "0.5.23",
			params: map[string]any{"json_schema": "{}"}, refused: "a chat of SGLang 0.5.23 has no field for it",
		},
		"a field that is newer": {
			backend: "sglang", release: "0.5.6.post2",
			params: map[string]any{"sampling_seed": int64(3)}, refused: "sampling_config.sampling_seed: ",
		},
		"a folder of the model": {
			backend: "sglang", release: "0.5.23", arguments: kept, engine: map[string]any{"sampling_defaults": "model"},
			want: map[string]any{}, notes: "[engine_config.sampling_defaults is model: the server fills in sampling values that requests leave out]",
		},
		"a manifest that does not keep it": {
			backend: "sglang", release: "0.5.3.post1",
			want: map[string]any{}, notes: "[the manifest was compiled before mlcfg said sampling_defaults openai: the server fills in",
		},
		"a release with a temperature": {backend: "sglang", release: "0.5.3", want: map[string]any{}, notes: "[the server adds to every request: temperature=0.7]"},
		"and one that is set":          {backend: "sglang", release: "0.5.3", params: map[string]any{"temperature": 0.0}, want: map[string]any{"temperature": 0.0}},
		"parameters of requests alone": {
			backend: "sglang", release: "0.5.23", arguments: kept, engine: map[string]any{"preferred_sampling_params": `{"top_k": 3}`}, want: map[string]any{},
		},
		"parameters of all": {
			backend: "vllm", release: "0.33.0", arguments: kept, engine: map[string]any{"override_generation_config": map[string]any{"top_k": int64(3), "top_p": 0.5}},
			params: map[string]any{"top_p": 0.1},
			want:   map[string]any{"top_p": 0.1}, notes: "[engine_config.override_generation_config adds to every request: top_k=3]",
		},
	} {
		b, _ := backend.Of(c.backend)
		p := &Plan{
			Engine: &engine.Plan{Facts: b}, Parameters: c.params,
			Manifest: &manifest.Manifest{Engine: manifest.Engine{Version: c.release}, EngineConfig: c.engine, Roles: []manifest.Role{{Arguments: c.arguments}}},
		}
		err := p.planChat()
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		p.noteAdded()
		if diff := cmp.Diff(c.want, p.Parameters); diff != "" || p.Protocol != client.Chat || !strings.HasPrefix(fmt.Sprint(p.Notes), c.notes) || c.notes == "" && len(p.Notes) > 0 {
			t.Errorf("%s: %s %q", name, diff, p.Notes)
		}
	}
	b, _ := backend.Of("sglang")
	p := &Plan{Protocol: client.Generate, Engine: &engine.Plan{Facts: b}, Manifest: &manifest.Manifest{
		Engine: manifest.Engine{Version: "0.5.23"}, EngineConfig: map[string]any{"preferred_sampling_params": `{"top_k": 3}`},
	}}
	if p.noteAdded(); fmt.Sprint(p.Notes) != "[engine_config.preferred_sampling_params adds to every request: top_k=3]" {
		t.Errorf("%q", p.Notes)
	}
}
