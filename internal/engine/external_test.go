package engine

import (
	"net/url"
	"testing"
)

// An engine has one place, however its address is spelled.
func TestPlaceOf(t *testing.T) {
	for want, spellings := range map[string][]string{
		"127.0.0.1:8000": {
			"http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000//", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/", "https://127.0.0.1:8000",
			"http://localhost:8000", "http://LOCALHOST.:8000", "http://a.localhost:8000", "http://ip6-localhost:8000", "http://[::1]:8000", "http://[0:0:0:0:0:0:0:1]:8000",
			"http://[::ffff:127.0.0.1]:8000", "http://[::ffff:7f00:1]:8000", "http://127.1:8000", "http://127.0.1:8000", "http://2130706433:8000", "http://0x7f.1:8000",
			"http://0177.0.0.1:8000", "http://0.0.0.0:8000", "http://[::]:8000", "http://127.0.0.1:08000", "http://0:8000",
		},
		"127.0.0.1:80":          {"http://localhost", "http://localhost:80", "http://127.1:", "http://localhost:080/v1"},
		"127.0.0.1:443":         {"https://localhost", "https://localhost:443"},
		"127.0.0.2:8000":        {"http://127.0.0.2:8000", "http://127.2:8000"},
		"127.0.0.1:8000/a":      {"http://localhost:8000/a", "http://localhost:8000/a/v1"},
		"127.0.0.1:8000/v1/a":   {"http://localhost:8000/v1/a"},
		"10.1.2.3:8000":         {"http://10.1.2.3:8000", "http://10.1.515:8000", "http://[::ffff:10.1.2.3]:8000"},
		"[fe80::1%eth0]:8000":   {"http://[fe80::1%25eth0]:8000", "http://[FE80:0::1%25eth0]:8000"},
		"node-1.site:8000":      {"http://node-1.site:8000", "http://Node-1.Site.:8000"},
		"1.2.3.4.5:8000":        {"http://1.2.3.4.5:8000"},
		"300.1.1.1:8000":        {"http://300.1.1.1:8000"},
		"1_0.1:8000":            {"http://1_0.1:8000"},
		"notlocalhost:8000":     {"http://notlocalhost:8000"},
		"127.0.0.1.nip.io:8000": {"http://127.0.0.1.nip.io:8000"},
	} {
		for _, spelling := range spellings {
			u, err := url.Parse(spelling)
			if err != nil {
				t.Fatal(err)
			}
			if got := placeOf(u); got != want {
				t.Errorf("%s is at %s, want %s", spelling, got, want)
			}
		}
	}
}

// Requests have /v1 themselves: a URL that ends in it is the same base.
func TestBase(t *testing.T) {
	m := server("sglang", "0.5.23")
	p, err := NewPlan(m, Options{External: []string{"http://a:1/v1/", "https://B:2//", "http://a:3/x/v1", "http://a:4/v1beta"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"http://a:1", "https://B:2", "http://a:3/x", "http://a:4/v1beta"} {
		if got := p.Replicas[i].URL; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
