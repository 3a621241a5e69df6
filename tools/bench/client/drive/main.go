// Command drive sends requests with internal/client, as mlrun does, and writes
// every result. It is what the bench compares with other load generators.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"strconv"
	"time"

	"mlcfg/internal/client"
)

func main() {
	if err := drive(); err != nil {
		fmt.Fprintln(os.Stderr, "drive:", err)
		os.Exit(2)
	}
}

func drive() error {
	url := flag.String("url", "http://127.0.0.1:8000", "the server's `URL`")
	n := flag.Int("n", 1000, "number of requests")
	concurrency := flag.Int("c", 64, "requests in flight; ignored with -rate")
	rate := flag.Float64("rate", 0, "requests per second, Poisson; 0: as fast as the server answers")
	input := flag.Int("input", 32, "prompt tokens of each request")
	output := flag.Int("output", 1, "output tokens of each request")
	ids := flag.Bool("ids", true, "ask for token ids")
	out := flag.String("out", os.DevNull, "`file` for the results, JSON lines")
	gc := flag.Int("gc", 400, "GOGC during the run")
	reads := flag.Bool("reads", false, "take the times of reads and writes instead of the kernel's")
	profile := flag.String("cpuprofile", "", "`file` for a CPU profile")
	flag.Parse()

	c, err := client.New(client.Options{
		URLs: []string{*url}, Model: "mock", Stream: true, TokenIDs: *ids, ReadClock: *reads,
		Params: map[string]any{"temperature": 0, "ignore_eos": true, "max_tokens": *output},
	})
	if err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	sink := &lines{w: bufio.NewWriterSize(f, 64<<10)}
	plan := client.Plan{Pace: client.AtOnce, Concurrency: *concurrency, Timeout: time.Minute, GCPercent: *gc}
	if *rate > 0 {
		plan = client.Plan{Pace: client.OnSchedule, Timeout: time.Minute, GCPercent: *gc}
	}
	s, err := c.Run(context.Background(), plan, newSource(*n, *input, *rate), sink)
	if err != nil {
		return err
	}
	if err := sink.w.Flush(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// newSource makes n requests with random prompts, due by exponential gaps.
func newSource(n, input int, rate float64) client.Source {
	rng := rand.New(rand.NewPCG(1, 2))
	prompts := make([][]int32, 1024)
	for i := range prompts {
		prompts[i] = make([]int32, input)
		for j := range prompts[i] {
			prompts[i][j] = rng.Int32N(32000)
		}
	}
	var at float64
	return client.SourceFunc(func(a client.Ask, r *client.Request) bool {
		if a.Sent == n {
			return false
		}
		r.ID, r.Sample = uint64(a.Sent), a.Sent%len(prompts)
		r.Tokens = prompts[r.Sample]
		if rate > 0 {
			r.At = time.Duration(at * 1e9)
			at += -math.Log(1-rng.Float64()) / rate
		}
		return true
	})
}

// lines writes each result as a JSON object.
type lines struct {
	w   *bufio.Writer
	buf []byte
}

func (l *lines) Write(batch []client.Result) error {
	for i := range batch {
		r := &batch[i]
		b := append(l.buf[:0], `{"id":`...)
		b = strconv.AppendUint(b, r.Seq, 10)
		for _, f := range [...]struct {
			name  string
			value int64
		}{
			{`,"sample":`, int64(r.Sample)},
			{`,"replica":`, int64(r.Replica)},
			{`,"scheduled_ns":`, int64(r.Scheduled)},
			{`,"sent_ns":`, int64(r.Sent)},
			{`,"first_token_ns":`, int64(r.FirstToken)},
			{`,"last_token_ns":`, int64(r.LastToken)},
			{`,"done_ns":`, int64(r.Done)},
			{`,"input_tokens":`, r.InputTokens},
			{`,"output_tokens":`, r.OutputTokens},
			{`,"status":`, int64(r.HTTPStatus)},
		} {
			b = strconv.AppendInt(append(b, f.name...), f.value, 10)
		}
		b = strconv.AppendQuote(append(b, `,"finish_reason":`...), r.Finish)
		b = strconv.AppendQuote(append(b, `,"error":`...), string(r.Class))
		l.buf = append(b, "}\n"...)
		if _, err := l.w.Write(l.buf); err != nil {
			return err
		}
	}
	return nil
}
