package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of what a client may send.
const (
	// maxMessage bounds a message, in bytes.
	maxMessage = 16 << 20
	// maxHeader bounds one line of a message's header, in bytes.
	maxHeader = 4 << 10
)

// request is a request, or a notification where ID is empty.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// rpcError is what went wrong with a request; it is an error.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

// Error codes of JSON-RPC and of the language server protocol.
const (
	parseError     = -32700
	invalidRequest = -32600
	methodNotFound = -32601
	invalidParams  = -32602
	internalError  = -32603
	notInitialized = -32002
)

// conn reads and writes messages: a header with the length, and JSON.
type conn struct {
	in  *bufio.Reader
	out io.Writer
}

// errMalformed marks what a client sent that is no message; reading can go on.
var errMalformed = errors.New("malformed message")

// read returns the next message. An errMalformed was skipped over; io.EOF is the end.
func (c *conn) read() ([]byte, error) {
	length, lines := -1, 0
	for {
		line, err := c.header()
		if err != nil {
			return nil, err
		}
		name, value, ok := strings.Cut(line, ":")
		switch {
		case line == "" && length >= 0:
			return c.body(length)
		case line == "" && lines == 0:
			continue // empty lines between messages
		case line == "":
			return nil, fmt.Errorf("%w: a header without Content-Length", errMalformed)
		case ok && strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 {
				return nil, fmt.Errorf("%w: Content-Length is no number", errMalformed)
			}
		case !ok:
			return nil, fmt.Errorf("%w: a line that is no header", errMalformed)
		}
		lines++
	}
}

// header reads one line of a header, without its end.
func (c *conn) header() (string, error) {
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		if len(line) <= maxHeader {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return "", err
		case len(line) > maxHeader:
			return "", fmt.Errorf("%w: a header of more than %d bytes", errMalformed, maxHeader)
		}
		return strings.TrimRight(string(line), "\r\n"), nil
	}
}

func (c *conn) body(length int) ([]byte, error) {
	if length > maxMessage {
		if _, err := io.CopyN(io.Discard, c.in, int64(length)); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: a message of more than %d MiB", errMalformed, maxMessage>>20)
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(c.in, data); err != nil {
		return nil, err
	}
	return data, nil
}

func (c *conn) write(message any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encoding a message: %w", err)
	}
	_, err = fmt.Fprintf(c.out, "Content-Length: %d\r\n\r\n%s", len(data), data)
	return err
}
