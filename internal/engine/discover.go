package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag/secret"
	"mlcfg/internal/engine/sim"
)

// Found is what answers at a URL.
type Found struct {
	// URL is the engine's, without /v1 behind it.
	URL string
	// Models are the names that it serves, at least one.
	Models []string
	// Backend is the engine as it shows itself; the first of all where it does not.
	Backend *backend.Backend
	// Release is the engine's own word, empty where it has none: then Backend is a guess.
	Release   string
	Simulated bool
}

// Discover asks an endpoint of OpenAI's protocol what it serves and which engine it is.
func Discover(ctx context.Context, address string, a Access) (*Found, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not the URL of an engine; want for example http://127.0.0.1:8000", secret.URL(address))
	}
	u.Path, u.RawPath = base(u.Path), ""
	f := &Found{URL: u.String()}
	client := asker(a)
	res, err := get(ctx, client, f.URL+"/v1/models")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s/v1/models answers %s%s", f.URL, res.Status, wantsKey(res.StatusCode))
	}
	var models struct {
		Data []struct {
			ID      string `json:"id"`
			OwnedBy string `json:"owned_by"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 4<<20)).Decode(&models); err != nil {
		return nil, fmt.Errorf("reading %s/v1/models: %w", f.URL, err)
	}
	var owners []string
	for _, m := range models.Data {
		f.Models, owners = append(f.Models, m.ID), append(owners, m.OwnedBy)
		f.Simulated = f.Simulated || sim.Named(m.ID) || m.OwnedBy == sim.Owner
	}
	if len(f.Models) == 0 {
		return nil, fmt.Errorf("%s/v1/models names no model", f.URL)
	}
	engines := slices.DeleteFunc(slices.Clone(backend.All()), func(b *backend.Backend) bool { return b.Name != b.Engine })
	slices.SortStableFunc(engines, func(b, c *backend.Backend) int { // who says so is asked first
		return btoi(slices.Contains(owners, c.Engine)) - btoi(slices.Contains(owners, b.Engine))
	})
	f.Backend = engines[0]
	for _, b := range engines {
		if f.Release = releaseOf(ctx, client, b, &Endpoint{URL: f.URL}); f.Release != "" {
			f.Backend = b
			break
		}
	}
	return f, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wantsKey is what to do about a status that asks for a key.
func wantsKey(status int) string {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return ": it wants a key, and what it is given is none that it takes (--api-key-env NAME, --header)"
	}
	return ""
}
