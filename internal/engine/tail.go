package engine

import (
	"bytes"
	"io"
	"os"
	"strings"
	"unicode"

	"mlcfg/internal/lazyregexp"
)

// tailSize is how much of a log's end is looked at.
const tailSize = 256 << 10

// tail is the end of a file, cut at a line. A file that cannot be read is empty.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	cut := false
	if info, err := f.Stat(); err == nil && info.Size() > tailSize {
		if _, err := f.Seek(-tailSize, io.SeekEnd); err != nil {
			return ""
		}
		cut = true
	}
	b, _ := io.ReadAll(io.LimitReader(f, tailSize))
	if cut {
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	return string(b)
}

// lastLines are the last n lines that say something.
func lastLines(text string, n int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = cleanLine(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-n):]
}

var controls = lazyregexp.New(`\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]`)

// longLine is where a line is cut when it is shown.
const longLine = 400

// cleanLine is a line as it would stand on a terminal: what a progress bar wrote
// last, without colours and control characters.
func cleanLine(line string) string {
	line = strings.TrimRight(line, "\r\n\t ")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	line = strings.Map(shown, strings.ToValidUTF8(controls.ReplaceAllString(line, ""), "?"))
	if len(line) > longLine {
		line = strings.ToValidUTF8(line[:longLine], "") + " ..."
	}
	return line
}

// shown leaves out what moves a terminal's cursor or turns its writing around.
func shown(r rune) rune {
	if r == '\t' || unicode.IsPrint(r) {
		return r
	}
	return -1
}

// hide blots out secrets.
func hide(lines, secrets []string) []string {
	for i := range lines {
		for _, s := range secrets {
			lines[i] = strings.ReplaceAll(lines[i], s, "***")
		}
	}
	return lines
}

// follower reads what was added to a growing file since it last looked.
type follower struct {
	path string
	at   int64
	part string // an unfinished line
}

// lines are the new lines, and the state of an unfinished one: progress bars
// write over their line for a long time.
func (f *follower) lines() []string {
	file, err := os.Open(f.path)
	if err != nil {
		return nil
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() < f.at { // its middle was cut out
		f.at, f.part = max(0, info.Size()-tailSize), ""
	}
	if _, err := file.Seek(f.at, io.SeekStart); err != nil {
		return nil
	}
	b, _ := io.ReadAll(io.LimitReader(file, tailSize))
	if len(b) == 0 {
		return nil
	}
	f.at += int64(len(b))
	text := f.part + string(b)
	end := strings.LastIndexByte(text, '\n') + 1
	f.part = text[end:]
	if len(f.part) > tailSize {
		f.part = f.part[len(f.part)-tailSize:]
	}
	return lastLines(text, 1000)
}
