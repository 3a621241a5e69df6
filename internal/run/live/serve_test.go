package live

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := Serve(l, halfway(true), "watch.example")
	url := "http://" + l.Addr().String()
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/": http.StatusNotFound} {
		res, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != want {
			t.Errorf("%s answers %s, error %v; want %d", path, res.Status, err, want)
		}
		if path == "/metrics" && (!strings.Contains(string(body), "mlrun_requests_sent{") || !strings.Contains(res.Header.Get("Content-Type"), "version=0.0.4")) {
			t.Errorf("%s: %v\n%s", path, res.Header, body)
		}
	}
	for host, want := range map[string]int{"localhost:9": http.StatusOK, "[::1]:9400": http.StatusOK, "watch.example": http.StatusOK, "evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:80": http.StatusMisdirectedRequest} {
		req, err := http.NewRequest(http.MethodGet, url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("as %s it answers %s, want %d", host, res.Status, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if _, err := http.Get(url + "/metrics"); err == nil {
		t.Error("it still answers after the end")
	}
}
