package schema

import (
	"slices"
	"strings"

	"mlcfg/internal/diag"
)

// Kind is a set of value types.
type Kind uint8

// The kinds of value. A float key takes Int too (1 for 1.0), an int key never
// takes Float.
const (
	Null Kind = 1 << iota
	Bool
	Int
	Float
	String
	List
	Map

	// AnyKind is every kind: the engine takes what it is given.
	AnyKind = Null | Bool | Int | Float | String | List | Map
)

var kindWords = []struct {
	kind Kind
	word string
}{
	{Bool, "a boolean"},
	{Int, "an integer"},
	{Float, "a number"},
	{String, "a string"},
	{List, "a list"},
	{Map, "a map"},
	{Null, "null"},
}

// String names the kinds as a person would: "an integer or null".
func (k Kind) String() string {
	if k == AnyKind {
		return "anything"
	}
	if k&Float != 0 {
		k &^= Int // a number says both
	}
	var words []string
	for _, w := range kindWords {
		if k&w.kind != 0 {
			words = append(words, w.word)
		}
	}
	return joinOr(words)
}

// Only is a key, or a value of it, that one tree of a round's reference harness alone has.
type Only struct {
	// Who is the tree, [Mlrun] where none has it.
	Who string
	// Value is the value, empty for the key itself; In is the scenario in which it counts,
	// empty for any.
	Value, In string
	// Else is what the others do at the value: "ends with an error".
	Else string
}

// Mlrun is who takes what no reference harness does.
const Mlrun = "mlrun"

// Bound is one end of a range.
type Bound struct {
	Value     float64 `json:"value"`
	Exclusive bool    `json:"exclusive,omitempty"`
}

// Flag is how a release spells a key on its command line.
type Flag struct {
	// Names are the spellings, the long one first ("--tensor-parallel-size",
	// "-tp"). Empty for a positional argument.
	Names []string
	// Negative is the spelling that turns a switch off ("--no-enforce-eager"),
	// empty where there is none.
	Negative string
	// Action is store (takes a value), store_true, store_false, append,
	// bool (a switch with a Negative), count, pairs (takes a map as KEY=VALUE,KEY=VALUE), or
	// the engine's own action class.
	Action string
	// Nargs is "" (one value), "0", "?", "*", "+" or a count.
	Nargs string
}

// Abbreviated returns the flags of a sorted list that begin with a text. Python's argparse takes
// the beginning of one flag alone for that flag.
func Abbreviated(sorted []string, text string) []string {
	from, _ := slices.BinarySearch(sorted, text)
	to := from
	for to < len(sorted) && strings.HasPrefix(sorted[to], text) {
		to++
	}
	return sorted[from:to:to]
}

// Pairs is the [Flag.Action] of a flag that takes a map as KEY=VALUE pairs between commas.
const Pairs = "pairs"

// Key is one configuration key as one release of an engine knows it. Keys are
// shared: do not change one.
type Key struct {
	Name    string
	Section string
	// Doc is the engine's own help text, may be empty.
	Doc string
	// Kinds are the types that the engine takes.
	Kinds Kind
	// Min and Max are the legal range of a number, nil where open.
	Min, Max *Bound
	// Enum are the legal values where only these are legal, nil otherwise.
	// For a key of several kinds it lists the literals of the closed ones.
	Enum []any
	// Default is the engine's value where the key is not set, valid with
	// HasDefault: nil, bool, int64, float64, string, []any or map[string]any.
	Default    any
	HasDefault bool
	// DefaultNote is the text of a default that is computed at run time, or
	// says why there is none.
	DefaultNote string
	// Required reports whether the engine does not start without the key.
	Required bool
	// Flag is the spelling on the command line, nil for a key that only the
	// engine's constructor takes.
	Flag *Flag
	// Deprecated is what the release says about a key it still takes but
	// advises against or ignores; empty for the others.
	Deprecated string
	// Inert tells of an environment variable that the release still lists but
	// reads nowhere, while an earlier release did.
	Inert bool
	// Unread tells of a key that the release takes and reads nowhere.
	Unread bool
	// NotRun says what mlrun does instead of what the reference harness does by the
	// key; empty for keys that it carries out, or that nobody does.
	NotRun string
	// AnyCase reports whether the reference harness, or the engine called as a library, takes
	// a text in upper and in lower case.
	AnyCase bool
	// Only says what not every reference harness of the round takes.
	Only []Only
	// Until is the last release of the engine that a hand-written line holds for, empty for
	// all; Without is the key that has to be absent for it.
	Until, Without string
	// Own tells of a key of the harness section that is this program's, which the
	// reference harness does not have.
	Own bool
	// Config names the section with the keys of a nested map
	// ("CompilationConfig"), empty where the map is free. With Union it is the
	// section of a map that does not say which it is, empty where it has to.
	Config string
	// Union tells several sections apart that a nested map may be of, nil where
	// there is one at most. See [Key.Nested].
	Union *Union
	// Limit names the function of the engine that enforces the range, empty
	// where the range stands in the field itself or there is none.
	Limit string
	// Refusals are the conditions over this key and others of its section under which
	// the engine refuses them together.
	Refusals []Refusal
	// First and Last are the first and last release with this very definition;
	// Last is empty when the newest embedded release has it.
	First, Last string
	// Pos is the place of the definition in the embedded CUE source.
	Pos diag.Pos

	schema *Schema
	alts   []Alternative
}

// Engine is the engine that has the key; [Harness] where that is the reference harness.
func (k *Key) Engine() string {
	if k.schema == nil {
		return ""
	}
	return k.schema.Engine
}

// Release is the release whose definition this is; empty for one of no release.
func (k *Key) Release() string {
	if k.schema == nil {
		return ""
	}
	return k.schema.Release
}

// Flags are the spellings on the command line, nil where there is none.
func (k *Key) Flags() []string {
	if k.Flag == nil {
		return nil
	}
	return k.Flag.Names
}

// Want says in words what the key takes: "an integer of at least 1 or null".
func (k *Key) Want() string { return describe(k.alts) }

// Takes reports whether a value fits the key's own definition; what a nested section
// says about it is for [Key.Check].
func (k *Key) Takes(value any) bool { return checkAlternatives(k.alts, value) == nil }

// Holds reports whether a hand-written line holds for a release of the engine.
func (k *Key) Holds(release string) bool {
	return k.Until == "" || CompareReleases(release, k.Until) <= 0
}

// InLowerCase returns a choice of the key that a text is but for the case of its letters;
// empty where the key has none, or does not take other cases.
func (k *Key) InLowerCase(value any) string {
	text, ok := value.(string)
	if lower := strings.ToLower(text); ok && k.AnyCase && lower != text && slices.Contains(k.Enum, any(lower)) {
		return lower
	}
	return ""
}

// In reports whether a release has this very definition. Releases of other
// engines and unknown ones do not.
func (k *Key) In(release string) bool {
	return CompareReleases(k.First, release) <= 0 && (k.Last == "" || CompareReleases(release, k.Last) <= 0)
}

// Form is how the engine takes the text of an environment variable, as the forms at
// the head of the CUE files are called: Int, Float, Bool (Truth too), Word, Filled, Switch,
// JSON or Text; empty for a choice of texts and for everything that is no variable.
func (k *Key) Form() string {
	kinds, pattern, number, filled := Kind(0), false, false, false
	for _, a := range k.alts {
		filled = filled || a.IsLiteral && a.Literal == true && k.Default != true
		if a.IsLiteral && a.Kinds&(Int|Null) == 0 {
			continue // a default, or a choice
		}
		kinds |= a.Kinds
		pattern = pattern || a.Pattern != ""
		number = number || a.Kinds&Int != 0 && !a.IsLiteral
	}
	switch {
	case pattern && kinds&Bool != 0 && kinds&Int != 0:
		return "Bool"
	case pattern && kinds&Bool != 0:
		return "Word"
	case pattern && filled:
		return "Filled"
	case pattern && kinds&Float != 0:
		return "Float"
	case pattern && number:
		return "Int"
	case pattern && kinds&Int != 0:
		return "Switch"
	case pattern || kinds&String == 0:
		return ""
	case kinds&Bool == 0 && kinds&Null != 0 && number: // a variable of the harness is a word without null
		return "JSON"
	}
	return "Text"
}

func joinOr(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
