package engine

import (
	"strings"

	"mlcfg/internal/engine/slurm"
)

// CommandLine is a command as a person would type it, quoted for a POSIX shell.
// It is for reading and pasting; mlrun itself passes no command to a shell.
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
	if s == portMark || s == slurm.NoAddress || strings.HasPrefix(s, "{file:") && strings.HasSuffix(s, "}") && strings.TrimFunc(s[len("{file:"):len(s)-1], plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
