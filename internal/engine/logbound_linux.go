package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// An engine may print without end, and its log shares the disk with the records.
// So a log keeps its beginning and its end.
const (
	longestLog = 128 << 20 // bytes from which on the middle is cut out
	logHead    = 64 << 20  // bytes of the beginning that stay
	logTail    = 16 << 20  // bytes of the end that stay
	// scarce is the free space, in bytes, below which a log is cut to scarceLog at
	// each end when it is longer than four times that: records go before logs.
	scarce    = 64 << 20
	scarceLog = 256 << 10
	// logInterval is the time between two looks at a log.
	logInterval = 100 * time.Millisecond
)

// logBound keeps one log bounded.
type logBound struct {
	path string
	head int64 // where the beginning ends; 0: nothing was cut yet
	cut  int64 // bytes cut out so far
	free func(path string) (uint64, error)
}

// keep looks after the log until stop is closed.
func (b *logBound) keep(stop <-chan struct{}) {
	tick := time.NewTicker(logInterval)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			_ = b.look() // the next look tries again
		}
	}
}

// look cuts the middle out of a log that has become too long.
func (b *logBound) look() error {
	info, err := os.Stat(b.path)
	if err != nil {
		return err
	}
	if size := info.Size(); size > longestLog {
		return b.shorten(logHead, logTail, fmt.Sprintf("a log is cut when it is longer than %d MiB", longestLog>>20))
	} else if size <= 4*scarceLog {
		return nil
	}
	if free, err := b.free(b.path); err != nil || free >= scarce {
		return err
	}
	return b.shorten(scarceLog, scarceLog, fmt.Sprintf("less than %d MiB are free on the disk, which the records need", scarce>>20))
}

// shorten keeps so many bytes of the beginning and of the end, whole lines, and
// says between them what is missing. Whoever writes the log appends to it.
func (b *logBound) shorten(head, tail int64, why string) error {
	f, err := os.OpenFile(b.path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if b.head == 0 || b.head > head {
		if b.head, err = lineEnd(f, head); err != nil {
			return err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	from := max(b.head, info.Size()-tail)
	// What comes while this is read is a part of the end.
	end, err := io.ReadAll(io.NewSectionReader(f, from, 2*tail))
	if err != nil {
		return err
	}
	if from > b.head { // the rest of a line that begins before it
		line := bytes.IndexByte(end, '\n') + 1
		from, end = from+int64(line), end[line:]
	}
	if err := f.Truncate(b.head); err != nil {
		return err
	}
	b.cut += from - b.head
	note := fmt.Sprintf("\n--- mlrun cut about %d bytes out of this log here: %s ---\n", b.cut, why)
	_, err = f.Write(append([]byte(note), end...))
	return err
}

// lineEnd is the place behind the last line end before at, at itself where there
// is none near.
func lineEnd(f io.ReaderAt, at int64) (int64, error) {
	piece := make([]byte, min(at, 64<<10))
	n, err := f.ReadAt(piece, at-int64(len(piece)))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.LastIndexByte(piece[:n], '\n'); i >= 0 {
		return at - int64(len(piece)) + int64(i) + 1, nil
	}
	return at, nil
}
