package launch

import (
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
)

// markdownPage reads the fences of pages: scripts, and files of the other kinds.
var markdownPage = Adapter{
	Name:   "page of Markdown",
	Claims: func(f *File) bool { return f.Has("\n```") && f.Names() },
	Read: func(f *File) []Launch {
		var found []Launch
		for _, b := range fences(string(f.Data)) {
			if !mentioned(b.text) && !isYAMLFence(b.language) {
				continue
			}
			at := diag.Pos{File: f.Path, Line: b.line, Column: 1}
			switch {
			case isYAMLFence(b.language):
				inner := NewFile(f.Path, []byte(strings.Repeat("\n", b.line-1)+b.text))
				for _, a := range f.kinds {
					if a.Name != shellName && a.Name != "page of Markdown" && a.Claims(inner) {
						found = append(found, a.Read(inner)...)
						break
					}
				}
			case isShellFence(b.language):
				w := holes(NewWord(commands(b.text, b.language), at), filledIn)
				found = append(found, f.Shell(w)...)
			}
		}
		return found
	},
}

// fence is a block of code.
type fence struct {
	language, text string
	line           int // of its first line, from 1
}

func isYAMLFence(language string) bool { return language == "yaml" || language == "yml" }

func isShellFence(language string) bool {
	switch language {
	case "", "bash", "sh", "shell", "zsh", "console", "shell-session", "text", "bat":
		return true
	}
	return false
}

// filledIn are names that a reader is to fill in: <model>, {{model}}, [PORT].
var filledIn = lazyregexp.New(`<[A-Za-z][A-Za-z0-9 _/.:|-]*>|\{\{[^{}\n]*\}\}|…`)

// fences finds the blocks of code of a page.
func fences(text string) (all []fence) {
	var open *fence
	mark := ""
	var body strings.Builder
	line := 0
	for l := range strings.Lines(text) {
		line++
		trimmed := strings.TrimSpace(l)
		switch {
		case open == nil && (strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~")):
			mark = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, trimmed[:1]))]
			language, _, _ := strings.Cut(strings.TrimSpace(trimmed[len(mark):]), " ")
			language, _, _ = strings.Cut(strings.Trim(language, "{}."), ",")
			open = &fence{language: strings.ToLower(language), line: line + 1}
			body.Reset()
		case open != nil && strings.HasPrefix(trimmed, mark) && strings.Trim(trimmed, mark[:1]) == "":
			open.text = body.String()
			all = append(all, *open)
			open = nil
		case open != nil:
			body.WriteString(l)
		}
	}
	return all
}

// commands blanks the prompts of a session, and its output.
func commands(text, language string) string {
	var out strings.Builder
	prompts := language == "console" || language == "shell-session"
	continued := false
	for l := range strings.Lines(text) {
		trimmed := strings.TrimLeft(l, " \t")
		prompt := strings.HasPrefix(trimmed, "$ ") || strings.HasPrefix(trimmed, "# ") && prompts || strings.HasPrefix(trimmed, "> ") && prompts
		switch {
		case prompt:
			indent := len(l) - len(trimmed)
			out.WriteString(l[:indent] + "  " + trimmed[2:])
		case prompts && !continued:
			out.WriteString("\n")
		default:
			out.WriteString(l)
		}
		continued = strings.HasSuffix(strings.TrimRight(l, "\r\n"), `\`)
	}
	return out.String()
}
