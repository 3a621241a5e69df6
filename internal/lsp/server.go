// Package lsp is a language server for overlays, over a pair of streams:
// findings as you type, the same as lint's, and edits that mend them; completion of keys
// and values; what a key is and where its value is from; the way to the base's line;
// the layout of fmt; an outline.
//
//	s := lsp.Server{Open: open}
//	err := s.Run(ctx, os.Stdin, os.Stdout)
//
// What a client sends is bounded, and what is no message is answered and skipped.
// Documents that are open are held as texts and nothing else: each request reads
// the base as it is on disk.
package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"mlcfg/internal/check"
	"mlcfg/internal/compile"
	"mlcfg/internal/config"
)

// Limits of what the server holds.
const (
	maxDocuments = 1000
	// maxHeld bounds the texts of all open documents together, in bytes.
	maxHeld = 128 << 20
)

// Session is how the files of one folder are read and compiled.
type Session struct {
	Settings *config.Settings
	Files    config.Options
	Compiler *compile.Compiler
	// Site is the site's own schema, nil where it has none.
	Site *config.Site
	// Launches checks files that start engines; nil takes what they say.
	Launches *check.LaunchChecker
}

// Server serves one client.
type Server struct {
	// Open returns the session for a file, by the project file above it.
	Open      func(file string) (*Session, error)
	conn      conn
	documents map[string]*document
	held      int
	// sessions are those in use, by the file's folder; a saved file ends them all.
	sessions map[string]*Session

	initialized, shutdown bool
}

// ErrNoShutdown says that the client left without saying so.
var ErrNoShutdown = errors.New("the client ended without shutdown")

// Run serves until the client says exit or its stream ends.
func (s *Server) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	s.conn = conn{bufio.NewReaderSize(in, maxHeader), out}
	s.documents, s.sessions = map[string]*document{}, map[string]*Session{}
	for ctx.Err() == nil {
		data, err := s.conn.read()
		switch {
		case errors.Is(err, errMalformed):
			err = s.reply(nil, nil, &rpcError{parseError, err.Error()})
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			if !s.shutdown {
				return ErrNoShutdown
			}
			return nil
		case err == nil:
			var done bool
			if done, err = s.message(data); done {
				if !s.shutdown {
					return ErrNoShutdown
				}
				return err
			}
		}
		if err != nil {
			return fmt.Errorf("serving: %w", err)
		}
	}
	return ctx.Err()
}

// message handles one message; done reports whether it was the last. The error is one
// of writing.
func (s *Server) message(data []byte) (done bool, err error) {
	var r request
	if json.Unmarshal(data, &r) != nil {
		if !json.Valid(data) {
			return false, s.reply(nil, nil, &rpcError{parseError, "the message is not JSON"})
		}
		return false, s.reply(nil, nil, &rpcError{invalidRequest, "the message is not a request"})
	}
	switch {
	case r.Method == "exit":
		return true, nil
	case r.Method == "":
		if r.ID == nil {
			return false, s.reply(nil, nil, &rpcError{invalidRequest, "the message is not a request"})
		}
		return false, nil // an answer, and nothing was asked
	case r.ID == nil:
		if s.initialized {
			_, err = s.handle(r)
		}
		var fault *rpcError
		if errors.As(err, &fault) {
			err = nil // nobody waits for an answer to a notification
		}
		return false, err
	}
	var result any
	switch {
	case r.Method == "initialize":
		s.initialized, result = true, capabilities
	case !s.initialized:
		err = &rpcError{notInitialized, "initialize comes first"}
	case s.shutdown:
		err = &rpcError{invalidRequest, "the server was shut down"}
	default:
		result, err = s.handle(r)
	}
	var fault *rpcError
	if errors.As(err, &fault) {
		return false, s.reply(r.ID, nil, fault)
	}
	if err != nil {
		return false, err
	}
	return false, s.reply(r.ID, result, nil)
}

func (s *Server) reply(id json.RawMessage, result any, fault *rpcError) error {
	r := response{Version: "2.0", ID: id, Error: fault}
	if id == nil {
		r.ID = json.RawMessage("null")
	}
	if fault == nil {
		data, err := json.Marshal(result)
		if err != nil {
			return fmt.Errorf("encoding an answer: %w", err)
		}
		r.Result = data
	}
	return s.conn.write(r)
}

// silent are notifications that ask for nothing.
var silent = []string{"initialized", "$/cancelRequest", "$/setTrace", "textDocument/willSave", "workspace/didChangeConfiguration"}

// handle does what a request asks for. A fault of the program is an answer, so
// that one document cannot end the work on all others.
func (s *Server) handle(r request) (result any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			result, err = nil, &rpcError{internalError, fmt.Sprintf("%s: %v", r.Method, fault)}
		}
	}()
	if r.Method == "shutdown" {
		s.shutdown = true
		return nil, nil
	}
	if slices.Contains(silent, r.Method) {
		return nil, nil
	}
	if r.Method == "workspace/didChangeWatchedFiles" {
		return nil, s.refresh()
	}
	methods := map[string]func(*documentParams) (any, error){
		"textDocument/didOpen":    s.didChange,
		"textDocument/didChange":  s.didChange,
		"textDocument/didSave":    func(*documentParams) (any, error) { return nil, s.refresh() },
		"textDocument/didClose":   s.didClose,
		"textDocument/completion": s.completion,
		"textDocument/hover":      s.hover,
		"textDocument/definition": s.definition,

		"textDocument/codeAction":     s.codeAction,
		"textDocument/documentSymbol": s.documentSymbol,
		"textDocument/formatting":     s.formatting,
	}
	method := methods[r.Method]
	if method == nil {
		return nil, &rpcError{methodNotFound, "there is no method " + r.Method}
	}
	var p documentParams
	if err := json.Unmarshal(r.Params, &p); err != nil {
		return nil, &rpcError{invalidParams, r.Method + ": the parameters do not fit"}
	}
	return method(&p)
}
