package check

import (
	"fmt"
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/schema"
)

// spelledFalse refuses a false that the command line cannot say, where the engine
// decides by itself what is not set: false would run as true.
func spelledFalse(c *Config, found *diag.List) {
	for _, k := range c.Schema.Section(schema.EngineConfig).Keys() {
		if !unspelledFalse(k) || c.EngineConfig[k.Name] != false {
			continue
		}
		if own, ok := schema.Takes().Section(c.Backend.EngineSection()).Key(k.Name); ok && own.Takes(false) && c.EngineConfig[own.Without] == nil {
			continue
		}
		set, _ := c.engine(k.Name)
		c.report(found, diag.Diagnostic{
			Code: "no-spelling", Key: strings.Join(set.path, "."),
			Message: fmt.Sprintf("%s %s has no way to be told %s: false: without %s it decides by itself", c.Schema.Engine, c.Schema.Release, k.Name, k.Flag.Names[0]),
			Hint:    "leave the key out, or set it to null, if the engine may decide",
		}, set)
	}
}

// noFunctions refuses values of keys that are functions of the engine's Python interface.
func noFunctions(c *Config, found *diag.List) {
	for _, name := range c.Backend.Functions {
		if k, ok := c.engine(name); ok && k.setting != nil && k.value != nil {
			c.report(found, diag.Diagnostic{
				Code:    "no-spelling",
				Message: fmt.Sprintf("%s is a function of %s's Python interface, which a command line cannot name", name, c.Backend.Title),
				Hint:    "leave it out",
			}, k)
		}
	}
}

// unspelledFalse: without the flag the engine's default holds, and that is no false.
// SGLang's booleans that take a value take it as text, of which each is true
// (debug_tensor_dump_inject, type=str).
func unspelledFalse(k *schema.Key) bool {
	if k.Flag == nil || k.Flag.Negative != "" || !k.HasDefault {
		return false
	}
	switch {
	case k.Flag.Action == "store_true", k.Flag.Action == "store" && k.Flag.Nargs == "?":
		return k.Default == nil
	}
	return k.Flag.Action == "store" && k.Flag.Nargs == "" && k.Kinds&^schema.Null == schema.Bool && k.Default == false
}

// spelledNull refuses texts in lists that the command line reads as null.
func spelledNull(c *Config, found *diag.List) {
	if len(c.Backend.NullTexts) == 0 || len(c.Backend.NullTextKeys) > 0 {
		return
	}
	for _, k := range c.Schema.Section(schema.EngineConfig).Keys() {
		if k.Kinds&schema.Null == 0 || k.Flag == nil || k.Flag.Nargs != "+" && k.Flag.Nargs != "*" {
			continue
		}
		list, _ := c.EngineConfig[k.Name].([]any)
		for _, v := range list {
			text, isText := v.(string)
			if !isText || !slices.Contains(c.Backend.NullTexts, text) {
				continue
			}
			set, _ := c.engine(k.Name)
			c.report(found, diag.Diagnostic{
				Code: "no-spelling", Message: fmt.Sprintf("the command line of %s %s reads the text %q in %s as null", c.Schema.Engine, c.Schema.Release, text, k.Name),
				Hint: "leave it out",
			}, set)
			break
		}
	}
}

// textsAreHeld finds words that the engine refuses when it starts, where the type of the
// argument takes any text.
func textsAreHeld(c *Config, found *diag.List) {
	for _, held := range schema.Sense().Section(c.Backend.Engine + "_" + schema.BuiltIn).Keys() {
		name, takes := held.Name, make([]string, len(held.Enum))
		k, ok := c.engine(name)
		if !ok || k.setting == nil || k.value == nil {
			continue
		}
		for i, text := range held.Enum {
			takes[i] = fmt.Sprint(text)
		}
		if slices.Contains(takes, strings.ToLower(fmt.Sprint(k.value))) {
			continue
		}
		d := diag.Diagnostic{
			Code: schema.NotInEnum, Message: fmt.Sprintf("%s is %s, the engine takes %s", name, schema.Format(k.value), strings.Join(takes, ", ")),
		}
		// One digit is as near to each other one.
		if text := fmt.Sprint(k.value); len(text) > 1 && schema.Nearest(takes, text) != "" {
			didYouMean(&d, schema.Nearest(takes, text))
		}
		c.report(found, d, k)
	}
}
