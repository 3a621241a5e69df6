package fit

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes a report for people.
func WriteText(w io.Writer, r *Report) {
	on := ""
	if r.GPU != "" {
		on = " on " + r.GPU
	}
	fmt.Fprintf(w, "%s, %s %s%s\n", r.Model, r.Engine, r.Release, on)
	line := func(name, value, unit string) { fmt.Fprintf(w, "  %-22s %14s %s\n", name, value, unit) }
	amount := func(name string, v *float64) {
		if v == nil {
			line(name, "unknown", "")
			return
		}
		line(name, fmt.Sprintf("%.2f", *v), "GiB a GPU")
	}
	amount("weights", r.Weights)
	amount("activation", r.Activation)
	amount("graphs", r.Graph)
	amount("KV cache", r.KV)
	if r.BytesPerToken != nil {
		line("KV bytes a token", fmt.Sprintf("%.0f", *r.BytesPerToken), "a GPU")
	}
	if r.Tokens != nil {
		line("KV tokens", fmt.Sprint(*r.Tokens), "")
	}
	if r.Concurrency != nil {
		line("requests at full length", fmt.Sprintf("%.2f", *r.Concurrency), "")
	}
	if r.MaxLen != nil {
		line("longest request", fmt.Sprint(*r.MaxLen), "tokens")
	}
	switch {
	case r.Fits == nil:
		fmt.Fprintln(w, "  whether it fits is not known")
	case *r.Fits:
		fmt.Fprintln(w, "  it fits")
	case strings.HasPrefix(r.refused().Rule, "no-kv") || r.refused().Rule == "request-does-not-fit":
		fmt.Fprintln(w, "  it does not fit")
	default:
		fmt.Fprintln(w, "  the engine refuses to start")
	}
	fmt.Fprintln(w, "because")
	for _, reason := range r.Reasons {
		mark := " "
		switch {
		case reason.Refuses:
			mark = "!"
		case reason.Doubts:
			mark = "?"
		}
		fmt.Fprintf(w, "%s %s\n    %s: %s\n", mark, reason.Text, reason.Rule, reason.Source)
	}
	if len(r.Unknown) > 0 {
		fmt.Fprintln(w, "not known")
		for _, what := range r.Unknown {
			fmt.Fprintf(w, "  %s\n", what)
		}
	}
}
