package engine

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlcfg/internal/backend"
)

// front is an engine behind something that wants a key and passes no /health on.
func front(key string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case key != "" && r.Header.Get("Authorization") != "Bearer "+key:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/llm/v1/models":
			w.Write([]byte(`{"data":[{"id":"m","owned_by":"vllm"},{"id":"lora","owned_by":"vllm"}]}`))
		case r.URL.Path == "/llm/version":
			w.Write([]byte(`{"version":"0.33.0"}`))
		default:
			http.NotFound(w, r)
		}
	})
}

func TestDiscover(t *testing.T) {
	s := httptest.NewServer(front("secret-key"))
	defer s.Close()
	access, err := NewAccess([]string{"Authorization: Bearer secret-key"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{s.URL + "/llm", s.URL + "/llm/", s.URL + "/llm/v1", s.URL + "/llm/v1/"} {
		f, err := Discover(t.Context(), address, access)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if f.URL != s.URL+"/llm" || strings.Join(f.Models, " ") != "m lora" || f.Backend.Name != backend.VLLM || f.Release != "0.33.0" || f.Simulated {
			t.Errorf("%s: %+v", address, f)
		}
	}
	if _, err := Discover(t.Context(), s.URL+"/llm", Access{}); err == nil || !strings.Contains(err.Error(), "--api-key-env") {
		t.Errorf("without the key: %v", err)
	}
	b, _ := backend.Of(backend.VLLM)
	e := Endpoint{URL: s.URL + "/llm"}
	if err := probe(t.Context(), asker(access), b, &e, true); err != nil || e.Model != "m" {
		t.Errorf("a front without /health: %v, model %q", err, e.Model)
	}
	if err := probe(t.Context(), asker(Access{}), b, &Endpoint{URL: s.URL + "/llm"}, true); err == nil || !strings.Contains(err.Error(), "it wants a key") {
		t.Errorf("without the key: %v", err)
	}
	if err := probe(t.Context(), asker(access), b, &Endpoint{URL: s.URL}, true); err == nil || !strings.Contains(err.Error(), "/health answers 404") {
		t.Errorf("where nothing is: %v", err)
	}
}

func TestAccessCertificates(t *testing.T) {
	s := httptest.NewTLSServer(front(""))
	defer s.Close()
	if _, err := Discover(t.Context(), s.URL+"/llm", Access{}); err == nil || !strings.Contains(err.Error(), "--cacert FILE, or in SSL_CERT_FILE") {
		t.Errorf("an unknown authority: %v", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	access, err := NewAccess(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Discover(t.Context(), s.URL+"/llm", access); err != nil {
		t.Error(err)
	}
	if _, err := NewAccess(nil, []byte("none")); err == nil {
		t.Error("a file without a certificate is taken")
	}
	for _, bad := range []string{"no colon", ": v", "a b: v", `a"b: v`} {
		if _, err := NewAccess([]string{bad}, nil); err == nil {
			t.Errorf("the header %q is taken", bad)
		}
	}
}
