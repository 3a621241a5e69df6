package engine

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"mlcfg/internal/backend"
)

// An engine behind a gateway is asked over HTTP/1.1, and over HTTP/2 where that is all
// the gateway speaks; which it was is known afterwards.
func TestProbeHTTP2(t *testing.T) {
	b, _ := backend.Of(backend.VLLM)
	for _, c := range []struct {
		name     string
		secure   bool
		one, two bool // what the gateway speaks
		alpn     []string
		wants    bool
	}{
		{name: "HTTP/1.1", one: true},
		{name: "both", one: true, two: true},
		{name: "HTTP/2", two: true, wants: true},
		{name: "HTTP/1.1 over TLS", secure: true, one: true, alpn: []string{"http/1.1"}},
		{name: "both over TLS", secure: true, one: true, two: true, alpn: []string{"h2", "http/1.1"}},
		{name: "HTTP/2 over TLS", secure: true, two: true, alpn: []string{"h2"}, wants: true},
	} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"data":[{"id":"m"}]}`)
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.Config.Protocols = &http.Protocols{}
		s.Config.Protocols.SetHTTP1(c.one)
		s.Config.Protocols.SetHTTP2(c.two)
		s.Config.Protocols.SetUnencryptedHTTP2(c.two)
		var certificate []byte
		if c.secure {
			s.EnableHTTP2, s.TLS = c.two, &tls.Config{NextProtos: c.alpn}
			s.StartTLS()
			certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		} else {
			s.Start()
		}
		access, err := NewAccess(nil, certificate)
		if err != nil {
			t.Fatal(err)
		}
		e := Endpoint{URL: s.URL}
		if err := probe(t.Context(), asker(access), b, &e, true); err != nil || e.HTTP2 != c.wants {
			t.Errorf("%s: %v, HTTP/2 alone %t, want %t", c.name, err, e.HTTP2, c.wants)
		}
		s.Close()
	}
}
