package engine

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"mlcfg/internal/diag/secret"
)

// planExternal takes engines that run already, one URL a replica.
func (p *Plan) planExternal(o Options) error {
	if o.Simulate {
		return fmt.Errorf("engines that run already cannot be simulated: leave out one of the two")
	}
	p.External = true
	given := map[string]int{}
	for i, text := range o.External {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("%q is not the URL of an engine; want for example http://127.0.0.1:8000", secret.URL(text))
		}
		place := placeOf(u)
		if other, twice := given[place]; twice {
			return fmt.Errorf("%q is given twice, as replica %d and %d: half of the load would go to an engine that has the other half already", text, other, i)
		}
		given[place] = i
		p.Replicas = append(p.Replicas, Replica{Index: i, URL: strings.TrimRight(text, "/")})
	}
	p.note("engines that run already are used as they are: the manifest's engine_config and env_config are not applied, and how they were started is not known")
	return nil
}

// placeOf is where a URL leads, spelt in one way: host names have no case, each
// scheme has its port, and localhost is this machine.
func placeOf(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if host == "localhost" || host == "::1" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port) + strings.TrimRight(u.Path, "/")
}

// external is engines that somebody else started.
type external struct{ endpoints []Endpoint }

func (e *external) Endpoints() []Endpoint { return e.endpoints }
func (e *external) Died() <-chan error    { return nil }
func (e *external) Blame(i int, what string) *Failure {
	return &Failure{Replica: i, What: "at " + e.endpoints[i].URL + " " + what}
}
func (e *external) Stop(time.Duration) error { return nil }
