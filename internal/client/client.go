package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"mlcfg/internal/client/h2"
	"mlcfg/internal/client/wire"
)

// Options say what is talked to and how.
type Options struct {
	URLs     []string // one base URL a replica, http://host:port; the protocol's path is added
	Protocol Protocol // empty means Completions
	Model    string   // the model's name in requests; /generate has none
	Stream   bool     // ask for a stream of tokens; without it there is no first-token time

	// TokenIDs asks for the ids of the generated tokens by the fields of AskTokenIDs:
	// return_token_ids where there are none, which vLLM knows since 0.10.2. /generate
	// always gives them.
	TokenIDs    bool
	AskTokenIDs map[string]any
	// Text keeps the generated text in the results.
	Text bool

	// Params are further fields of each request: sampling parameters, which
	// /generate takes as sampling_params.
	Params map[string]any
	// Headers are further headers of each request, such as Authorization. They
	// appear in no result and no message.
	Headers map[string]string

	// MaxConns is the most connections to one replica; 0 means 4096.
	MaxConns int
	// DialTimeout bounds the making of a connection; 0 means 10 s.
	DialTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept; 0 means 3 s. It must
	// be shorter than the server's (vLLM: 5 s), which would else close a
	// connection just when a request is on its way.
	IdleTimeout time.Duration

	// ReadClock takes all times when a read returned or a write began, and none of the
	// kernel's.
	ReadClock bool
	// TLS is for https; nil means the system's certificates.
	TLS *tls.Config
	// HTTP2 says which replicas speak HTTP/2 alone, in the order of URLs; those beyond
	// its end speak HTTP/1.1, whose times the kernel knows.
	HTTP2 []bool
	// Dial makes a connection, for tests; nil means TCP, with TLS for https. With it, what
	// waits waits by Go's timers, whose clock may be a test's.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Client sends requests to the replicas of one engine.
type Client struct {
	options  Options
	targets  []target
	template template
	room     int // bytes kept before a body for the head
	sleeper  func(start time.Time) sleeper
}

// New checks the options and prepares the constant parts of the requests. It
// opens no connection.
func New(o Options) (*Client, error) {
	if o.Protocol == "" {
		o.Protocol = Completions
	}
	if _, ok := paths[o.Protocol]; !ok {
		return nil, fmt.Errorf("the protocol %q is not known: it is one of completions, chat, generate", o.Protocol)
	}
	if len(o.URLs) == 0 {
		return nil, errors.New("there is no replica: at least one URL is needed")
	}
	setDefault(&o.MaxConns, 4096)
	setDefault(&o.DialTimeout, 10*time.Second)
	setDefault(&o.IdleTimeout, 3*time.Second)
	c := &Client{options: o, sleeper: newSleeper}
	if o.Dial != nil {
		c.sleeper = func(start time.Time) sleeper { return timerSleeper{start} }
	}
	for i, raw := range o.URLs {
		t, err := newTarget(o, raw)
		if err != nil {
			return nil, err
		}
		if i < len(o.HTTP2) && o.HTTP2[i] {
			scheme := "http"
			if t.tls {
				scheme = "https"
			}
			t.h2 = h2.New(scheme, t.address, o.TLS)
		}
		c.targets = append(c.targets, t)
		c.room = max(c.room, len(t.head)+lengthDigits+len("\r\n\r\n"))
	}
	var err error
	c.template, err = newTemplate(o)
	return c, err
}

func setDefault[T int | time.Duration](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}

// dial makes a connection to a replica.
func (c *Client) dial(ctx context.Context, replica int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.DialTimeout)
	defer cancel()
	t := &c.targets[replica]
	if c.options.Dial != nil {
		return c.options.Dial(ctx, t.address)
	}
	if t.h2 != nil {
		return t.h2.Dial(ctx)
	}
	var d net.Dialer
	n, err := d.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := n.(*net.TCPConn); ok && !c.options.ReadClock {
		if stamped, ok := wire.On(tcp); ok {
			n = stamped
		}
	}
	if !t.tls {
		return n, nil
	}
	config := &tls.Config{}
	if c.options.TLS != nil {
		config = c.options.TLS.Clone()
	}
	config.ServerName, config.NextProtos = t.host, []string{"http/1.1"}
	secured := tls.Client(n, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = n.Close()
		return nil, err
	}
	return secured, nil
}
