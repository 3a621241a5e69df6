package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/output"
	"mlcfg/internal/diag"
	"mlcfg/internal/loadgen"
)

// userConf is what stands for LoadGen's user.conf where an engine is named.
const userConf = "user.conf"

// showUserConf lists the keys of a user.conf, or one.
func (a *app) showUserConf(c *cli.Context, key string) error {
	keys := loadgen.ConfKeys()
	key = key[strings.LastIndexByte(key, '.')+1:] // MODEL.SCENARIO.KEY is one too
	if key != "" {
		all := keys
		if keys = slices.DeleteFunc(slices.Clone(keys), func(k loadgen.ConfKey) bool { return k.Name != key }); len(keys) == 0 {
			hint := "mlcfg schema show user.conf lists the keys"
			var names []string
			for _, k := range all {
				names = append(names, k.Name)
			}
			if near := diag.Name(names, key); near != "" {
				hint = "did you mean " + near
			}
			return withHint(hint, "user.conf has no key %q", key)
		}
	}
	if c.String("format") == "json" {
		return output.JSON(a.stdout, map[string]any{"keys": keys})
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL.SCENARIO.KEY = VALUE; * stands for every model or scenario")
	fmt.Fprintln(w)
	for _, k := range keys {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", k.Name, strings.Join(k.Scenarios, ", "), k.Value, k.About)
	}
	return w.Flush()
}
