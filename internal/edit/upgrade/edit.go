package upgrade

import (
	"bytes"
	"slices"

	"mlcfg/internal/edit"
	"mlcfg/internal/source"
)

// Edit makes the safe edits among changes in an overlay's text: renames, and
// keys that go. All other lines, comments and order stay. done are the changes that were
// made; the text is nil where there is none.
func Edit(name string, data []byte, dialect source.Dialect, changes []Change, keep func(section string) bool) (text []byte, done []Change) {
	lines := bytes.SplitAfter(bytes.Clone(data), []byte("\n"))
	var gone []string
	for _, c := range changes {
		if c.Layer != "overlay" || c.File != name || c.Rename == "" && !c.Drop {
			continue
		}
		if c.Drop {
			gone = append(gone, c.Key)
		} else if !rename(lines, c) {
			continue
		}
		done = append(done, c)
	}
	if len(done) == 0 {
		return nil, nil
	}
	text = bytes.Join(lines, nil)
	if len(gone) == 0 {
		return text, done
	}
	doc, _ := dialect.ParseDocument(name, text)
	if doc == nil {
		return nil, nil
	}
	return edit.RemoveKeys(doc, text, gone, keep), done
}

// rename writes a key's new name in its place. A key that is not spelt plainly
// there, quoted for one, is left alone.
func rename(lines [][]byte, c Change) bool {
	if c.Pos.Line < 1 || c.Pos.Line > len(lines) {
		return false
	}
	line := []rune(string(lines[c.Pos.Line-1]))
	old := []rune(c.Key[bytes.LastIndexByte([]byte(c.Key), '.')+1:])
	at := c.Pos.Column - 1
	if at < 0 || at+len(old) > len(line) || !slices.Equal(line[at:at+len(old)], old) {
		return false
	}
	lines[c.Pos.Line-1] = []byte(string(line[:at]) + c.Rename + string(line[at+len(old):]))
	return true
}
