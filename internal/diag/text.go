package diag

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"mlcfg/internal/diag/secret"
)

// TextOptions says how WriteText shows findings. The zero value prints them
// without source lines and without colour.
type TextOptions struct {
	// Source returns the text of a file that findings name, nil where there is
	// none. It is asked once a file and run.
	Source func(file string) []byte
	// Color adds ANSI colours: for terminals only.
	Color bool
}

// WriteText writes findings for people, one after the other, in the order of l:
//
//	models/x.yaml:12:3: error: unknown key max_num_seq, did you mean max_num_seqs [unknown-key]
//	   12 |   max_num_seq: 256
//	      |   ^~~~~~~~~~~
//	      = hint: ...
func WriteText(w io.Writer, l List, o TextOptions) error {
	out := bufio.NewWriter(w)
	t := textWriter{out: out, source: o.Source, lines: map[string][][]byte{}, cleaned: map[string]string{}}
	if o.Color {
		t.paint = paint
	}
	for _, d := range l {
		t.write(d)
	}
	return out.Flush()
}

type textWriter struct {
	out    *bufio.Writer
	source func(string) []byte
	lines  map[string][][]byte
	// cleaned are texts that were written before, by what they were.
	cleaned map[string]string
	// paint is nil without colour.
	paint func(style, s string) string
}

// ANSI styles, by what they mark.
const (
	styleError   = "1;31"
	styleWarning = "1;33"
	styleInfo    = "1;36"
	stylePlace   = "1"
	styleFaint   = "2"
)

func paint(style, s string) string { return "\x1b[" + style + "m" + s + "\x1b[0m" }

func (t *textWriter) styled(style, s string) string {
	if t.paint == nil {
		return s
	}
	return t.paint(style, s)
}

func (t *textWriter) write(d Diagnostic) {
	style := map[Severity]string{Error: styleError, Warning: styleWarning, Info: styleInfo}[d.Severity]
	if place := Clean(d.Pos.String()); place != "-" {
		fmt.Fprintf(t.out, "%s: ", t.styled(stylePlace, place))
	}
	fmt.Fprintf(t.out, "%s: %s %s\n", t.styled(style, d.Severity.String()), t.clean(d.Message), t.styled(styleFaint, "["+d.Code+"]"))
	if !d.Private {
		t.snippet(d.Pos, style)
	}
	if d.Hint != "" {
		fmt.Fprintf(t.out, "      = hint: %s\n", t.clean(d.Hint))
	}
	for _, r := range d.Related {
		fmt.Fprintf(t.out, "      = %s: %s\n", Clean(r.Pos.String()), t.clean(r.Message))
	}
}

// maxCleaned bounds the texts that are kept.
const maxCleaned = 1 << 10

// clean is [Clean]: many overlays have the same few messages.
func (t *textWriter) clean(text string) string {
	cleaned, known := t.cleaned[text]
	if !known {
		cleaned = Clean(text)
		if len(t.cleaned) < maxCleaned {
			t.cleaned[text] = cleaned
		}
	}
	return cleaned
}

// snippetWidth is how many characters of a long line are shown.
const snippetWidth = 100

// snippet shows the source line with a caret under the place.
func (t *textWriter) snippet(p Pos, style string) {
	text, ok := t.line(p)
	if !ok || p.Column < 1 || secret.Line(string(text)) {
		return
	}
	line := []rune(strings.ToValidUTF8(string(text), "\uFFFD"))
	at := min(p.Column-1, len(line))
	if at > snippetWidth*2/3 && len(line) > snippetWidth {
		cut := min(at-snippetWidth/2, len(line)-snippetWidth)
		line, at = append([]rune("…"), line[cut:]...), at-cut+1
	}
	if len(line) > snippetWidth {
		line = append(line[:snippetWidth:snippetWidth], '…')
	}
	for i, r := range line {
		if unicode.IsControl(r) {
			line[i] = ' '
		}
	}
	width := wordWidth(line[at:])
	bar := t.styled(styleFaint, "|")
	fmt.Fprintf(t.out, "%5d %s %s\n", p.Line, bar, strings.TrimRight(string(line), " "))
	fmt.Fprintf(t.out, "      %s %s%s\n", bar, strings.Repeat(" ", at), t.styled(style, "^"+strings.Repeat("~", max(width-1, 0))))
}

// wordWidth is how many characters the key or value at the start of s has.
func wordWidth(s []rune) int {
	if len(s) == 0 {
		return 1
	}
	if q := s[0]; q == '"' || q == '\'' {
		for i := 1; i < len(s); i++ {
			if s[i] == q {
				return i + 1
			}
		}
	}
	for i, r := range s {
		if unicode.IsSpace(r) || strings.ContainsRune(":,]}=", r) {
			return max(i, 1)
		}
	}
	return len(s)
}

// line finds a line of a file, without its ending.
func (t *textWriter) line(p Pos) ([]byte, bool) {
	if t.source == nil || p.Line < 1 {
		return nil, false
	}
	lines, seen := t.lines[p.File]
	if !seen {
		lines = bytes.Split(t.source(p.File), []byte("\n"))
		t.lines[p.File] = lines
	}
	if p.Line > len(lines) {
		return nil, false
	}
	return bytes.TrimSuffix(lines[p.Line-1], []byte("\r")), true
}
