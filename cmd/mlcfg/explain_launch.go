package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/cli/cliargs"
	"mlcfg/internal/explain"
	"mlcfg/internal/launch"
)

// explainLaunch explains what a file starts, where it is a file that starts engines; ok is false
// for others.
func (a *app) explainLaunch(c *cli.Context, operands []string) (ok bool, err error) {
	if len(operands) == 0 || len(operands) > 2 {
		return false, nil
	}
	f, launches, which := launch.Open(operands[0])
	if len(launches) == 0 {
		return false, nil
	}
	checker, err := launchChecker(c, []string{f.Path})
	if err != nil {
		return true, err
	}
	chosen, err := explain.Select(launches, which)
	if err != nil {
		return true, err
	}
	r, err := checker.Resolve(chosen)
	if err != nil {
		return true, err
	}
	pattern := ""
	if len(operands) == 2 {
		pattern = operands[1]
	}
	return true, a.writeView(c, explain.OfLaunch(r), pattern)
}

// writeView writes the values of a view that a pattern means, all of none.
func (a *app) writeView(c *cli.Context, view *explain.View, pattern string) (err error) {
	values := view.Values
	if pattern != "" {
		if values, err = view.Find(pattern, c.Bool("unset")); err != nil {
			var missing *explain.NotFound
			if errors.As(err, &missing) {
				return &cliargs.HintedError{Err: err, Hint: missing.Hint}
			}
			return err
		}
	} else if c.Bool("unset") {
		return withHint("explain OVERLAY 'max_*' --unset", "--unset goes with a pattern")
	}
	options := explain.TextOptions{Color: a.color(a.stdout)}
	switch {
	case c.String("format") == "json":
		err = explain.WriteJSON(a.stdout, view, values)
	case pattern == "":
		err = explain.WriteBlame(a.stdout, view, append(values, view.Unread...), options)
	case explain.IsPattern(pattern) || len(values) > maxLong:
		err = explain.WriteBlame(a.stdout, view, values, options)
	default:
		err = explain.WriteText(a.stdout, view, values, options)
	}
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
