package engine

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
)

// Access is what requests to an engine that runs already carry. It appears in no plan, record
// or message: it holds secrets.
type Access struct {
	// Headers go with every request, such as Authorization.
	Headers map[string]string
	// TLS is for https; nil takes the system's certificates.
	TLS *tls.Config
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
	a.TLS = &tls.Config{RootCAs: pool}
	return a, nil
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
