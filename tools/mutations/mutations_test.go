package main

import (
	"strings"
	"testing"
	"time"
)

// A few hundred of the inputs that make mutations tries 100,000 of.
func TestMutations(t *testing.T) {
	all, err := kinds("../..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &watch{seed: 9, keep: t.TempDir(), deadline: 5 * time.Minute}
	for i := range all {
		tally, err := w.feed(t.Context(), &all[i], 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range tally.broken {
			t.Error(text)
		}
		if tally.inputs != 100 || tally.accepted == 0 || tally.refused == 0 {
			t.Errorf("%s: all of one kind, so that half is not tried", tally.line())
		}
	}
}

// A panic, a hang and a glutton are seen.
func TestWatch(t *testing.T) {
	w := &watch{keep: t.TempDir(), deadline: time.Minute}
	k := kind{name: "x", what: "x", damage: anyOf([][]byte{[]byte("ab")})}
	k.read = func([]byte) result { panic("at the disco") }
	got, err := w.feed(t.Context(), &k, 0, 2)
	if err != nil || got.panics != 2 || len(got.broken) != 2 || !strings.Contains(got.broken[0], "at the disco") {
		t.Errorf("%+v, %v", got, err)
	}
	forever := make(chan struct{})
	defer close(forever)
	k.read = func([]byte) result { <-forever; return result{} }
	w.deadline = time.Millisecond
	if got, err = w.feed(t.Context(), &k, 0, 2); err != nil || got.hangs != 1 || got.inputs != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	// The same number gives the same input.
	var first []byte
	w.deadline = time.Minute
	k.read = func(input []byte) result {
		if first != nil && string(first) != string(input) {
			return result{wrong: "another input"}
		}
		first = input
		return result{accepted: true}
	}
	for range 2 {
		if got, err = w.feed(t.Context(), &k, 7, 1); err != nil || got.accepted != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
