package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"

	"mlcfg/internal/client/h2"
)

// Access is what requests to an engine that runs already carry. It appears in no plan, record
// or message: it holds secrets.
type Access struct {
	// Headers go with every request, such as Authorization.
	Headers map[string]string
	// TLS is for https; nil takes the system's certificates.
	TLS *tls.Config
	// Certificates are those that TLS trusts beside the system's, PEM.
	Certificates []byte
}

// NewAccess makes an Access of headers, each "NAME: VALUE", and of a file of certificates, PEM,
// that are trusted beside the system's; none where it is nil.
func NewAccess(headers []string, certificates []byte) (Access, error) {
	var a Access
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t\"=") {
			return a, fmt.Errorf("a header is NAME: VALUE")
		}
		if a.Headers == nil {
			a.Headers = map[string]string{}
		}
		a.Headers[name] = strings.TrimSpace(value)
	}
	if certificates == nil {
		return a, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(certificates) {
		return a, fmt.Errorf("there is no certificate in it; PEM is wanted")
	}
	a.TLS, a.Certificates = &tls.Config{RootCAs: pool}, certificates
	return a, nil
}

// Transport returns what asks an engine over HTTP/1.1, and over HTTP/2 where it speaks
// nothing else. It uses no proxy, as the requests that are measured do not.
func (a Access) Transport() http.RoundTripper {
	one := &http.Transport{TLSClientConfig: a.TLS, Protocols: &http.Protocols{}}
	one.Protocols.SetHTTP1(true)
	return carrying{a.Headers, either{one, h2.Transport(a.TLS)}}
}

// either tries HTTP/1.1 first, whose times the kernel knows.
type either struct{ one, two *http.Transport }

// RoundTrip is http.RoundTripper's, for requests without a body.
func (e either) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := e.one.RoundTrip(r)
	if err == nil || !deaf(err) {
		return res, err
	}
	if res, err := e.two.RoundTrip(r.Clone(r.Context())); err == nil {
		return res, nil
	}
	return nil, err
}

// deaf reports whether a server may have failed a request because it is HTTP/1.1: it
// answered in frames, refused the protocol in the TLS handshake, or hung up.
func deaf(err error) bool {
	for _, hungUp := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, hungUp) {
			return true
		}
	}
	return strings.Contains(err.Error(), "malformed HTTP response") || strings.Contains(err.Error(), "no application protocol")
}

// carrying adds headers to the requests of a transport.
type carrying struct {
	headers map[string]string
	to      http.RoundTripper
}

// RoundTrip is http.RoundTripper's.
func (c carrying) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	return c.to.RoundTrip(r)
}
