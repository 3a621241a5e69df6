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

// What is no address of an engine is refused before anything is asked, its password unsaid.
func TestAddresses(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8000", "http://", "http://:8000", "ftp://h", "h", "", "http://h?key=1", "http://h#top", "http://user:secret@h", "http://[::1"} {
		_, planErr := NewPlan(server("vllm", "0.9.2"), Options{External: []string{address}})
		_, findErr := Discover(t.Context(), address, Access{})
		for _, err := range []error{planErr, findErr} {
			if err == nil || !strings.Contains(err.Error(), "is not the URL of an engine; want for example http://127.0.0.1:8000") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", address, err)
			}
		}
	}
}

// What answers is the engine that says so; what does not say is a guess, and simulated where
// its names are.
func TestDiscovered(t *testing.T) {
	for name, c := range map[string]struct {
		pages  map[string]string
		models string
		found  Found
		fault  string
	}{
		"nothing":      {map[string]string{}, "", Found{}, "/v1/models answers 404 Not Found"},
		"no JSON":      {map[string]string{"/v1/models": "<html>"}, "", Found{}, "/v1/models: invalid character"},
		"no model":     {map[string]string{"/v1/models": `{"data":[]}`}, "", Found{}, "/v1/models names no model"},
		"unknown":      {map[string]string{"/v1/models": `{"data":[{"id":"m"}]}`}, "m", Found{}, ""},
		"by its owner": {map[string]string{"/v1/models": `{"data":[{"id":"m","owned_by":"sglang"}]}`, "/version": `{"version":"1"}`, "/server_info": `{"version":"0.5.3"}`, "/get_server_info": `{"version":"0.5.3"}`}, "m", Found{Release: "0.5.3"}, ""},
		"by its name":  {map[string]string{"/v1/models": `{"data":[{"id":"m"},{"id":"simulated/m"}]}`}, "m simulated/m", Found{Simulated: true}, ""},
		"by whose":     {map[string]string{"/v1/models": `{"data":[{"id":"n","owned_by":"mlrun-sim (simulated)"},{"id":"m"}]}`}, "n m", Found{Simulated: true}, ""},
	} {
		url := answers(t, c.pages)
		f, err := Discover(t.Context(), url, Access{})
		if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), url+c.fault) {
			t.Errorf("%s: %v, want %s", name, err, c.fault)
		}
		if err == nil && (strings.Join(f.Models, " ") != c.models || f.Release != c.found.Release || f.Simulated != c.found.Simulated || f.Backend == nil || c.found.Release != "" && f.Backend.Engine != "sglang") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if _, err := Discover(t.Context(), "http://127.0.0.1:1", Access{}); err == nil {
		t.Error("nobody is found")
	}
}

// What stands before an engine may keep its health to itself, and then its models tell; a
// failure of the engine is none of that, nor is an engine that was started here excused.
func TestProbeBehindAFront(t *testing.T) {
	b, _ := backend.Of(backend.VLLM)
	for _, c := range []struct {
		health, models int
		external       string // its fault; empty: it serves
	}{
		{200, 200, ""},
		{404, 200, ""},
		{401, 200, ""},
		{403, 200, ""},
		{405, 200, ""},
		{500, 200, "/health answers 500 Internal Server Error"},
		{503, 200, "/health answers 503 Service Unavailable"},
		{404, 404, "/health answers 404 Not Found, /v1/models 404 Not Found"},
		{200, 500, "/v1/models answers 500 Internal Server Error"},
		{200, 401, "/v1/models answers 401 Unauthorized: it wants a key"},
		{404, 403, "/v1/models answers 403 Forbidden: it wants a key"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(map[string]int{"/health": c.health, "/v1/models": c.models}[r.URL.Path] + map[bool]int{true: 404}[r.URL.Path == "/version"])
			w.Write([]byte(`{"data":[{"id":"m"}],"version":"of an error page"}`))
		}))
		for _, external := range []bool{true, false} {
			e := Endpoint{URL: s.URL}
			err := probe(t.Context(), asker(Access{}), b, &e, external)
			if e.Release != "" {
				t.Errorf("its release is %q", e.Release)
			}
			want := c.external
			if !external && c.health != 200 {
				want = "/health answers "
			}
			if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("health %d, models %d, external %t: %v, want %q", c.health, c.models, external, err, want)
			}
		}
		s.Close()
	}
}
