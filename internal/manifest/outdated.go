package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// outdated refuses a manifest of format 1, which left the size of the data set
// and the spelling of the command line to whoever ran it. Its digest is not
// looked at: all that is taken from it is how it was compiled, so that the
// command can be typed again.
func outdated(doc *document) *Error {
	f := &fieldReader{doc: doc}
	old := &Manifest{
		BenchmarkName: f.text("benchmark_name"), Scenario: f.text("scenario"), Backend: f.text("backend"), Engine: f.engine(), HarnessConfig: f.section("harness_config"),
		Sources: f.sources(), Overrides: f.overrides(),
	}
	old.Harness, _ = Text(f.section("loadgen"), "round")
	err := &Error{
		Line: doc.lines["format"], Hint: hintRecompile, Format: 1,
		Msg: fmt.Sprintf("format 1 does not fix a run, this program takes format %d: compile again", Format),
	}
	if f.err == nil && len(old.Sources) > 1 {
		err.Old, err.Hint = old, "in the configuration's folder: "+old.command()
	}
	return err
}

// command is what compiles the manifest, from its configuration's folder.
func (m *Manifest) command() string {
	words := []string{
		"mlcfg", "compile", m.Sources[1].Path, "--base", m.Sources[0].Path,
		"--backend", m.Backend, "--engine-version", m.Engine.Name + "=" + m.Engine.Version,
	}
	if m.Harness != "" {
		words = append(words, "--round", m.Harness)
	}
	words = append(words, m.Overrides...)
	for i, w := range words {
		words[i] = quoted(w)
	}
	return strings.Join(append(words, "-o", "FILE"), " ")
}

// quoted is a word as a shell takes it, without anything that moves a terminal.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=+,:@", r)
	}
	if word != "" && !slices.ContainsFunc([]rune(word), func(r rune) bool { return !plain(r) }) {
		return word
	}
	word = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, word)
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
