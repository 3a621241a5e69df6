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
	stop := Serve(l, halfway(true))
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
	http.DefaultClient.CloseIdleConnections()
	stop()
	if _, err := http.Get(url + "/metrics"); err == nil {
		t.Error("it still answers after the end")
	}
}
