package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/engine"
	"mlcfg/internal/manifest"
	"mlcfg/internal/run"
	"mlcfg/schema"
)

// compareRequests sets every sampling parameter to several values, has the runner's
// client send a request, and the release's own classes read it.
func compareRequests(ctx context.Context, e *release) ([]tried, error) {
	return compareSent(ctx, e, "requests", "")
}

// compareChats does the same where the samples are conversations.
func compareChats(ctx context.Context, e *release) ([]tried, error) {
	return compareSent(ctx, e, "chats", `{"messages": [{"role": "user", "content": "one"}]}`+"\n")
}

// compareSent compares what is sent for samples like these; empty are texts.
func compareSent(ctx context.Context, e *release, kind, samples string) ([]tried, error) {
	c, remove, err := newCompiler(e, samples)
	if err != nil {
		return nil, err
	}
	defer remove()
	s := newCatcher()
	defer s.Close()
	usual := client.Protocol(c.backend.Requests)
	if samples != "" {
		usual = client.Chat
	}
	var cases, unsent []tried // unsent are refused before there is something to ask
	var asked [][2]any
	var written []any
	for _, key := range e.schema.Section(schema.SamplingConfig).Keys() {
		for _, v := range values(e.schema, key) {
			m, said, code, err := c.compile(c.backend.SamplingSection(), key.Name, yamlText(v))
			if err != nil {
				return nil, err
			}
			t, params := tried{engine: e.Engine, key: key.Name, value: yamlText(v), ours: said, code: code}, map[string]any{key.Name: v}
			protocol := usual
			if m != nil {
				var notes string
				if protocol, params, notes, err = carried(ctx, m, key.Name); err != nil {
					t.code, t.ours = "plan", err.Error()
					protocol, params = usual, map[string]any{key.Name: v}
				}
				t.ours += notes
				v = m.SamplingConfig[key.Name]
			}
			body, err := s.body(ctx, protocol, params)
			if err != nil {
				if t.code == "" {
					t.verdict, t.code, t.ours = refused, "client", err.Error()
					unsent = append(unsent, t)
				}
				continue
			}
			cases, asked, written = append(cases, t), append(asked, [2]any{key.Name, body}), append(written, v)
		}
	}
	answers, err := e.ask(ctx, kind, asked)
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		cases[i] = judge(cases[i], written[i], a, cases[i].code)
	}
	return append(cases, unsent...), nil
}

// carried are the parameters that the runner's plan has of a manifest, as its protocol
// has them, and what it notes on the key.
func carried(ctx context.Context, m *manifest.Manifest, key string) (protocol client.Protocol, params map[string]any, notes string, err error) {
	p, err := run.NewPlan(ctx, m, run.Options{Engine: engine.Options{DeviceEnv: engine.NoDevices}})
	if err != nil {
		return "", nil, "", err
	}
	for _, n := range p.Notes {
		if strings.Contains(n, "."+key+" ") {
			notes += n
		}
	}
	return p.Protocol, p.Parameters, notes, nil
}

// catcher is a server that keeps the last request.
type catcher struct {
	*httptest.Server
	last chan []byte
}

func newCatcher() *catcher {
	c := &catcher{last: make(chan []byte, 1)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			c.last <- body
		}
		w.WriteHeader(http.StatusTeapot) // the answer is of no interest
	}))
	return c
}

// body is what the runner's client sends with these parameters.
func (c *catcher) body(ctx context.Context, protocol client.Protocol, params map[string]any) (json.RawMessage, error) {
	cl, err := client.New(client.Options{URLs: []string{c.URL}, Protocol: protocol, Model: "m", Params: params})
	if err != nil {
		return nil, err
	}
	sent := false
	source := client.SourceFunc(func(_ client.Ask, r *client.Request) bool {
		r.Tokens, r.Text, sent = []int32{1, 2, 3}, "one", !sent
		return sent
	})
	if _, err := cl.Run(ctx, client.Plan{Timeout: time.Minute}, source, client.SinkFunc(func([]client.Result) error { return nil })); err != nil {
		return nil, err
	}
	select {
	case body := <-c.last:
		if !json.Valid(body) {
			return nil, fmt.Errorf("the body is no JSON: %s", body)
		}
		return body, nil
	default:
		return nil, fmt.Errorf("no request was sent")
	}
}
