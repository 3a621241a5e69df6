package client

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mlcfg/internal/client/wire"
)

// TestStamps holds that times are the kernel's where it stamps, through TLS too, and
// nobody else's where they are not asked for.
func TestStamps(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\ndata: [DONE]\n\n", tokenEvent("a", "stop", 1))
	})
	plain, secured := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secured.Close()
	if !stamps(t, plain.Listener.Addr().String()) {
		t.Skip("SKIPPED: the kernel does not stamp TCP connections")
	}
	trusted := secured.Client().Transport.(*http.Transport).TLSClientConfig
	for _, c := range []struct {
		name  string
		o     Options
		wants bool
	}{
		{"plain", Options{URLs: []string{plain.URL}, Stream: true}, true},
		{"TLS", Options{URLs: []string{secured.URL}, Stream: true, TLS: trusted}, true},
		{"by reads", Options{URLs: []string{plain.URL}, Stream: true, ReadClock: true}, false},
	} {
		const n = 100
		var got kept
		s, err := newClient(t, c.o).Run(t.Context(), Plan{Pace: OnSchedule}, numbered(n, 2*time.Millisecond), &got)
		if err != nil || s.OK != n {
			t.Fatalf("%s: %+v, %v", c.name, s, err)
		}
		for _, r := range got {
			if r.Begun > r.Sent || r.Sent > r.FirstToken || r.FirstToken > r.FirstRead || r.LastToken > r.LastRead || r.Done < r.LastToken {
				t.Fatalf("%s: times out of order: %+v", c.name, r)
			}
			if !c.wants && (r.Sent != r.Begun || r.FirstToken != r.FirstRead || r.LastToken != r.LastRead) {
				t.Fatalf("%s: not the times of reads: %+v", c.name, r)
			}
		}
		// The kernel takes a moment to switch its stamps on.
		if most := s.Stamped > n/2 && s.Departed > n/2; c.wants && !most || !c.wants && s.Stamped+s.Departed > 0 {
			t.Errorf("%s: %d of %d are stamped, %d when they left", c.name, s.Stamped, n, s.Departed)
		}
	}
}

// stamps reports whether the kernel stamps connections to an address.
func stamps(t *testing.T, address string) bool {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, ok := wire.On(c.(*net.TCPConn))
	return ok
}
