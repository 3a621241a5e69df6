package engine

import (
	"fmt"
	"strings"
)

// Failure is an engine that did not start, or ended by itself. Error is one
// line: what happened, why, and the manifest's key that leads to it.
type Failure struct {
	Replica int
	// Node is where the replica is; empty: on this machine.
	Node string
	// What happened: "ended with exit status 1 while starting".
	What string
	// Cause is what the engine's log says, in one line; empty where it says
	// nothing known.
	Cause string
	// Key is the manifest's key to look at ("engine_config.max_model_len"), empty
	// where there is none.
	Key string
	// Lines are the log's last lines, Log its path.
	Lines []string
	Log   string
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "engine replica %d ", f.Replica)
	if f.Node != "" {
		fmt.Fprintf(&b, "on %s ", f.Node)
	}
	b.WriteString(f.What)
	if f.Cause != "" {
		fmt.Fprintf(&b, ": %s", f.Cause)
	}
	if f.Key != "" {
		fmt.Fprintf(&b, " (%s)", f.Key)
	}
	return b.String()
}

// Report is the error, and below it the log's last lines and its path.
func (f *Failure) Report() string {
	var b strings.Builder
	b.WriteString(f.Error())
	if len(f.Lines) > 0 {
		b.WriteString("\nits last lines:")
	}
	for _, line := range f.Lines {
		b.WriteString("\n  " + line)
	}
	if f.Log != "" {
		b.WriteString("\nlog: " + f.Log)
	}
	return b.String()
}

// diagnose finds the first known symptom in a log.
func (p *Plan) diagnose(log string) (cause, key string) {
	cause, key = p.Facts.Diagnose(log, p.keyOf)
	return cleanLine(cause), key
}

// keyOf is the key behind the first argument that is named in text, which
// argparse may write as --long/-short.
func (p *Plan) keyOf(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	for word := range strings.SplitSeq(first, "/") {
		word, _, _ = strings.Cut(word, "=")
		for _, a := range p.role.Arguments {
			name, _, _ := strings.Cut(a.Words[0], "=")
			if a.Key != "" && name == word {
				return "engine_config." + a.Key
			}
		}
	}
	return ""
}
