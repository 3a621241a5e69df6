package manifest

import "bytes"

// claimed are the fields that say what a manifest was compiled from and for.
var claimed = []string{"format", "kind", "backend", "engine", "harness", "data", "overrides", "sources", "harness_config"}

// Claims reads what a manifest in canonical YAML says that it was compiled from and
// for, and nothing else of it: its Backend, Engine, Harness, Data, Overrides, Sources and
// HarnessConfig. It verifies nothing: a manifest that is, to the byte, what they compile to
// needs no proof, for any other there is [Decode]. nil: it says no such thing.
func Claims(data []byte) *Manifest {
	var text []byte
	for rest := data; len(rest) > 0; {
		end := block(rest)
		for _, name := range claimed {
			if bytes.HasPrefix(rest, []byte(name)) && len(rest) > len(name) && rest[len(name)] == ':' {
				text = append(text, rest[:end]...)
			}
		}
		rest = rest[end:]
	}
	doc, err := readYAML(text)
	if err != nil {
		return nil
	}
	f := &fieldReader{doc: doc}
	m := &Manifest{
		Backend: f.text("backend"), Engine: f.engine(), Harness: f.textOrEmpty("harness"), Data: f.data(),
		Overrides: f.overrides(), Sources: f.sources(), HarnessConfig: f.section("harness_config"),
	}
	if f.text("kind") != Kind || f.integer("format") != Format || f.err != nil {
		return nil
	}
	return m
}

// block is the length of a field at the top with what stands below it: up to the next line
// that is not indented.
func block(text []byte) int {
	for at := 0; ; {
		next := bytes.IndexByte(text[at:], '\n')
		if at += next + 1; next < 0 || at == len(text) {
			return len(text)
		}
		if text[at] != ' ' {
			return at
		}
	}
}
