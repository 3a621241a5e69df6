// Package metrics reads what an engine says of itself while a run goes on: its
// Prometheus page, once an interval, reduced to the few figures that explain a
// result. They are written as JSON lines beside the records.
//
//	s, err := metrics.Start(dir, urls, time.Second, began)
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
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
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
}

// names are the engines' names of the figures: vLLM's (vllm/v1/metrics/loggers.py,
// the KV cache's was gpu_cache_usage_perc before 0.10), SGLang's (srt/metrics/collector.py).
var names = map[string]func(*Sample) **float64{
	"vllm:num_requests_running":    func(s *Sample) **float64 { return &s.Running },
	"vllm:num_requests_waiting":    func(s *Sample) **float64 { return &s.Waiting },
	"vllm:kv_cache_usage_perc":     func(s *Sample) **float64 { return &s.KVCache },
	"vllm:gpu_cache_usage_perc":    func(s *Sample) **float64 { return &s.KVCache },
	"vllm:prompt_tokens_total":     func(s *Sample) **float64 { return &s.PromptTokens },
	"vllm:generation_tokens_total": func(s *Sample) **float64 { return &s.GenerationTokens },

	"sglang:num_running_reqs":        func(s *Sample) **float64 { return &s.Running },
	"sglang:num_queue_reqs":          func(s *Sample) **float64 { return &s.Waiting },
	"sglang:token_usage":             func(s *Sample) **float64 { return &s.KVCache },
	"sglang:prompt_tokens_total":     func(s *Sample) **float64 { return &s.PromptTokens },
	"sglang:generation_tokens_total": func(s *Sample) **float64 { return &s.GenerationTokens },
}

// Parse reads a Prometheus page in its text format. Values of one name with
// different labels (one a scheduler, say) add up; all else is passed over.
func Parse(r io.Reader) (Sample, error) {
	var s Sample
	in := bufio.NewScanner(io.LimitReader(r, longestPage))
	in.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for in.Scan() {
		line := in.Bytes()
		end := bytes.IndexAny(line, "{ ")
		if end <= 0 {
			continue
		}
		field, ok := names[string(line[:end])]
		if !ok {
			continue
		}
		rest := line[end:]
		if rest[0] == '{' {
			// Label values may hold anything but a bare quote; the value follows the last brace.
			rest = rest[bytes.LastIndexByte(rest, '}')+1:]
		}
		words := strings.Fields(string(rest))
		if len(words) == 0 {
			continue
		}
		v, err := strconv.ParseFloat(words[0], 64)
		if err != nil || v != v {
			continue
		}
		at := field(&s)
		if *at != nil {
			v += **at
		}
		*at = &v
	}
	return s, in.Err()
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

// Start reads the page of each base URL every interval into a new file in dir;
// times count from began. A page that cannot be read is passed over: an
// engine may have none.
func Start(dir string, urls []string, interval time.Duration, began time.Time) (*Scraper, error) {
	file, err := os.OpenFile(filepath.Join(dir, FileName), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating the metrics file: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Scraper{cancel: cancel, file: file, last: make([]Sample, len(urls))}
	client := &http.Client{Timeout: 5 * time.Second}
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
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
