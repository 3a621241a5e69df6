package render

import "strings"

// Quote is a word as a POSIX shell and bash read it back, to the byte. It is the only way in which
// a text of a configuration or of an option gets into a script.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./,:+@%", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" && !strings.HasPrefix(word, "~") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// quoted are words as they stand on a line of a script.
func quoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = Quote(w)
	}
	return out
}

// document is the redirection of a text of whole lines, which the shell takes as it stands, up to
// a line that is not in it.
func document(text string) string {
	end := "MANIFEST"
	for strings.Contains("\n"+text, "\n"+end+"\n") {
		end += "_"
	}
	return "<<'" + end + "'\n" + text + end + "\n"
}
