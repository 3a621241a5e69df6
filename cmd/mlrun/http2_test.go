package main

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlcfg/internal/engine/sim"
)

// TestHTTP2 measures behind a gateway that speaks HTTP/2 alone, in the clear and over TLS:
// it is found out, said, and every time is that of a read.
func TestHTTP2(t *testing.T) {
	self, err := exec.LookPath("mlrun")
	if err != nil {
		t.Fatal(err)
	}
	proxy := beforeSimulated(t, sim.Config{Model: "tiny", Protocol: "vllm"})
	for _, secure := range []bool{false, true} {
		gateway := http2Only(t, proxy, secure)
		dir := t.TempDir()
		run := filepath.Join(dir, "run")
		args := []string{"bench", gateway.URL, "--requests", "20", "--rate", "100", "--input", "8", "--output", "8", "--out", run, "--format", "json"}
		if secure {
			ca := filepath.Join(dir, "ca.pem")
			if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: gateway.Certificate().Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--cacert", ca)
		}
		cmd := exec.Command(self, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		var sum struct {
			Completed, Failed, Stamped int
			Simulated                  bool
		}
		text, readErr := os.ReadFile(filepath.Join(run, "rate-100", "summary.json"))
		if readErr != nil || json.Unmarshal(text, &sum) != nil || sum.Completed != 20 || sum.Failed != 0 || sum.Stamped != 0 || !sum.Simulated {
			t.Fatalf("secure %t: %v, %v: %+v\n%s", secure, err, readErr, sum, out)
		}
		if !strings.Contains(string(out), "replica 0 speaks HTTP/2 alone") {
			t.Errorf("secure %t: not said:\n%s", secure, out)
		}
	}
}

// http2Only starts a server that speaks nothing else.
func http2Only(t *testing.T, h http.Handler, secure bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	if secure {
		s.EnableHTTP2, s.TLS = true, &tls.Config{NextProtos: []string{"h2"}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// beforeSimulated is a proxy before a simulated engine, which hands on what comes at once.
func beforeSimulated(t *testing.T, c sim.Config) *httputil.ReverseProxy {
	t.Helper()
	srv, err := sim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	engine := httptest.NewServer(srv)
	t.Cleanup(func() { engine.Close(); srv.Close() })
	target, err := url.Parse(engine.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	return proxy
}
