package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"syscall"
)

// ClientsDir holds what the clients of a run with several of them wrote, a folder each: their
// records by phase, in the order in which requests ended. The record file is made of them when
// the run ends, in that order too.
const ClientsDir = "clients"

// clientLog is what a client printed. The run's lock on it lasts as long as the client does.
const clientLog = "log"

// mostClients bounds the folders that are read, and with them the files that are open at once.
const mostClients = 1 << 8

// ClientDir is the folder of a client in the run directory dir.
func ClientDir(dir string, number int) string {
	return filepath.Join(dir, ClientsDir, fmt.Sprintf("client-%d", number))
}

// ClientFile is where a client's records of a phase are.
func ClientFile(dir string, number, phase int) string {
	return filepath.Join(ClientDir(dir, number), fmt.Sprintf("phase-%d.jsonl", phase))
}

// CreateClient makes the folder of a client, and returns the log that it is to print to. The log
// is locked until the client, and whoever else has it open, has ended.
func CreateClient(dir string, number int) (*os.File, error) {
	if err := os.MkdirAll(ClientDir(dir, number), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of client %d: %w", number, err)
	}
	f, err := os.OpenFile(filepath.Join(ClientDir(dir, number), clientLog), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("making the log of client %d: %w", number, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking the log of client %d: %w", number, err)
	}
	return f, nil
}

// clients is how many clients' folders a run directory has.
func clients(dir string) int {
	for n := range mostClients {
		if info, err := os.Lstat(ClientDir(dir, n)); err != nil || !info.IsDir() {
			return n
		}
	}
	return mostClients
}

// clientsRun reports whether a client still writes: one outlives a run that was killed by the
// moment that it needs to notice.
func clientsRun(dir string) (bool, error) {
	for n := range clients(dir) {
		running, err := locked(filepath.Join(ClientDir(dir, n), clientLog))
		if running || err != nil {
			return running, err
		}
	}
	return false, nil
}

// FromClients calls yield for each record that the clients of the run directory dir wrote, phase
// by phase in the order in which requests ended, and stops when yield returns false. The record
// is only valid during the call. Memory does not grow with their number. Where a client's file
// ends within a line the error is ErrTorn, after all records; without files it is os.ErrNotExist.
func FromClients(dir string, yield func(phase, client int, r *Record) bool) error {
	n := clients(dir)
	torn, goOn := false, true
	for phase := 0; goOn; phase++ {
		found := 0
		var all []*head
		for c := range n {
			h := &head{client: c}
			switch err := h.open(ClientFile(dir, c, phase)); {
			case err == nil:
				found++
				all = append(all, h)
			case !errors.Is(err, os.ErrNotExist):
				closeHeads(all)
				return err
			}
		}
		if found == 0 && phase == 0 {
			return fmt.Errorf("the records of clients: %w", os.ErrNotExist)
		}
		if found == 0 {
			break
		}
		err := mergeHeads(all, func(h *head) bool {
			goOn = yield(phase, h.client, h.record)
			return goOn
		})
		for _, h := range all {
			torn = torn || h.torn
		}
		if closeHeads(all); err != nil {
			return err
		}
	}
	if torn && goOn {
		return ErrTorn
	}
	return nil
}

// head is a client's file and the record of it that is next.
type head struct {
	client int
	file   *os.File
	next   func() (*Record, error, bool)
	stop   func()
	record *Record // nil at the end
	torn   bool
}

func (h *head) open(path string) (err error) {
	if h.file, err = os.Open(path); err != nil {
		return fmt.Errorf("opening the records of client %d: %w", h.client, err)
	}
	h.next, h.stop = iter.Pull2(func(yield func(*Record, error) bool) {
		going := true
		err := Read(h.file, func(r *Record) bool {
			going = yield(r, nil)
			return going
		})
		if err != nil && going {
			yield(nil, err)
		}
	})
	if err = h.advance(); err != nil {
		closeHeads([]*head{h})
	}
	return err
}

func (h *head) advance() error {
	r, err, more := h.next()
	h.record = r
	if errors.Is(err, ErrTorn) {
		h.torn = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("the records of client %d: %w", h.client, err)
	}
	if !more {
		h.record = nil
	}
	return nil
}

// mergeHeads takes the record that ended first, again and again.
func mergeHeads(all []*head, take func(*head) bool) error {
	for {
		var first *head
		for _, h := range all {
			if r := h.record; r != nil && (first == nil || r.Done < first.record.Done || r.Done == first.record.Done && r.Seq < first.record.Seq) {
				first = h
			}
		}
		if first == nil || !take(first) {
			return nil
		}
		if err := first.advance(); err != nil {
			return err
		}
	}
}

func closeHeads(all []*head) {
	for _, h := range all {
		h.stop()
		h.file.Close()
	}
}

// MergeClients makes the record file of the run directory dir out of what its clients wrote,
// and returns how many records it has. It has its name once it is whole. each may be nil; it is
// called for each record, in order.
func MergeClients(dir string, each func(phase, client int, r *Record) error) (records uint64, err error) {
	path := filepath.Join(dir, FileName)
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("merging the records of clients: %w", err)
	}
	w, err := Create(partial)
	if err != nil {
		return 0, err
	}
	var failed error
	err = FromClients(dir, func(phase, client int, r *Record) bool {
		if failed = w.Append(r); failed == nil && each != nil {
			failed = each(phase, client, r)
		}
		return failed == nil
	})
	if errors.Is(err, ErrTorn) || errors.Is(err, os.ErrNotExist) {
		err = nil // what was not written whole is missing, and why the run ended says so
	}
	if err = errors.Join(err, failed, w.Close()); err == nil {
		err = os.Rename(partial, path)
	}
	if err != nil {
		return 0, fmt.Errorf("merging the records of clients: %w", err)
	}
	return w.Records(), nil
}

// Tail reads what is appended to a record file that another process writes.
type Tail struct {
	path string
	at   int64
}

// NewTail reads the file at path, which need not be there yet, from its start.
func NewTail(path string) *Tail { return &Tail{path: path} }

// tailSize is how much is read at a time.
const tailSize = longestLine

// More calls yield for each record that was written whole since the last call.
func (t *Tail) More(yield func(*Record)) error {
	f, err := os.Open(t.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the record file: %w", err)
	}
	defer f.Close()
	buf := make([]byte, tailSize)
	for {
		n, err := f.ReadAt(buf, t.at)
		whole := bytes.LastIndexByte(buf[:n], '\n') + 1
		if whole == 0 {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		t.at += int64(whole)
		if err := Read(bytes.NewReader(buf[:whole]), func(r *Record) bool { yield(r); return true }); err != nil {
			return err
		}
	}
}
