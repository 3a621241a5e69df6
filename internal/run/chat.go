package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/client"
	"mlcfg/internal/manifest"
	"mlcfg/internal/release"
)

// planChat makes chats of the requests: what each carries is named as a chat has it.
func (p *Plan) planChat() error {
	f, version := p.Engine.Facts, p.Manifest.Engine.Version
	params := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(p.Parameters)) {
		field, listed := f.ChatFields[key]
		if !listed && f.Requests == backend.Generate || listed && release.Compare(version, field.Since) < 0 {
			return fmt.Errorf("sampling_config.%s: the samples are conversations, and a chat of %s %s has no field for it", key, f.Title, version)
		}
		params[cmp.Or(field.Name, key)] = p.Parameters[key]
		maps.Copy(params, field.With)
	}
	p.Protocol, p.Parameters = client.Chat, params
	return nil
}

// noteAdded notes what the engine's server adds to requests that leave it out.
func (p *Plan) noteAdded() {
	f, version, chat := p.Engine.Facts, p.Manifest.Engine.Version, p.Protocol == client.Chat
	for _, key := range slices.Sorted(maps.Keys(f.Kept)) {
		kept, set := f.Kept[key], p.Manifest.EngineConfig[key]
		if release.Compare(version, kept.Since) < 0 || kept.Chats && !chat || set == kept.Value || set == nil && (p.Engine.External || p.says(key)) {
			continue
		}
		what := fmt.Sprintf("engine_config.%s is %v", key, set)
		if set == nil {
			what = fmt.Sprintf("the manifest was compiled before mlcfg said %s %v", key, kept.Value)
		}
		p.Notes = append(p.Notes, what+": the server fills in sampling values that requests leave out")
	}
	if chat && release.Compare(version, f.ChatAddsUntil) < 0 {
		p.added("the server", f.ChatAdds)
	}
	for _, a := range f.Adds {
		if a.Chats || !chat {
			p.added("engine_config."+a.Key, textOrMap(p.Manifest.EngineConfig[a.Key]))
		}
	}
}

// added notes what of these values requests leave out.
func (p *Plan) added(by string, values map[string]any) {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if _, carried := p.Parameters[key]; !carried && values[key] != nil {
			text, err := json.Marshal(values[key])
			if err == nil {
				list = append(list, key+"="+string(text))
			}
		}
	}
	if len(list) > 0 {
		p.Notes = append(p.Notes, by+" adds to every request: "+strings.Join(list, ", "))
	}
}

// says reports whether the command line says a key.
func (p *Plan) says(key string) bool {
	role, err := p.Manifest.Serving()
	return err == nil && slices.ContainsFunc(role.Arguments, func(a manifest.Argument) bool { return a.Key == key })
}

// textOrMap is a map, or what text of JSON says; nil where it is neither.
func textOrMap(v any) map[string]any {
	if text, isText := v.(string); isText {
		_ = json.Unmarshal([]byte(text), &v) // the engine refuses what is no JSON
	}
	m, _ := v.(map[string]any)
	return m
}
