package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mlcfg/internal/backend"
)

// answers is a server with these bodies by path; a body "404" is that status, and one of
// /v1/models that begins with "!" has the simulated engine's header.
func answers(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, there := pages[r.URL.Path]
		if !there || body == "404" {
			http.NotFound(w, r)
			return
		}
		if body, there = strings.CutPrefix(body, "!"); there {
			w.Header().Set("X-Simulated", "true")
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// An engine serves when it says so and names its model; whatever of it says that it is
// simulated is believed, for a number of it taken for hardware's is worth nothing.
func TestProbe(t *testing.T) {
	b, _ := backend.Of("vllm")
	for name, c := range map[string]struct {
		health, models, version string
		want                    Endpoint
		fault                   string
	}{
		"real":                {"", `{"data":[{"id":"m","owned_by":"vllm"},{"id":"n"}]}`, `{"version":"0.9.2"}`, Endpoint{Model: "m", Release: "0.9.2"}, ""},
		"no release":          {"", `{"data":[{"id":"m"}]}`, "404", Endpoint{Model: "m"}, ""},
		"no JSON for release": {"", `{"data":[{"id":"m"}]}`, "0.9.2", Endpoint{Model: "m"}, ""},
		"by its header":       {"", `!{"data":[{"id":"m"}]}`, "404", Endpoint{Model: "m", Simulated: true}, ""},
		"by its release":      {"", `{"data":[{"id":"m"}]}`, `{"version":"simulated"}`, Endpoint{Model: "m", Release: "simulated", Simulated: true}, ""},
		"by a model's name":   {"", `{"data":[{"id":"m"},{"id":"simulated/m"}]}`, "404", Endpoint{Model: "m", Simulated: true}, ""},
		"by whose it is":      {"", `{"data":[{"id":"m","owned_by":"mlrun-sim (simulated)"}]}`, "404", Endpoint{Model: "m", Simulated: true}, ""},
		"not healthy":         {"404", `{"data":[{"id":"m"}]}`, "", Endpoint{}, "/health answers 404 Not Found"},
		"no models page":      {"", "404", "", Endpoint{}, "/v1/models answers 404 Not Found"},
		"no JSON":             {"", "<html>", "", Endpoint{}, "reading /v1/models: "},
		"no model":            {"", `{"data":[]}`, "", Endpoint{}, "/v1/models names no model"},
	} {
		url := answers(t, map[string]string{"/health": c.health, "/v1/models": c.models, "/version": c.version})
		got := Endpoint{URL: url}
		err := probe(t.Context(), asker(Access{}), b, &got, false)
		c.want.URL = url
		if got != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.HasPrefix(err.Error(), c.fault) {
			t.Errorf("%s: %+v, %v; want %+v, %s", name, got, err, c.want, c.fault)
		}
		// A second look says the same of the same place.
		again, err := Look(t.Context(), &Plan{Facts: b}, Endpoint{URL: url, Protocol: "vllm", Model: "before", Release: "before", Simulated: true})
		if c.want.Protocol = "vllm"; again != c.want || (err == nil) != (c.fault == "") {
			t.Errorf("%s, once more: %+v, %v; want %+v", name, again, err, c.want)
		}
	}
	for name, url := range map[string]string{"nobody": "http://127.0.0.1:1", "no URL": "http://[::1"} {
		if err := probe(t.Context(), asker(Access{}), b, &Endpoint{URL: url}, false); err == nil {
			t.Errorf("%s serves", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := releaseOf(ctx, asker(Access{}), b, &Endpoint{URL: answers(t, map[string]string{"/version": `{"version":"1"}`})}); got != "" {
		t.Errorf("a release that nobody told: %q", got)
	}
}

// What a loading engine prints is told: the last progress bar, else the last line,
// without secrets.
func TestTell(t *testing.T) {
	g := &group{}
	m := &member{replica: Replica{Index: 2, Env: []EnvVar{{Name: "TOKEN", Value: "hunter2", Passed: true}}}}
	for name, c := range map[string]struct {
		lines []string
		want  []Progress
	}{
		"nothing": {nil, nil},
		"a line":  {[]string{"a", "by hunter2"}, []Progress{{Replica: 2, Elapsed: 7, Percent: -1, Line: "by ***"}}},
		"bars": {
			[]string{"Loading: 0%", "Loading: 50%", "Capturing: 0%", "b"},
			[]Progress{{Replica: 2, Elapsed: 7, Stage: "Capturing", Percent: 0, Line: "b"}},
		},
		"too much": {[]string{"Loading: 120%"}, []Progress{{Replica: 2, Elapsed: 7, Stage: "Loading", Percent: 100, Line: "Loading: 120%"}}},
	} {
		var got []Progress
		g.tell(m, c.lines, 7*time.Nanosecond, func(p Progress) { got = append(got, p) })
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// The zero options have defaults: this program supervises, and nothing is told.
func TestStartDefaults(t *testing.T) {
	o, err := StartOptions{}.withDefaults()
	if err != nil || o.Poll != 250*time.Millisecond || len(o.Supervisor) != 2 || o.Supervisor[1] != SuperviseCommand {
		t.Errorf("%+v, %v", o, err)
	}
	o.Progress(Progress{})
	called := false
	given := StartOptions{Poll: 1, Progress: func(Progress) { called = true }, Supervisor: []string{"s"}}
	if o, err = given.withDefaults(); err != nil || o.Poll != 1 || len(o.Supervisor) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	if o.Progress(Progress{}); !called {
		t.Error("nothing is told")
	}
	ctx, cancel := o.untilReady(t.Context())
	defer cancel()
	if _, ends := ctx.Deadline(); ends {
		t.Error("without a timeout the start ends by itself")
	}
}
