package client

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzResponse holds that no bytes of a server make the reader panic, that the
// outcome does not depend on how the bytes are cut, and that an error always
// says what it found.
func FuzzResponse(f *testing.F) {
	for _, c := range responses {
		f.Add([]byte(c.bytes), uint16(7), !c.whole, uint8(len(c.protocol)))
	}
	f.Fuzz(func(t *testing.T, data []byte, cut uint16, stream bool, protocol uint8) {
		o := Options{Stream: stream, Protocol: []Protocol{Completions, Chat, Generate}[int(protocol)%3]}
		at := min(int(cut), len(data))
		one := receive(o, []string{string(data)}, nil, 0, 0)
		two := receive(o, []string{string(data[:at]), string(data[at:])}, nil, 0, 0)
		one.First, one.Last, two.First, two.Last = 0, 0, 0, 0
		if one.Done && two.Done && (one.Error == LateError) != (two.Error == LateError) {
			return // bytes after the end are seen when they come in the same read
		}
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatalf("%q cut at %d:\n%s", data, at, diff)
		}
	})
}

// FuzzBody compares the bodies that are found with those that net/http finds.
func FuzzBody(f *testing.F) {
	for _, c := range responses {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r response
		r.reset(false, 0)
		var body []byte
		r.onEvent = func([]byte) {}
		done := r.feed(data, 0)
		if r.events || !done || r.broken() || r.status != 200 || r.answer.err == LateError {
			return
		}
		body = append(body, r.body...)
		std, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
		if err != nil || std.StatusCode != 200 {
			return // stricter about headers that do not matter here
		}
		want, err := io.ReadAll(std.Body)
		if err != nil {
			return
		}
		if !bytes.Equal(body, want) {
			t.Fatalf("%q: body %q, net/http reads %q", data, body, want)
		}
	})
}

// FuzzEvents compares the events of a stream in one piece with the definition,
// and with the stream in two pieces.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: a\n\ndata:b\r\n\r\n: c\ndata: d\ndata\nevent: x\n\n\n\ndata: e"), uint16(3))
	f.Add([]byte("\n\ndata:  a\n:\ndatax: b\ndata :c\n\n"), uint16(9))
	f.Add([]byte("\xef\xbb\xbfdata: a\rdata: b\r\rdata: c\r\n\rdata: d\n\r\ndata"), uint16(20))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint16) {
		var want []string
		var lines [][]byte
		flush := func() {
			if lines != nil {
				want = append(want, string(bytes.Join(lines, []byte("\n"))))
			}
			lines = nil
		}
		text := bytes.TrimPrefix(stream, byteOrderMark)
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			name, value, _ := bytes.Cut(line, []byte(":"))
			switch {
			case len(line) == 0:
				flush()
			case string(name) == "data":
				lines = append(lines, bytes.TrimPrefix(value, []byte(" ")))
			}
		}
		flush()
		for _, at := range []int{0, min(int(cut), len(stream))} {
			var got []string
			var e events
			take := func(data []byte) { got = append(got, string(data)) }
			e.feed(stream[:at], take)
			e.feed(stream[at:], take)
			e.end(take)
			if !slices.Equal(got, want) {
				t.Fatalf("%q cut at %d: %q, want %q", stream, at, got, want)
			}
		}
	})
}
