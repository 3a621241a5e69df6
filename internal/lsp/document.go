package lsp

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"mlcfg/internal/compile"
	"mlcfg/internal/config"
	"mlcfg/internal/diag"
	"mlcfg/internal/source"
)

// document is a file that is open in the editor.
type document struct {
	uri     string
	path    string
	version *int
	text    string
	lines   []string
}

func newDocument(uri string, version *int, text string) (*document, bool) {
	path, ok := pathOf(uri)
	return &document{uri: uri, path: path, version: version, text: text, lines: strings.Split(text, "\n")}, ok
}

// pathOf returns the path of a file: URI.
func pathOf(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return "", false
	}
	path := u.Path
	if len(path) > 2 && path[0] == '/' && path[2] == ':' {
		path = path[1:] // a drive's letter
	}
	return filepath.FromSlash(path), true
}

func uriOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// line returns a line by its number from 0, without its end.
func (d *document) line(n int) string {
	if n < 0 || n >= len(d.lines) {
		return ""
	}
	return strings.TrimSuffix(d.lines[n], "\r")
}

// before is a line's text up to a position.
func (d *document) before(p position) string {
	units := utf16.Encode([]rune(d.line(p.Line)))
	return string(utf16.Decode(units[:max(0, min(p.Character, len(units)))]))
}

// position turns a line and a column, in characters from 1, into the protocol's.
// Lines of a file that is not open are taken as they are counted.
func (d *document) position(line, column int) position {
	runes := []rune(d.line(line - 1))
	at := max(0, min(column-1, len(runes)))
	return position{max(0, line-1), len(utf16.Encode(runes[:at]))}
}

// positionAt turns an offset in the text, in bytes, into the protocol's position.
func (d *document) positionAt(offset int) position {
	before := d.text[:offset]
	return position{strings.Count(before, "\n"), len(utf16.Encode([]rune(before[strings.LastIndexByte(before, '\n')+1:])))}
}

// find returns the document that a request is about.
func (s *Server) find(p *documentParams) (*document, error) {
	d := s.documents[p.Document.URI]
	if d == nil {
		return nil, &rpcError{invalidParams, "the document is not open"}
	}
	return d, nil
}

// didChange takes a document that was opened or changed. Changes come as the
// whole text, as the server asked for.
func (s *Server) didChange(p *documentParams) (any, error) {
	text := p.Document.Text
	if n := len(p.Changes); n > 0 {
		if p.Changes[n-1].Range != nil {
			return nil, &rpcError{invalidParams, "changes have to be the whole text"}
		}
		text = &p.Changes[n-1].Text
	}
	old := s.documents[p.Document.URI]
	if text == nil {
		return nil, &rpcError{invalidParams, "the document has no text"}
	}
	d, ok := newDocument(p.Document.URI, p.Document.Version, *text)
	if !ok {
		return nil, &rpcError{invalidParams, "the document is not a file"}
	}
	held := s.held + len(d.text)
	if old != nil {
		held -= len(old.text)
	}
	if old == nil && len(s.documents) >= maxDocuments || held > maxHeld {
		return nil, &rpcError{invalidRequest, "too many documents are open"}
	}
	s.documents[d.uri], s.held = d, held
	return nil, s.publish(d)
}

func (s *Server) didClose(p *documentParams) (any, error) {
	d, err := s.find(p)
	if err != nil {
		return nil, err
	}
	s.held -= len(d.text)
	delete(s.documents, d.uri)
	return nil, s.conn.write(notification{"2.0", "textDocument/publishDiagnostics", publishParams{URI: d.uri, Diagnostics: []diagnostic{}}})
}

// refresh reads what is on disk anew and looks at every open document again.
func (s *Server) refresh() error {
	s.sessions = map[string]*Session{}
	var uris []string
	for uri := range s.documents {
		uris = append(uris, uri)
	}
	slices.Sort(uris)
	for _, uri := range uris {
		if err := s.publish(s.documents[uri]); err != nil {
			return err
		}
	}
	return nil
}

// session returns the session of a document's folder.
func (s *Server) session(d *document) (*Session, error) {
	dir := filepath.Dir(d.path)
	if known := s.sessions[dir]; known != nil {
		return known, nil
	}
	session, err := s.Open(d.path)
	if err == nil {
		if len(s.sessions) >= maxDocuments {
			clear(s.sessions)
		}
		s.sessions[dir] = session
	}
	return session, err
}

// dialect is the release of OmegaConf as which a document is read.
func (s *Server) dialect(d *document) source.Dialect {
	session, err := s.session(d)
	if err != nil {
		return source.OmegaConf23
	}
	return session.Files.OmegaConf
}

// resolved is a document as the compiler sees it.
type resolved struct {
	session *Session
	project *config.Project
	config  *config.Config
	outcome compile.Outcome
}

// resolve reads a document on its base and checks it; where lines cannot be read, without them.
func (s *Server) resolve(d *document) (*resolved, error) {
	session, err := s.session(d)
	if err != nil {
		return nil, err
	}
	text, unread := d.readable(session.Files.OmegaConf)
	r := &resolved{session: session, project: config.New(session.Files)}
	if r.config, err = r.project.LoadText(d.path, []byte(text)); err != nil {
		return nil, err
	}
	r.outcome = session.Compiler.Check(r.config)
	if len(unread) > 0 {
		r.outcome.Found = append(unread, r.outcome.Found...)
		r.outcome.Found.Sort()
	}
	return r, nil
}

// maxUnread bounds the lines that are left out of a document so that the rest can be read.
const maxUnread = 4

// readable is the text without the lines that YAML cannot read, each left empty with what is
// indented below it, and what is wrong with them: while somebody types, the line under the
// cursor seldom is whole, and the findings of all others shall stay. Where that many lines
// do not help, it is the text as it is.
func (d *document) readable(dialect source.Dialect) (text string, unread diag.List) {
	lines := slices.Clone(d.lines)
	for range maxUnread + 1 {
		text = strings.Join(lines, "\n")
		root, found := dialect.Parse(d.path, []byte(text))
		if root != nil {
			return text, unread
		}
		at := slices.IndexFunc(found, func(f diag.Diagnostic) bool {
			return f.Severity == diag.Error && f.Pos.Line >= 1 && f.Pos.Line <= len(lines) && strings.TrimSpace(lines[f.Pos.Line-1]) != ""
		})
		if at < 0 {
			break
		}
		unread = append(unread, found[at])
		n := found[at].Pos.Line - 1
		indent := indentOf(lines[n])
		for lines[n] = ""; n+1 < len(lines) && indentOf(lines[n+1]) > indent; n++ {
			lines[n+1] = ""
		}
	}
	return d.text, nil
}

// indentOf is the indentation of a line; an empty line has none.
func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// configuration returns the session of an overlay or a base; ok is false for other files, such
// as those that start engines, and manifests, whose bytes are their own.
func (s *Server) configuration(d *document) (session *Session, ok bool) {
	session, err := s.session(d)
	if err != nil || filepath.Ext(d.path) != ".yaml" && filepath.Ext(d.path) != ".yml" {
		return nil, false
	}
	if s.isBase(d) {
		return session, true
	}
	if _, launches := d.launches(); len(launches) > 0 {
		return nil, false
	}
	c, err := config.New(session.Files).LoadText(d.path, []byte(d.text))
	return session, err == nil && c.Overlay.Root.Lookup("kind") == nil
}

// isBase reports whether a document is a base, which goes below overlays and is
// none itself.
func (s *Server) isBase(d *document) bool {
	if session, err := s.session(d); err == nil && session.Files.Base != "" {
		return same(session.Files.Base, d.path)
	}
	return filepath.Base(d.path) == "config.yaml"
}

func same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
