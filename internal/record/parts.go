package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
)

// PartsDir is the folder in a run directory that holds the records in Parquet:
// files part-00000.parquet and so on, in the order of the record file, each
// whole. pandas, pyarrow, polars and Spark read the folder as one table.
const PartsDir = "records.parquet"

// How much one part holds at most: a crash leaves that much to the record file alone.
const (
	PartRows = 1 << 16
	PartAge  = time.Minute
)

// partialPart is the part under way. Readers of whole folders pass over names that begin with a dot.
const partialPart = ".partial"

// partRow gives the columns their names, types and order. They are those of the record file, nulls too.
type partRow struct {
	Seq          uint64  `parquet:"seq"`
	Query        uint64  `parquet:"query"`
	Sample       uint32  `parquet:"sample"`
	Replica      int32   `parquet:"replica"`
	Scheduled    int64   `parquet:"scheduled_ns"`
	Issued       int64   `parquet:"issued_ns"`
	Sent         *int64  `parquet:"sent_ns"`
	FirstToken   *int64  `parquet:"first_token_ns"`
	Done         *int64  `parquet:"done_ns"`
	InputTokens  int64   `parquet:"input_tokens"`
	OutputTokens int64   `parquet:"output_tokens"`
	Status       string  `parquet:"status,dict"`
	Finish       *string `parquet:"finish,dict"`
	Error        *string `parquet:"error,dict"`
	Resent       bool    `parquet:"resent"`
	Stamped      bool    `parquet:"stamped"`
	SentStamped  bool    `parquet:"sent_stamped"`
}

// partColumns are its columns. Runs recorded before the last ones were added have
// fewer, never less than the first.
const (
	partColumns  = 17
	firstColumns = 14
)

// Parts writes records as Parquet, one part after another. A part has its name
// only when it is whole, so whatever ends the run, all parts can be read.
// It is used by one goroutine at a time.
type Parts struct {
	// MaxAge is how old a part may become before SealOld seals it, PartAge at first.
	MaxAge time.Duration

	dir     string
	options []parquet.WriterOption

	limit  int // rows of a part
	number int // of the part under way
	rows   int // in it
	began  time.Time
	file   *os.File
	sync   func(*os.File) error // forces a part to the disk

	journal *Writer
	out     *parquet.GenericWriter[partRow]
	batch   []parquet.Row
	// err is the first failure; nothing is written after it. The record file
	// has it all, and Complete writes what is missing.
	err error
}

// batchRows is how many rows are handed to the encoder at a time.
const batchRows = 256

// CreateParts makes the folder of parts in the run directory dir. about is what
// each part says of itself as Parquet metadata, key and value in turns. The
// journal is the record file that holds the same records; it may be nil where it
// is on the disk already. It is forced there before each part, so that a power
// cut never leaves a part that knows more than the journal.
func CreateParts(dir string, journal *Writer, about ...string) (*Parts, error) {
	path := filepath.Join(dir, PartsDir)
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of Parquet records: %w", err)
	}
	p := newParts(path, 0, PartRows, about)
	p.journal = journal
	return p, nil
}

func newParts(path string, number, limit int, about []string) *Parts {
	p := &Parts{MaxAge: PartAge, dir: path, number: number, limit: limit, sync: (*os.File).Sync, batch: make([]parquet.Row, 0, batchRows), options: []parquet.WriterOption{
		parquet.Compression(&parquet.Zstd), parquet.CreatedBy("mlrun", "", ""),
	}}
	for i := 0; i+1 < len(about); i += 2 {
		p.options = append(p.options, parquet.KeyValueMetadata(about[i], about[i+1]))
	}
	return p
}

// Append adds a record. The part under way is sealed when it is full.
func (p *Parts) Append(r *Record) error {
	if p.err != nil {
		return p.err
	}
	if p.file == nil {
		if p.err = p.open(); p.err != nil {
			return p.err
		}
	}
	n := len(p.batch)
	p.batch = p.batch[:n+1]
	p.batch[n] = appendRow(p.batch[n][:0], r)
	p.rows++
	switch {
	case p.rows == p.limit:
		return p.seal()
	case n+1 == batchRows:
		p.write()
	}
	return p.err
}

// SealOld seals the part under way where it is older than MaxAge.
func (p *Parts) SealOld() error {
	if p.err != nil || p.file == nil || time.Since(p.began) < p.MaxAge {
		return p.err
	}
	return p.seal()
}

// Close seals the part under way.
func (p *Parts) Close() error {
	if p.err != nil || p.file == nil {
		return p.err
	}
	return p.seal()
}

func (p *Parts) open() error {
	f, err := os.OpenFile(filepath.Join(p.dir, partialPart), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing Parquet records: %w", err)
	}
	p.file, p.rows, p.began = f, 0, time.Now()
	if p.out == nil {
		p.out = parquet.NewGenericWriter[partRow](f, p.options...)
	} else {
		p.out.Reset(f)
	}
	return nil
}

// write hands the batch to the encoder.
func (p *Parts) write() {
	if len(p.batch) == 0 || p.err != nil {
		return
	}
	if _, err := p.out.WriteRows(p.batch); err != nil {
		p.err = fmt.Errorf("writing Parquet records: %w", err)
	}
	p.batch = p.batch[:0]
}

func (p *Parts) seal() error {
	p.write()
	err := p.err
	if err == nil {
		err = p.out.Close()
	}
	if err == nil && p.journal != nil {
		err = p.journal.Sync()
	}
	if err == nil { // a power cut leaves no part under its name that is not whole
		err = p.sync(p.file)
	}
	err = errors.Join(err, p.file.Close())
	p.file = nil
	if err == nil {
		err = os.Rename(filepath.Join(p.dir, partialPart), filepath.Join(p.dir, partName(p.number)))
		p.number++
		p.syncFolder()
	}
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("sealing Parquet records: %w", err)
	}
	return p.err
}

// syncFolder forces a part's name to the disk. Some file systems cannot; there
// the journal has it all.
func (p *Parts) syncFolder() {
	f, err := os.Open(p.dir)
	if err != nil {
		return
	}
	defer f.Close()
	_ = p.sync(f)
}

func partName(number int) string { return fmt.Sprintf("part-%05d.parquet", number) }

// appendRow appends the values of r in the order of partRow's fields.
func appendRow(row parquet.Row, r *Record) parquet.Row {
	put := func(v parquet.Value) { row = append(row, v.Level(0, 0, len(row))) }
	reached := func(at time.Duration) {
		if at == NotReached {
			row = append(row, parquet.NullValue().Level(0, 0, len(row)))
			return
		}
		row = append(row, parquet.Int64Value(int64(at)).Level(0, 1, len(row)))
	}
	text := func(s string) {
		if s == "" {
			row = append(row, parquet.NullValue().Level(0, 0, len(row)))
			return
		}
		row = append(row, parquet.ValueOf(valid(s)).Level(0, 1, len(row)))
	}
	put(parquet.Int64Value(int64(r.Seq)))
	put(parquet.Int64Value(int64(r.Query)))
	put(parquet.Int32Value(int32(r.Sample)))
	put(parquet.Int32Value(r.Replica))
	put(parquet.Int64Value(int64(r.Scheduled)))
	put(parquet.Int64Value(int64(r.Issued)))
	reached(r.Sent)
	reached(r.FirstToken)
	reached(r.Done)
	put(parquet.Int64Value(r.InputTokens))
	put(parquet.Int64Value(r.OutputTokens))
	put(parquet.ValueOf(string(r.Status)))
	text(r.Finish)
	text(r.Error)
	put(parquet.BooleanValue(r.Resent))
	put(parquet.BooleanValue(r.Stamped))
	put(parquet.BooleanValue(r.SentStamped))
	return row
}
