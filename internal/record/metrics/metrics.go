// Package metrics reads what an engine says of itself while a run goes on: its
// Prometheus page, once an interval, reduced to the few figures that explain a
// result. They are written as JSON lines beside the records.
//
//	s, err := metrics.Start(dir, urls, transport, time.Second, began)
//	... the run ...
//	err = s.Stop()
package metrics

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"mlcfg/internal/backend"
)

// FileName is the file in a run directory.
const FileName = "metrics.jsonl"

// Sample is what one replica said at one time. A figure that its page does not
// have is absent.
type Sample struct {
	// At is nanoseconds since the start of measuring.
	At      int64 `json:"at_ns"`
	Replica int   `json:"replica"`
	// Running and Waiting count requests in the batch and in the queue.
	Running *float64 `json:"running,omitempty"`
	Waiting *float64 `json:"waiting,omitempty"`
	// KVCache is the share of the KV cache in use, 0 to 1.
	KVCache *float64 `json:"kv_cache,omitempty"`
	// PromptTokens and GenerationTokens count since the engine started.
	PromptTokens     *float64 `json:"prompt_tokens,omitempty"`
	GenerationTokens *float64 `json:"generation_tokens,omitempty"`
	// PromptRate and GenerationRate are the engine's own figures of tokens a
	// second, where it has them; the counts above give them otherwise.
	PromptRate     *float64 `json:"prompt_tokens_per_second,omitempty"`
	GenerationRate *float64 `json:"generation_tokens_per_second,omitempty"`
	// Preemptions count requests that were put back into the queue for want of KV cache.
	Preemptions *float64 `json:"preemptions,omitempty"`
}

// field is the figure of a sample that holds a quantity, nil where none does.
func (s *Sample) field(q backend.Quantity) **float64 {
	switch q {
	case backend.Running:
		return &s.Running
	case backend.Waiting:
		return &s.Waiting
	case backend.KVCache:
		return &s.KVCache
	case backend.PromptTokens:
		return &s.PromptTokens
	case backend.GenerationTokens:
		return &s.GenerationTokens
	case backend.PromptRate:
		return &s.PromptRate
	case backend.GenerationRate:
		return &s.GenerationRate
	case backend.Preemptions:
		return &s.Preemptions
	}
	return nil
}

// names are all engines' names of the figures.
var names = sync.OnceValue(func() map[string]backend.Figure {
	all := map[string]backend.Figure{}
	for _, b := range backend.All() {
		for _, f := range b.Figures {
			if new(Sample).field(f.Of) != nil {
				all[f.Name] = f
			}
		}
	}
	return all
})

// Parse reads a Prometheus page in its text format. Values of one name with
// different labels (one a scheduler, say) add up, or are averaged where they are shares; all else is passed over.
func Parse(r io.Reader) (Sample, error) {
	var s Sample
	type sum struct {
		total float64
		n     int
	}
	sums := map[string]sum{}
	in := bufio.NewScanner(io.LimitReader(r, longestPage))
	in.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for in.Scan() {
		name, v, ok := parseLine(in.Bytes())
		if !ok {
			continue
		}
		sums[name] = sum{sums[name].total + v, sums[name].n + 1}
	}
	for _, old := range []bool{true, false} { // the newer name is written over the older
		for name, total := range sums {
			f := names()[name]
			if f.Old != old {
				continue
			}
			v := total.total
			if f.Mean {
				v /= float64(total.n)
			}
			*s.field(f.Of) = &v
		}
	}
	return s, in.Err()
}

// parseLine returns name and value of a line that holds a figure.
func parseLine(line []byte) (name string, v float64, ok bool) {
	end := bytes.IndexAny(line, "{ ")
	if end <= 0 {
		return "", 0, false
	}
	if _, ok := names()[string(line[:end])]; !ok {
		return "", 0, false
	}
	rest := line[end:]
	if rest[0] == '{' {
		rest = rest[labelsEnd(rest):]
	}
	words := strings.Fields(string(rest))
	if len(words) == 0 {
		return "", 0, false
	}
	v, err := strconv.ParseFloat(words[0], 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return "", 0, false
	}
	return string(line[:end]), v, true
}

// labelsEnd is the length of the labels in braces that b begins with, or of b
// where they do not end. Label values may hold braces, and escaped quotes; behind
// the value an exemplar may have labels of its own.
func labelsEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			return i + 1
		}
	}
	return len(b)
}

const longestPage = 8 << 20

// Scraper reads pages until it is stopped.
type Scraper struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	file *os.File
	err  error
	// Last is the newest sample of each replica, for a live view.
	last []Sample
}

// Start reads the page at each URL every interval into a new file in dir;
// times count from began. The pages are asked for by way of transport. A page that
// cannot be read is passed over: an engine may have none.
func Start(dir string, urls []string, transport http.RoundTripper, interval time.Duration, began time.Time) (*Scraper, error) {
	file, err := os.OpenFile(filepath.Join(dir, FileName), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating the metrics file: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Scraper{cancel: cancel, file: file, last: make([]Sample, len(urls))}
	client := &http.Client{
		Timeout: 5 * time.Second, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for i, url := range urls {
		s.done.Go(func() {
			tick := time.NewTicker(interval)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					s.read(ctx, client, url, i, began)
				}
			}
		})
	}
	return s, nil
}

func (s *Scraper) read(ctx context.Context, client *http.Client, url string, replica int, began time.Time) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	at := time.Since(began)
	res, err := client.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return
	}
	sample, err := Parse(res.Body)
	if err != nil || sample == (Sample{}) {
		return
	}
	sample.At, sample.Replica = int64(at), replica
	line, err := json.Marshal(sample)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[replica] = sample
	if s.err == nil {
		_, s.err = s.file.Write(append(line, '\n'))
	}
}

// Last is the newest sample of each replica; zero where there is none yet.
func (s *Scraper) Last() []Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Sample(nil), s.last...)
}

// Stop ends the reading and closes the file.
func (s *Scraper) Stop() error {
	s.cancel()
	s.done.Wait()
	if err := errors.Join(s.err, s.file.Close()); err != nil {
		return fmt.Errorf("writing the engines' metrics: %w", err)
	}
	return nil
}

// ReadFile reads the samples of a run directory, none where there is no file. A
// last line that was not written whole is left out.
func ReadFile(dir string) ([]Sample, error) {
	data, err := os.ReadFile(filepath.Join(dir, FileName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the engines' metrics: %w", err)
	}
	var out []Sample
	for line := 1; len(data) > 0; line++ {
		text, rest, whole := bytes.Cut(data, []byte("\n"))
		data = rest
		if !whole {
			break
		}
		var s Sample
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", FileName, line, err)
		}
		out = append(out, s)
	}
	return out, nil
}
