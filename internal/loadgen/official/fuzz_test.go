package official

import (
	"bufio"
	"bytes"
	"testing"
)

// FuzzRead: whatever the driver's process says, the queries that are taken have
// as many samples as ids, and the rest is an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte("q 123 1 2 3 4\ndone\n"))
	f.Add([]byte("p 123 1 2\nq 123 3 4\nfailed because\n"))
	f.Add([]byte("q 99999999999999999999 1 2\n"))
	f.Add([]byte("q\nq 1 2\n\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		d := &Driver{output: bufio.NewReaderSize(bytes.NewReader(said), longestLine), queries: make(chan Query, 1024), stop: make(chan struct{}), ended: make(chan struct{})}
		go d.read()
		for q := range d.Queries() {
			if len(q.IDs) != len(q.Samples) {
				t.Errorf("%d ids and %d samples", len(q.IDs), len(q.Samples))
			}
		}
		<-d.ended
		if d.err == nil && !bytes.Contains(said, []byte("done")) {
			t.Error("an end that nobody told")
		}
	})
}
