package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlcfg/internal/client/h2"
)

// Protocol is how requests and answers are written.
type Protocol string

// The protocols.
const (
	Completions Protocol = "completions" // OpenAI's /v1/completions, as vLLM and SGLang speak it
	Chat        Protocol = "chat"        // OpenAI's /v1/chat/completions
	Generate    Protocol = "generate"    // SGLang's own /generate
)

var paths = map[Protocol]string{
	Completions: "/v1/completions",
	Chat:        "/v1/chat/completions",
	Generate:    "/generate",
}

// Request is one request to an engine. The client reads its slices until the
// result is written, and changes nothing.
type Request struct {
	ID     uint64 // unique in the run; comes back in the result
	Sample int    // comes back in the result

	// At is when the request is due, since the start of the run. OnSchedule alone
	// reads it: with AtOnce everything is due at 0, with OnCompletion when it is sent.
	At time.Duration

	// Replica is the index of the replica that serves it; -1 leaves it to
	// Plan.Balancer. OnSchedule alone reads it.
	Replica int

	Tokens    []int32 // the prompt as token ids
	Text      string  // the prompt as text, when Tokens is empty; a chat's one user message
	Messages  []byte  // a chat's messages as a JSON array; Text is ignored then
	MaxTokens int     // most output tokens; 0 leaves it to Options.Params
}

// target is one replica's address and the constant part of a request's head.
type target struct {
	address string // host:port
	host    string // for TLS
	tls     bool
	h2      *h2.Server // nil: it speaks HTTP/1.1
	head    []byte     // up to the digits of the content length
}

// lengthDigits is the room that is kept for the content length.
const lengthDigits = 12

// template is the constant part of the bodies.
type template struct {
	protocol Protocol
	before   []byte // up to the prompt
	after    []byte // from the prompt to where the limit of tokens goes
	limit    []byte // `,"max_tokens":` or what the protocol calls it
	standard int    // the limit of requests that have none; 0: none
	close    []byte // the rest
}

func newTarget(o Options, raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, fmt.Errorf("reading the replica's URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return target{}, fmt.Errorf("the replica's URL %q is not of the form http://host:port", raw)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return target{}, fmt.Errorf("the replica's URL %q must have no user, query or fragment", u.Redacted())
	}
	t := target{address: u.Host, host: u.Hostname(), tls: u.Scheme == "https"}
	if u.Port() == "" {
		port := ":80"
		if t.tls {
			port = ":443"
		}
		t.address += port
	}
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s%s HTTP/1.1\r\nHost: %s\r\n", strings.TrimRight(u.EscapedPath(), "/"), paths[o.Protocol], u.Host)
	b.WriteString("User-Agent: mlrun\r\nContent-Type: application/json\r\nAccept-Encoding: identity\r\n")
	if o.Stream {
		b.WriteString("Accept: text/event-stream\r\n")
	} else {
		b.WriteString("Accept: application/json\r\n")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		value := o.Headers[name]
		if name == "" || strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(value, "\r\n\x00") {
			return target{}, fmt.Errorf("the header %q cannot be sent: its name or value has a character that headers do not allow", name)
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	b.WriteString("Content-Length: ")
	t.head = []byte(b.String())
	return t, nil
}

// reserved are the fields that the client writes itself.
var reserved = map[Protocol][]string{
	Completions: {"model", "prompt", "stream", "stream_options", "return_token_ids", "n"},
	Chat:        {"model", "messages", "stream", "stream_options", "return_token_ids", "n"},
	Generate:    {"n"},
}

func newTemplate(o Options) (template, error) {
	t := template{protocol: o.Protocol}
	limits := []string{"max_tokens"}
	switch o.Protocol {
	case Chat:
		limits = append(limits, "max_completion_tokens")
	case Generate:
		limits = []string{"max_new_tokens"}
	}
	params := maps.Clone(o.Params)
	for _, name := range reserved[o.Protocol] {
		if _, ok := params[name]; ok {
			return t, fmt.Errorf("the sampling parameter %q cannot be given: the client sets it", name)
		}
	}
	name := limits[0]
	for _, l := range limits {
		value, ok := params[l]
		if !ok || value == nil {
			delete(params, l)
			continue
		}
		n, err := strconv.Atoi(fmt.Sprint(value))
		if err != nil || n < 1 {
			return t, fmt.Errorf("the sampling parameter %s is %v: it takes a whole number of at least 1", l, value)
		}
		if t.standard != 0 {
			return t, fmt.Errorf("the sampling parameters have both max_tokens and max_completion_tokens: give one of them")
		}
		t.standard, name = n, l
		delete(params, l)
	}
	fields, err := json.Marshal(params) // keys are sorted
	if err != nil {
		return t, fmt.Errorf("writing the sampling parameters as JSON: %w", err)
	}
	if params == nil {
		fields = []byte("{}")
	}
	model, err := json.Marshal(o.Model)
	if err != nil {
		return t, fmt.Errorf("writing the model's name as JSON: %w", err)
	}
	t.limit = []byte(`,"` + name + `":`)
	inner := string(fields[1 : len(fields)-1])
	if o.Protocol == Generate {
		t.before = fmt.Appendf(nil, `{"stream":%t,`, o.Stream)
		t.after = []byte(`,"sampling_params":{` + inner)
		t.close = []byte("}}")
		if inner == "" {
			t.limit = t.limit[1:]
		}
		return t, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"model":%s,`, model)
	if inner != "" {
		b.WriteString(inner + ",")
	}
	fmt.Fprintf(&b, `"stream":%t,`, o.Stream)
	if o.Stream {
		b.WriteString(`"stream_options":{"include_usage":true},`)
	}
	if o.TokenIDs {
		ask := o.AskTokenIDs
		if len(ask) == 0 {
			ask = map[string]any{"return_token_ids": true}
		}
		fields, err := json.Marshal(ask)
		if err != nil {
			return t, fmt.Errorf("writing the request for token ids as JSON: %w", err)
		}
		b.Write(fields[1 : len(fields)-1])
		b.WriteString(",")
	}
	t.before, t.close = []byte(b.String()), []byte("}")
	return t, nil
}

// tokens is how many output tokens a request asks for at most, 0 where it sets no limit.
func (t *template) tokens(r *Request) int { return cmp.Or(r.MaxTokens, t.standard) }

var errNoPrompt = errors.New("the request has neither token ids nor text")

// appendBody appends a request's body.
func (t *template) appendBody(b []byte, r *Request) ([]byte, error) {
	b = append(b, t.before...)
	switch {
	case t.protocol == Chat:
		switch {
		case len(r.Messages) > 0:
			b = append(append(b, `"messages":`...), r.Messages...)
		case r.Text != "":
			b = append(b, `"messages":[{"role":"user","content":`...)
			b = append(appendQuoted(b, r.Text), "}]"...)
		default:
			return b, errors.New("the chat request has neither messages nor text")
		}
	case len(r.Tokens) > 0:
		name := `"prompt":[`
		if t.protocol == Generate {
			name = `"input_ids":[`
		}
		b = append(b, name...)
		for i, id := range r.Tokens {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(id), 10)
		}
		b = append(b, ']')
	case r.Text != "":
		name := `"prompt":`
		if t.protocol == Generate {
			name = `"text":`
		}
		b = appendQuoted(append(b, name...), r.Text)
	default:
		return b, errNoPrompt
	}
	b = append(b, t.after...)
	if n := t.tokens(r); n > 0 {
		b = strconv.AppendInt(append(b, t.limit...), int64(n), 10)
	}
	return append(b, t.close...), nil
}

// appendQuoted appends text as a JSON string.
func appendQuoted(b []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // a string always has a JSON form
		return append(b, `""`...)
	}
	return append(b, quoted...)
}

// message is a rendered request: a body with room before it, so that the head of
// whichever replica is chosen can be put there without moving the body.
type message struct {
	buf  []byte
	body int // where the body begins in buf
}

// render writes the body behind room for the longest head.
func (m *message) render(t *template, room int, r *Request) error {
	if cap(m.buf) < room {
		m.buf = make([]byte, room, room+4096)
	}
	var err error
	m.buf, err = t.appendBody(m.buf[:room], r)
	m.body = room
	return err
}

// addressed puts the head before the body and returns the whole request.
func (m *message) addressed(head []byte) []byte {
	var digits [lengthDigits + 4]byte
	tail := strconv.AppendInt(digits[:0], int64(len(m.buf)-m.body), 10)
	tail = append(tail, "\r\n\r\n"...)
	at := m.body - len(tail)
	copy(m.buf[at:], tail)
	at -= len(head)
	copy(m.buf[at:], head)
	return m.buf[at:]
}
