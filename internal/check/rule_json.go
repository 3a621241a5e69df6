package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/source"
	"mlcfg/schema"
)

// textsAreJSON refuses a text that the engine reads as JSON, once it has loaded half of itself,
// and that holds none.
func textsAreJSON(c *Config, found *diag.List) {
	for _, j := range c.Backend.JSONTexts {
		k, ok := c.engine(j.Key)
		text, isText := k.value.(string)
		brackets := strings.ContainsAny(text, "{[")
		if !ok || k.setting == nil || !isText || j.Path && (!brackets || strings.HasPrefix(text, "@")) {
			continue
		}
		var m map[string]any
		err := json.Unmarshal([]byte(text), &m)
		if err == nil && m == nil {
			err = errors.New("null is no map; leave it out")
		}
		if err == nil {
			continue
		}
		d := diag.Diagnostic{
			Code:    schema.WrongType,
			Message: fmt.Sprintf("%s is a text that %s %s reads as a map in JSON, and it is none: %v", j.Key, c.Schema.Engine, c.Schema.Release, err),
		}
		write(&d, jsonOfYAML(text))
		c.report(found, d, k)
	}
}

// jsonOfYAML is a text with JSON for the map that a text holds as YAML or Python write one;
// empty where it holds none.
func jsonOfYAML(text string) string {
	n, found := source.ParseValue("", text)
	if n == nil || len(found) > 0 || n.Kind != source.Map || !sure(n) {
		return ""
	}
	data, err := json.Marshal(n.Interface())
	if err != nil {
		return ""
	}
	return strconv.Quote(string(data))
}

// sure reports whether nothing in a value is read by YAML as something other than was
// meant: a place left empty, and Python's None.
func sure(n *source.Node) bool {
	switch n.Kind {
	case source.Null:
		return n.Text != ""
	case source.String:
		return n.Quoted || n.Str != "None"
	case source.List:
		return !slices.ContainsFunc(n.Items, func(item *source.Node) bool { return !sure(item) })
	case source.Map:
		return !slices.ContainsFunc(n.Fields, func(f source.Field) bool { return !sure(f.Value) })
	}
	return true
}
