package check

import (
	"math"
	"strconv"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// asOnCommandLine is the value that a text, or a number instead of a map, stands for
// on the engine's command line, where people copy it from; empty where that is none.
func (c *checker) asOnCommandLine(key *schema.Key, n *source.Node) string {
	b, ok := backend.Of(c.schema.Engine)
	if !ok {
		return ""
	}
	var meant any
	switch n.Kind {
	case source.String:
		switch word, known := b.Words[key.Name][n.Str]; {
		case known:
			meant = word
		default:
			meant = sized(n.Str, b.Units)
		}
		if text, ok := asYAML(key, n.Str); ok {
			return text
		}
	case source.Int:
		for _, inner := range b.Shorthands[key.Name] {
			if section := c.schema.Section(key.Config); section != nil && hasKey(section, inner) {
				meant = map[string]any{inner: n.Interface()}
				break
			}
		}
	}
	if meant == nil || len(key.Check(meant)) > 0 {
		return ""
	}
	return schema.Format(meant)
}

// sized is a whole number with a unit behind it; nil where it is none.
func sized(text string, units map[string]float64) any {
	at := strings.LastIndexAny(text, "0123456789") + 1
	x, err := strconv.ParseFloat(text[:at], 64)
	unit, known := units[text[at:]]
	if err != nil || !known {
		return nil
	}
	n := x * unit
	if binary := math.Mod(unit, 1000) != 0; n != math.Trunc(n) || math.Abs(n) > 1<<53 || binary && x != math.Trunc(x) {
		return nil
	}
	return int64(n)
}

// asYAML is a text that holds a map or list as YAML writes it: {'a': 1}, as Python does.
func asYAML(key *schema.Key, text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' || strings.Contains(text, "\n") {
		return "", false
	}
	n, found := source.ParseValue("", text)
	if n == nil || len(found) > 0 || n.Kind != source.Map && n.Kind != source.List || !sure(n) || len(key.Check(n.Interface())) > 0 {
		return "", false
	}
	return text, true
}

// sameRole is the key of this engine that stands for what another engine's key says.
func (c *checker) sameRole(name string) string {
	own, ok := backend.Of(c.schema.Engine)
	if !ok {
		return ""
	}
	for _, other := range backend.All() {
		for _, pair := range [][2]string{{other.Model, own.Model}, {other.TP, own.TP}, {other.PP, own.PP}, {other.DP, own.DP}, {other.Tokenizer, own.Tokenizer}} {
			if pair[0] == name && pair[1] != "" && pair[1] != name && other.Engine != own.Engine {
				return pair[1]
			}
		}
	}
	return ""
}

// negatedMeans is the entry that a name with no_ before it stands for, with its value
// turned round; the name alone where the value is no boolean.
func negatedMeans(name string, n *source.Node) string {
	if n.Kind != source.Bool {
		return ""
	}
	return name + ": " + strconv.FormatBool(!n.Bool)
}

// asVariables are the variables that a list of texts with equal signs holds, as a
// map; empty where it holds anything else.
func asVariables(n *source.Node) string {
	m := &source.Node{Kind: source.Map}
	for _, item := range n.Items {
		name, value, ok := strings.Cut(item.Str, "=")
		if item.Kind != source.String || !ok || !isEnvName(name) || m.Field(name) != nil {
			return ""
		}
		m.Fields = append(m.Fields, source.Field{Key: name, Value: source.Of(value)})
	}
	if len(m.Fields) == 0 {
		return ""
	}
	words := make([]string, len(m.Fields))
	for i, f := range m.Fields {
		words[i] = f.Key + ": " + f.Value.Spell()
	}
	return "{" + strings.Join(words, ", ") + "}"
}

// asDevices is the text that a list of devices stands for in a variable of that use.
func asDevices(name string, n *source.Node) string {
	if !strings.HasSuffix(name, "_VISIBLE_DEVICES") || n.Kind != source.List || len(n.Items) == 0 {
		return ""
	}
	words := make([]string, len(n.Items))
	for i, item := range n.Items {
		if item.Kind != source.Int && item.Kind != source.String {
			return ""
		}
		words[i] = item.PyStr()
	}
	return strconv.Quote(strings.Join(words, ","))
}

// write makes a suggestion the hint too.
func write(d *diag.Diagnostic, suggestion string) {
	if d.Suggestion = suggestion; suggestion != "" {
		d.Hint = "write " + suggestion
	}
}
