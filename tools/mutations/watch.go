package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// mostMemory is what one input may make a reader allocate, all in all, in bytes;
// much of it is garbage at once.
const mostMemory = 1 << 30

// watch feeds inputs and looks after what happens.
type watch struct {
	seed     uint64
	keep     string
	deadline time.Duration
}

// tally is how the inputs of a kind fared.
type tally struct {
	what                                     string
	inputs, accepted, refused, panics, hangs int
	memory                                   uint64 // most allocated for one, in bytes
	slowest                                  time.Duration
	broken                                   []string
}

func (t *tally) add(o *tally) {
	t.inputs, t.accepted, t.refused = t.inputs+o.inputs, t.accepted+o.accepted, t.refused+o.refused
	t.panics, t.hangs, t.memory = t.panics+o.panics, t.hangs+o.hangs, max(t.memory, o.memory)
}

func (t *tally) line() string {
	return fmt.Sprintf("%-30s %6d inputs: %d accepted, %d refused, %d panics, %d hangs; most memory for one %d MiB, slowest %v",
		t.what, t.inputs, t.accepted, t.refused, t.panics, t.hangs, t.memory>>20, t.slowest.Round(time.Millisecond))
}

func (t *tally) row() string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d |\n", t.what, t.inputs, t.accepted, t.refused, t.panics, t.hangs, t.memory>>20)
}

// feed returns a kind its inputs from a number on.
func (w *watch) feed(ctx context.Context, k *kind, from, count int) (tally, error) {
	t := tally{what: k.what}
	for i := from; i < from+count; i++ {
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
		rng := rand.New(rand.NewPCG(w.seed, uint64(i)*4+uint64(k.number)))
		input := k.damage(rng)
		before, began := allocated(), time.Now()
		result, ended := tried(k.read, input, w.deadline)
		took, memory := time.Since(began), allocated()-before
		t.inputs++
		t.memory, t.slowest = max(t.memory, memory), max(t.slowest, took)
		switch {
		case !ended:
			t.hangs++
			t.broken = append(t.broken, w.note(k, i, input, fmt.Sprintf("no end after %v", w.deadline)))
			return t, nil // what hangs goes on; everything behind it would be slow
		case result.panicked != "":
			t.panics++
			t.broken = append(t.broken, w.note(k, i, input, result.panicked))
		case result.wrong != "":
			t.broken = append(t.broken, w.note(k, i, input, result.wrong))
		case memory > mostMemory:
			t.broken = append(t.broken, w.note(k, i, input, fmt.Sprintf("%d MiB were allocated", memory>>20)))
		case result.accepted:
			t.accepted++
		default:
			t.refused++
		}
	}
	return t, nil
}

// note keeps an input that broke something.
func (w *watch) note(k *kind, i int, input []byte, what string) string {
	path := filepath.Join(w.keep, fmt.Sprintf("mutation-%s-%d", k.name, i))
	if err := os.WriteFile(path, input, 0o644); err != nil {
		path = "not kept: " + err.Error()
	}
	return fmt.Sprintf("%s input %d (%s): %s", k.name, i, path, what)
}

// result is what a reader made of an input.
type result struct {
	accepted bool
	// wrong says what was accepted that should not have been, or the reverse.
	wrong    string
	panicked string
}

// tried reads an input, for the time given at most.
func tried(read func([]byte) result, input []byte, deadline time.Duration) (r result, ended bool) {
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.panicked = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
			}
			done <- r
		}()
		r = read(input)
	}()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case r := <-done:
		return r, true
	case <-timer.C:
		return result{}, false
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
