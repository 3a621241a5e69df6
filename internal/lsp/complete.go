package lsp

import (
	"fmt"
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/schema"
)

// completion offers keys at the start of a line and values behind a colon.
func (s *Server) completion(p *documentParams) (any, error) {
	d, err := s.find(p)
	if err != nil {
		return nil, err
	}
	list := completionList{Items: []completionItem{}}
	session, err := s.session(d)
	if err != nil {
		return list, nil //nolint:nilerr // publish said why
	}
	c := d.cursorAt(p.Position)
	section := s.section(d, session, c.section)
	if c.inValue {
		if key, ok := section.Key(c.key); ok {
			list.Items = values(key)
		}
		return list, nil
	}
	for _, key := range section.Keys() {
		item := completionItem{Label: key.Name, Kind: itemProperty, Detail: key.Want(), Insert: key.Name + ": ", Old: key.Deprecated != ""}
		if key.HasDefault {
			item.Detail += ", default " + schema.Format(key.Default)
		}
		if key.Kinds&schema.Map != 0 {
			item.Insert = key.Name + ":"
		}
		if key.Doc != "" {
			item.Doc = &markup{"plaintext", key.Doc}
		}
		list.Items = append(list.Items, item)
	}
	for _, key := range session.Site.Keys(c.section...) {
		if _, known := section.Key(key.Name); known {
			continue
		}
		want, _ := session.Site.Want(append(slices.Clone(c.section), key.Name)...)
		item := completionItem{Label: key.Name, Kind: itemProperty, Detail: "the site's own: " + want, Insert: key.Name + ": "}
		if key.Doc != "" {
			item.Doc = &markup{"plaintext", key.Doc}
		}
		list.Items = append(list.Items, item)
	}
	return list, nil
}

// values are what a key takes, where that can be listed.
func values(key *schema.Key) (items []completionItem) {
	add := func(v any, detail string) {
		text := fmt.Sprint(v)
		if v == nil {
			text = "null"
		} else if s, ok := v.(string); ok {
			text = s
			if s == "" || slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, s) {
				text = schema.Format(s)
			}
		}
		if !slices.ContainsFunc(items, func(i completionItem) bool { return i.Label == text }) {
			items = append(items, completionItem{Label: text, Kind: itemValue, Detail: detail})
		}
	}
	for i, v := range key.Choices() {
		detail := ""
		if i == 0 && key.HasDefault {
			detail = "default"
		}
		add(v, detail)
	}
	return items
}

// section returns the keys that a path of sections has, nil where it has none known.
func (s *Server) section(d *document, session *Session, path []string) *schema.Section {
	shared := schema.Shared()
	if len(path) == 0 {
		return shared.Section("config")
	}
	in, section := shared, shared.Section(path[0])
	if path[0] == "env_config" {
		section = nil
	}
	for _, b := range backend.All() {
		kind := map[string]string{b.EngineSection(): schema.EngineConfig, b.SamplingSection(): schema.SamplingConfig, b.EnvSection(): schema.EnvConfig}[path[0]]
		if kind != "" && section == nil {
			if engine := s.engine(d, session, b.Engine); engine != nil {
				in, section = engine, engine.Section(kind)
			}
		}
	}
	for _, step := range path[1:] {
		key, ok := section.Key(step)
		if !ok || key.Config == "" {
			return nil
		}
		section = in.Section(key.Config)
	}
	return section
}

// engine returns the schema of the release that the document is checked against,
// else the newest.
func (s *Server) engine(d *document, session *Session, engine string) *schema.Schema {
	if r, err := s.resolve(d); err == nil {
		for _, target := range r.outcome.Targets {
			if target.Backend.Engine == engine && target.Values != nil {
				return target.Values.Schema
			}
		}
	}
	release := session.Release(engine)
	known, err := schema.Load(engine, release)
	if err != nil {
		return nil
	}
	return known
}

// Release is the project's release of an engine, the newest where it names none.
func (s *Session) Release(engine string) string {
	if named := s.Settings.Engines[engine]; named != "" {
		return named
	}
	releases := schema.Releases(engine)
	return releases[len(releases)-1]
}
