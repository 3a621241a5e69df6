package run

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"mlcfg/internal/client/mock"
)

// page is what a server says of its models, and whether with the simulated engine's header.
type page struct {
	body      string
	simulated bool
}

// front stands before a server; models is its list of models, when it is asked for the
// n-th time, counted from 0. A page without text is an error.
func front(t *testing.T, behind string, models func(n int) page) string {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" {
			proxy.ServeHTTP(w, r)
			return
		}
		p := models(int(asked.Add(1) - 1))
		if p.simulated {
			w.Header().Set("X-Simulated", "true")
		}
		if p.body == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, p.body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// hanging is a server that answers no request before the test is over.
func hanging(t *testing.T) *mock.Server {
	t.Helper()
	over := make(chan struct{})
	s := start(t, mock.Config{Fault: func(int) mock.Fault { <-over; return mock.NoFault }})[0]
	t.Cleanup(func() { close(over) })
	return s
}

// renamed gives the model in an answer another name.
func renamed(r *http.Response, name string) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	text = bytes.Replace(text, []byte(`"model":"mock"`), []byte(`"model":"`+name+`"`), 1)
	r.Body = io.NopCloser(bytes.NewReader(text))
	r.ContentLength = int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}
