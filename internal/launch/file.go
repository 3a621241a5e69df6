package launch

import (
	"bytes"
	"unicode/utf8"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/source"
)

// File is a file that may hold launches. What adapters ask of it is made once.
type File struct {
	// Path is how places name it.
	Path string
	Data []byte

	// kinds are the adapters of what stands in the file in its turn.
	kinds     []*Adapter
	documents []*source.Node
	parsed    bool
	text      string
	starts    []int
}

// NewFile makes a file of its bytes.
func NewFile(path string, data []byte) *File { return &File{Path: path, Data: data} }

// Has reports whether any of these words is in the file.
func (f *File) Has(words ...string) bool {
	for _, word := range words {
		if bytes.Contains(f.Data, []byte(word)) {
			return true
		}
	}
	return false
}

// Names reports whether the name of any engine is in the file, without which few files start one.
func (f *File) Names() bool {
	for _, b := range backend.Engines() {
		if len(b.Programs) > 0 && f.Has(b.Engine) {
			return true
		}
	}
	return false
}

// firstLine is what YAML begins with, behind comments.
var firstLine = lazyregexp.New(`^(?:\s*(?:#[^\n]*)?\n)*(?:---|%YAML|\{|\s*- |\s*["']?[A-Za-z_][^\n:=()]*["']?:(?:\s|$))`)

// Documents are the YAML documents of the file that are maps, with the file's own places;
// none where it is no YAML. A document with faults is left out.
func (f *File) Documents() []*source.Node {
	if f.parsed {
		return f.documents
	}
	f.parsed = true
	if !firstLine.Match(f.Data) {
		return nil
	}
	blank := 0 // lines before the document
	for _, part := range documents(f.Data) {
		text := append(bytes.Repeat([]byte{'\n'}, blank), part...)
		blank += bytes.Count(part, []byte{'\n'})
		if root, _ := source.Parse(f.Path, text); root != nil && len(root.Fields) > 0 {
			f.documents = append(f.documents, root)
		}
	}
	return f.documents
}

// documents cuts a stream of YAML documents apart, each with the line of dashes before it
// blanked.
func documents(data []byte) [][]byte {
	var all [][]byte
	from := 0
	for at := 0; at < len(data); {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			end = len(data)
		} else {
			end += at + 1
		}
		if line := data[at:end]; bytes.HasPrefix(line, []byte("---")) && len(bytes.TrimSpace(line)) == 3 && at > from {
			all = append(all, data[from:at])
			from = at
		}
		at = end
	}
	return append(all, data[from:])
}

// from is the text of the file from a place on; ok is false where there is no such place.
func (f *File) from(at diag.Pos) (rest string, ok bool) {
	if f.starts == nil {
		f.text, f.starts = string(f.Data), []int{0}
		for i, c := range f.Data {
			if c == '\n' {
				f.starts = append(f.starts, i+1)
			}
		}
	}
	if at.Line < 1 || at.Line > len(f.starts) || at.File != f.Path {
		return "", false
	}
	rest = f.text[f.starts[at.Line-1]:]
	for column := at.Column; column > 1 && rest != ""; column-- {
		_, n := utf8.DecodeRuneInString(rest)
		rest = rest[n:]
	}
	return rest, rest != ""
}

// forget drops what is made anew when it is asked for: of the files of a repository all are kept,
// until what they start was checked.
func (f *File) forget() {
	f.documents, f.parsed, f.text, f.starts = nil, false, "", nil
}

// Place names an offset of the file.
func (f *File) Place(offset int) diag.Pos {
	before := f.Data[:offset]
	line := bytes.LastIndexByte(before, '\n') + 1
	return diag.Pos{File: f.Path, Line: bytes.Count(before, []byte{'\n'}) + 1, Column: utf8.RuneCount(before[line:]) + 1}
}

// Offset is the byte at which a place of the file is; false for one that it has not.
func (f *File) Offset(at diag.Pos) (int, bool) {
	rest, ok := f.from(at)
	return len(f.Data) - len(rest), ok
}
