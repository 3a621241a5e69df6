package engine

import (
	"fmt"
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
	for i, text := range o.External {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.User != nil {
			return fmt.Errorf("%q is not the URL of an engine; want for example http://127.0.0.1:8000", secret.URL(text))
		}
		p.Replicas = append(p.Replicas, Replica{Index: i, URL: strings.TrimRight(text, "/")})
	}
	p.note("engines that run already are used as they are: the manifest's engine_config and env_config are not applied, and how they were started is not known")
	return nil
}

// external is engines that somebody else started.
type external struct{ endpoints []Endpoint }

func (e *external) Endpoints() []Endpoint { return e.endpoints }
func (e *external) Died() <-chan error    { return nil }
func (e *external) Blame(i int, what string) *Failure {
	return &Failure{Replica: i, What: "at " + e.endpoints[i].URL + " " + what}
}
func (e *external) Stop(time.Duration) error { return nil }
