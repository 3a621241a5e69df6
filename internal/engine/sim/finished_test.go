package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mlcfg/internal/backend"
)

// buffer is written by the server while the test reads it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A line for each whole answer, streamed or not, and none for one with a fault.
func TestFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stdout, finished := io.Pipe()
	var log buffer
	cfg := quick(backend.VLLM)
	cfg.Finished, cfg.Faults.MalformedEvery = &log, 3
	ended := make(chan error, 1)
	go func() { ended <- ListenAndServe(ctx, "127.0.0.1:0", cfg, finished, io.Discard) }()
	line := make([]byte, 100)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(line[:n]))
	for _, body := range []string{
		`{"prompt":[1,2],"max_tokens":3,"min_tokens":3}`, `{"prompt":[3],"max_tokens":4,"min_tokens":4,"stream":true}`,
		`{"prompt":[4],"max_tokens":4,"stream":true}`,
	} {
		res, err := http.Post(url+"/v1/completions", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	const want = `{"prompt":[1,2],"tokens":3}` + "\n" + `{"prompt":[3],"tokens":4}` + "\n"
	for deadline := time.Now().Add(10 * time.Second); log.String() != want && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got := log.String(); got != want {
		t.Errorf("got %s", got)
	}
	var f Finished
	if err := json.Unmarshal([]byte(strings.SplitAfter(want, "\n")[0]), &f); err != nil || f.Tokens != 3 || len(f.Prompt) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
