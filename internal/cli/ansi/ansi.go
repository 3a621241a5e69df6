// Package ansi colours text for terminals. Whether an output is one, and
// whether its user wants colours, is the caller's to say.
//
//	style := ansi.Style{On: true}
//	fmt.Println(style.Bold("x"))
package ansi

import (
	"strings"
	"unicode/utf8"
)

// Style colours text where On is set; the zero Style leaves it as it is.
type Style struct{ On bool }

func (s Style) with(code, text string) string {
	if !s.On || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold, Faint, Red, Green, Yellow and Cyan are the styles by their looks.
func (s Style) Bold(text string) string   { return s.with("1", text) }
func (s Style) Faint(text string) string  { return s.with("2", text) }
func (s Style) Red(text string) string    { return s.with("31", text) }
func (s Style) Green(text string) string  { return s.with("32", text) }
func (s Style) Yellow(text string) string { return s.with("33", text) }
func (s Style) Cyan(text string) string   { return s.with("36", text) }

// Pad fills text, not yet coloured, with blanks on the right to width characters.
func Pad(text string, width int) string {
	if n := width - utf8.RuneCountInString(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// PadLeft is Pad with the blanks on the left.
func PadLeft(text string, width int) string {
	if n := width - utf8.RuneCountInString(text); n > 0 {
		return strings.Repeat(" ", n) + text
	}
	return text
}

// Cut shortens text to width characters, the last of them being an ellipsis.
func Cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(width-1, 0)]) + "…"
}

// Wrap breaks text at blanks into lines of at most width characters; a longer
// word stands on a line of its own.
func Wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, length = word, n
		case length+1+n <= width:
			line, length = line+" "+word, length+1+n
		default:
			lines = append(lines, line)
			line, length = word, n
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
