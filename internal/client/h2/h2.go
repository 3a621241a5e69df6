// Package h2 carries the client's HTTP/1.1 over HTTP/2, for servers that speak nothing
// else. What is written to one of its connections is one HTTP/1.1 request after another;
// each becomes a stream of an HTTP/2 connection (RFC 9113), over TLS or in the clear, and
// its response is read back as HTTP/1.1. Several share an HTTP/2 connection, as the
// server allows.
//
//	server := h2.New("https", "gateway:443", config)
//	conn, err := server.Dial(ctx)
//
// The kernel's stamps are of packets, which streams share: times of such a connection are
// those of reads and writes.
package h2

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// readSize is the most of a body that is handed on at once, with its chunk's size below
// what the client reads at once.
const readSize = 16 << 10

// Server is one server, by its address.
type Server struct {
	scheme, address string
	transport       *http.Transport

	mu    sync.Mutex // around a look for a connection that has room
	conns []*http.ClientConn
}

// New returns a server at host:port, for the scheme http or https. It opens no connection.
// config is for https; nil means the system's certificates.
func New(scheme, address string, config *tls.Config) *Server {
	return &Server{scheme: scheme, address: address, transport: Transport(config)}
}

// Transport returns one that speaks HTTP/2 alone, in the clear as well. It uses no proxy.
func Transport(config *tls.Config) *http.Transport {
	t := &http.Transport{TLSClientConfig: config, Protocols: &http.Protocols{}, DisableCompression: true}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	return t
}

// Dial returns a connection for one request at a time. An HTTP/2 connection is made
// where those that are open have no room for another stream.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	shared, err := s.reserve(ctx)
	if err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	c := &conn{Conn: near, far: far, server: s, shared: shared}
	c.running, c.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	go c.serve()
	return c, nil
}

// reserve returns a connection that has room for a request, which is kept for the caller.
func (s *Server) reserve(ctx context.Context) (*http.ClientConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(cc *http.ClientConn) bool { return cc.Err() != nil })
	for _, cc := range s.conns {
		if cc.Reserve() == nil {
			return cc, nil
		}
	}
	cc, err := s.transport.NewClientConn(ctx, s.scheme, s.address)
	if err != nil {
		return nil, err
	}
	limited(ctx, cc)
	if err := cc.Reserve(); err != nil {
		_ = cc.Close()
		return nil, err
	}
	s.conns = append(s.conns, cc)
	return cc, nil
}

// limited waits until a new connection knows the server's limit of streams, which comes
// with its first frame: net/http assumes 100 until then, and a request beyond the limit
// would wait unseen.
func limited(ctx context.Context, cc *http.ClientConn) {
	const assumed, most = 100, 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, most) // a limit of 100 changes nothing
	defer cancel()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for cc.Available() == assumed {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// Close closes the HTTP/2 connections.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cc := range s.conns {
		_ = cc.Close()
	}
	s.conns = nil
}

// conn is the client's end; serve has the other.
type conn struct {
	net.Conn // the near end of a pipe
	far      net.Conn
	server   *Server
	shared   *http.ClientConn
	running  context.Context
	cancel   context.CancelCauseFunc
	failed   atomic.Pointer[error] // what ended it
}

// Read is net.Conn's. After the end of the connection it returns why it ended.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if why := c.failed.Load(); errors.Is(err, io.EOF) && why != nil {
		return n, *why
	}
	return n, err
}

// Close ends the connection, and the stream of the request that is on it.
func (c *conn) Close() error {
	c.cancel(net.ErrClosed)
	return c.Conn.Close()
}

// serve carries requests until either end is closed.
func (c *conn) serve() {
	defer c.far.Close()
	// The HTTP/2 connection may end while no request is on this one.
	ended := context.AfterFunc(c.running, func() { c.far.Close() })
	defer ended()
	in := bufio.NewReader(c.far)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			c.shared.Release()
			return
		}
		if err := c.carry(req); err != nil {
			c.failed.Store(&err)
			return
		}
		if err := c.shared.Reserve(); err != nil {
			return // it is full or closing: the next request goes to another
		}
	}
}

// carry sends one request and hands its response on.
func (c *conn) carry(req *http.Request) error {
	body, err := io.ReadAll(req.Body) // the client writes a request whole
	if err != nil {
		return err
	}
	req = req.WithContext(c.running)
	req.RequestURI, req.URL.Scheme, req.URL.Host = "", c.server.scheme, req.Host
	if req.Body = http.NoBody; len(body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	res, err := c.shared.RoundTrip(req)
	if err != nil {
		if c.shared.Err() != nil { // the connection ended, not this stream
			return io.EOF
		}
		return err
	}
	defer res.Body.Close()
	// A body that is not read to its end goes on arriving otherwise.
	stop := context.AfterFunc(c.running, func() { res.Body.Close() })
	defer stop()
	if _, err := io.WriteString(c.far, head(res)); err != nil {
		return err
	}
	if res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified {
		return nil
	}
	return c.body(res.Body)
}

// head is a response's, of what the client reads in it.
func head(res *http.Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", res.StatusCode, http.StatusText(res.StatusCode))
	for _, name := range []string{"Content-Type", "Content-Encoding"} {
		if v := res.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	return b.String()
}

// body hands a body on in chunks, each as soon as it is there.
func (c *conn) body(from io.Reader) error {
	data, chunk := make([]byte, readSize), make([]byte, 0, readSize+16)
	for {
		n, err := from.Read(data)
		chunk = chunk[:0]
		if n > 0 {
			chunk = append(fmt.Appendf(chunk, "%x\r\n", n), data[:n]...)
			chunk = append(chunk, "\r\n"...)
		}
		if errors.Is(err, io.EOF) {
			chunk = append(chunk, "0\r\n\r\n"...)
		}
		if len(chunk) > 0 {
			if _, err := c.far.Write(chunk); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
