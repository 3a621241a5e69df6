package run

import (
	"errors"
	"fmt"
	"maps"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// notOverHTTP are sampling parameters of the engines' Python interface that
// their HTTP interfaces do not take.
var notOverHTTP = map[string]string{
	"detokenize": "text is not asked for, token ids are counted",
}

// overHTTP are sampling parameters that requests to /v1/completions carry under another name.
var overHTTP = map[string]string{"extra_args": "vllm_xargs"}

// planRequests fixes what each request carries.
func (p *Plan) planRequests() error {
	p.Protocol = client.Protocol(p.Engine.Facts.Requests)
	if err := p.Manifest.CheckSampling(); err != nil {
		return err
	}
	params := map[string]any{}
	for key, value := range p.Manifest.SamplingConfig {
		if why, drop := notOverHTTP[key]; drop {
			p.Notes = append(p.Notes, fmt.Sprintf("sampling_config.%s is not sent: %s", key, why))
			continue
		}
		if name, renamed := overHTTP[key]; renamed && p.Protocol == client.Completions {
			key = name
		}
		if value != nil {
			params[key] = value
		}
	}
	if n, ok := manifest.Int(params, "n"); ok && n != 1 {
		return fmt.Errorf("sampling_config.n is %d: LoadGen counts one response a sample, so it must be 1", n)
	}
	delete(params, "n")
	p.Parameters = params
	if p.settings.Mode != loadgen.PerformanceOnly && !p.givesTokenIDs() {
		return fmt.Errorf("accuracy mode needs the ids of generated tokens, which the server of %s %s does not give (%s and later do)", p.Manifest.Engine.Name, p.Manifest.Engine.Version, p.Engine.Facts.TokenIDsFrom)
	}
	return nil
}

// givesTokenIDs reports whether the engine's server answers with token ids.
func (p *Plan) givesTokenIDs() bool {
	if p.Engine.Simulated {
		return true
	}
	role, err := p.Manifest.Serving()
	return err == nil && role.TokenIDs
}

// streams reports whether responses are streamed: where first tokens count.
func (p *Plan) streams() bool { return p.settings.Scenario != loadgen.Offline }

// client prepares requests to the endpoints.
func (p *Plan) client(endpoints []engine.Endpoint, samples *prompts) (*client.Client, error) {
	o := client.Options{
		Protocol: p.Protocol, Stream: p.streams(), Params: maps.Clone(p.Parameters),
		TokenIDs:    p.settings.Mode != loadgen.PerformanceOnly && p.Protocol != client.Generate,
		AskTokenIDs: p.Engine.Facts.AskTokenIDs,
		Headers:     p.Engine.Access.Headers, TLS: p.Engine.Access.TLS,
	}
	for _, e := range endpoints {
		o.URLs, o.HTTP2 = append(o.URLs, e.URL), append(o.HTTP2, e.HTTP2)
		if o.Model != "" && e.Model != o.Model {
			return nil, fmt.Errorf("the replicas serve different models: %q and %q", o.Model, e.Model)
		}
		o.Model = e.Model
	}
	if len(o.URLs) == 0 {
		return nil, errors.New("no engine is there")
	}
	if o.TokenIDs && p.Engine.Facts.ChatLacksTokenIDs && samples.chat() {
		return nil, fmt.Errorf("accuracy mode needs the ids of generated tokens, which a chat of %s does not give", p.Engine.Facts.Title)
	}
	if p.Protocol == client.Generate && samples.chat() {
		return nil, errors.New("chat samples cannot be sent to /generate")
	}
	return client.New(o)
}
