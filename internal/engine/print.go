package engine

import (
	"fmt"
	"strings"
)

// CommandLine is a command as a person would type it, quoted for a POSIX shell.
// It is for reading and pasting; mlrun itself gives no command to a shell.
func CommandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = shellWord(word)
	}
	return strings.Join(words, " ")
}

func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./,:+@%", r)
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	if s == portMark {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Text is the plan for people: one block a replica, what all have in common once.
func (p *Plan) Text() string {
	var b strings.Builder
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	for i, r := range p.Replicas {
		fmt.Fprintf(&b, "replica %d\n", r.Index)
		if r.URL != "" {
			fmt.Fprintf(&b, "  runs already at %s\n", r.URL)
			continue
		}
		if len(r.Devices) > 0 {
			fmt.Fprintf(&b, "  devices %s\n", strings.Join(r.Devices, ","))
		}
		if r.CPUs != "" {
			fmt.Fprintf(&b, "  cpus %s\n", r.CPUs)
		}
		for _, e := range r.Env {
			if i > 0 && contains(p.Replicas[0].Env, e) {
				continue
			}
			fmt.Fprintf(&b, "  env %s\n", e)
		}
		fmt.Fprintf(&b, "  %s\n", CommandLine(r.Command))
	}
	return b.String()
}

func contains(env []EnvVar, e EnvVar) bool {
	value, ok := lookup(env, e.Name)
	return ok && value == e.Value
}
