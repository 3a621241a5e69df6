package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/manifest"
	"mlcfg/internal/merge"
	"mlcfg/schema"
)

// nameRound says how a round is named.
func nameRound(round string) string {
	return fmt.Sprintf("with --round %s, or round in the project file, it is known", round)
}

// otherRound says in a finding about a harness key's value which round takes the value.
func (c *checker) otherRound(d *diag.Diagnostic, t *merge.Tree, key *schema.Key) {
	if c.schema.Engine != schema.Harness || d.Code != schema.NotInEnum && d.Code != schema.OutOfRange && d.Code != schema.WrongType {
		return
	}
	value := t.Interface()
	for _, other := range slices.Backward(schema.Definitions(schema.Harness, key.Section, key.Name)) {
		if len(other.Check(value)) > 0 {
			continue
		}
		d.Hint = fmt.Sprintf("the harness of this round, %s, does not take it, that of %s does: name it with --round", c.schema.Release, other.First)
		d.Suggestion = ""
		return
	}
}

// otherFork says in a finding about an engine key's value which fork takes the value.
func (c *checker) otherFork(d *diag.Diagnostic, t *merge.Tree, key *schema.Key) {
	for _, f := range schema.ForksWith(c.schema.Engine, key.Section, key.Name, c.forks) {
		if other, _ := f.Key(c.schema.Engine, key.Section, key.Name); f.Name != c.schema.Fork && len(other.Check(t.Interface())) == 0 {
			d.Hint = fmt.Sprintf("the fork %s takes it: --engine-version %s=%s+%s", f.Name, c.schema.Engine, c.schema.Release, f.Name)
			return
		}
	}
}

// readNowhere reports a key of an overlay, or of what goes over it, that the round
// takes and reads nowhere. A value that asks for nothing is told as a note.
func (c *checker) readNowhere(t *merge.Tree, key *schema.Key, value any) {
	s := settingOf(t)
	if !key.Unread || s.Layer == "base" {
		return
	}
	d := diag.Diagnostic{
		Pos: s.KeyPos, Severity: diag.Warning, Code: "unread-key", Key: t.Path, Hint: firstSentence(key.Doc),
		Message: fmt.Sprintf("nothing public of the harness of round %s reads %s: the value has no effect", c.schema.Release, t.Key),
	}
	if asksNothing(value) || isDefault(s, key) {
		d.Severity = diag.Info
	}
	for _, other := range schema.Definitions(schema.Harness, key.Section, key.Name) {
		if !other.Unread {
			d.Hint = fmt.Sprintf("the harness of round %s reads it", other.First)
		}
	}
	c.add(d)
}

// notRun notes a key of an overlay, or of what goes over it, that the harness acts on and
// mlrun does not. A key that has to be set anyway says nothing by being set, and neither
// does a default.
func (c *checker) notRun(t *merge.Tree, key *schema.Key, value any) {
	s := settingOf(t)
	if key.NotRun == "" || key.Required || s.Layer == "base" || asksNothing(value) || isDefault(s, key) {
		return
	}
	c.add(diag.Diagnostic{
		Pos: s.KeyPos, Severity: diag.Info, Code: "no-effect", Key: t.Path,
		Message: fmt.Sprintf("%s has no effect here: %s", t.Key, key.NotRun),
	})
}

// isDefault reports whether a value is what the round's own config.yaml sets.
func isDefault(s *merge.Setting, key *schema.Key) bool {
	return s.Node.Text != "" && s.Node.Text == key.DefaultNote
}

// asksNothing reports whether a value leaves everything as it is without it, as far as
// can be told: what a map asks for cannot.
func asksNothing(value any) bool {
	if n, ok := manifest.Float(map[string]any{"": value}, ""); ok {
		return n <= 0
	}
	_, isMap := value.(map[string]any)
	return value == nil || value == false || isMap
}

// notInStruct reports an override of a key of the harness section that neither
// base nor overlay has: the harness closes the section before it merges the
// command line.
func (c *checker) notInStruct(t *merge.Tree, key *schema.Key) {
	if key.Own || len(t.Chain) == 0 || t.Chain[0].Layer != merge.OverrideLayer {
		return
	}
	d := diag.Diagnostic{
		Pos: t.Chain[0].KeyPos, Severity: diag.Error, Code: "override-of-nothing", Key: t.Path,
		Message: fmt.Sprintf("%s is in neither the base nor the overlay: the harness ends with an error on an override of it", t.Path),
		Hint:    "set it in the overlay; an override then replaces it",
	}
	first := schema.Definitions(schema.Harness, key.Section, key.Name)[0]
	if first.DefaultNote != "" && first.First == schema.Releases(schema.Harness)[0] {
		// Every round's own base has it, and so will the one that the harness is run with.
		d.Severity = diag.Warning
		d.Hint = "the config.yaml of every round has it; this base does not"
	}
	c.add(d)
}

// harnessEnv is the section with the variables that the harness itself reads.
const harnessEnv = "harness_env"

// ofHarness holds a variable against what the harness of the round reads; it reports
// whether the harness, of any round, knows the variable.
func (c *checker) ofHarness(t *merge.Tree, valued bool) bool {
	definitions := schema.Definitions(schema.Harness, harnessEnv, t.Key)
	if len(definitions) == 0 {
		return false
	}
	key, known := c.round.Section(harnessEnv).Key(t.Key)
	switch {
	case !known:
		of := &checker{schema: c.round}
		c.noReader(t, of.becameOf(schema.History(schema.Harness, harnessEnv, t.Key)))
	case key.Unread:
		if settingOf(t).Layer != "base" {
			c.noReader(t, firstSentence(key.Doc))
		}
	case valued:
		c.readable(t, key)
		if value := settingOf(t).Node.Interface(); ReadBy(c.harnessTree, key) {
			c.notRun(t, key, value)
		} else {
			c.readElsewhere(t, key, value)
		}
	}
	return true
}

// harnessPrefix begins the names of variables that nothing but the harness may read.
const harnessPrefix = "HARNESS_"

// notOfHarness warns of a variable with the harness's own prefix that no round reads, and
// reports whether it is one.
func (c *checker) notOfHarness(t *merge.Tree) bool {
	if !strings.HasPrefix(t.Key, harnessPrefix) {
		return false
	}
	d := diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "inert-variable", Key: t.Path,
		Message: t.Key + " does nothing: the harness of no round reads it",
	}
	if near := c.round.Section(harnessEnv).Nearest(t.Key); near != "" {
		didYouMean(&d, near)
	}
	c.add(d)
	return true
}

func (c *checker) noReader(t *merge.Tree, why string) {
	c.add(diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Warning, Code: "inert-variable", Key: t.Path,
		Message: fmt.Sprintf("%s does nothing in the harness of round %s", t.Key, c.round.Release), Hint: why,
	})
}
