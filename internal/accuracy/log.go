package accuracy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"mlcfg/internal/plainfile"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Entry is one answer of mlperf_log_accuracy.json.
type Entry struct {
	// Index is the sample's index in the data set (qsl_idx).
	Index int
	// Data is what the system answered: token ids, or text.
	Data []byte
	// Tokens is the logged number of tokens, -1 if none is logged.
	Tokens int
}

// Log is an accuracy log in memory, and how its answers are written.
type Log struct {
	Entries []Entry
	Kind    Kind
}

// Kind is how answers are written into the log.
type Kind string

// The kinds: token ids of 32 or 64 bits, little-endian, or text in UTF-8.
const (
	Int32 Kind = "int32"
	Int64 Kind = "int64"
	Text  Kind = "text"
)

const (
	maxEntry   = 64 << 20
	maxEntries = 50_000_000
)

// ReadLog reads an accuracy log of LoadGen's: a JSON list, or one object a line.
// kind is int32, int64, text or empty; empty finds it out from the answers.
func ReadLog(ctx context.Context, path string, kind Kind) (*Log, error) {
	f, err := plainfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := readLog(ctx, f, kind)
	if err != nil {
		return nil, fmt.Errorf("reading accuracy log %s: %w", path, err)
	}
	return l, nil
}

// limited fails when one entry is larger than it may be.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("one entry is larger than %d MiB", maxEntry>>20)
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}

func readLog(ctx context.Context, r io.Reader, kind Kind) (*Log, error) {
	lim := &limited{r: bufio.NewReaderSize(r, 1<<20), left: maxEntry}
	dec := jsontext.NewDecoder(lim, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	l := &Log{Kind: kind}
	list := dec.PeekKind() == '['
	if list {
		if _, err := dec.ReadToken(); err != nil {
			return nil, err
		}
	}
	for {
		n := len(l.Entries)
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if n > maxEntries {
			return nil, fmt.Errorf("more than %d entries", maxEntries)
		}
		k := dec.PeekKind()
		if list && k == ']' {
			break
		}
		if k == 0 {
			if _, err := dec.ReadToken(); errors.Is(err, io.EOF) && !list {
				break
			} else if err != nil {
				return nil, fmt.Errorf("entry %d (byte %d): %w", n, dec.InputOffset(), err)
			}
		}
		lim.left = maxEntry
		e, err := readEntry(dec)
		if err != nil {
			return nil, fmt.Errorf("entry %d (byte %d): %w", n, dec.InputOffset(), err)
		}
		l.Entries = append(l.Entries, e)
	}
	if len(l.Entries) == 0 {
		return nil, errors.New("it holds no entries; was the run in accuracy mode?")
	}
	if l.Kind == "" {
		l.Kind = l.guess()
	}
	return l, l.check()
}

func readEntry(dec *jsontext.Decoder) (Entry, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return Entry{}, err
	}
	var e struct {
		Index  *int64         `json:"qsl_idx"`
		Data   jsontext.Value `json:"data"`
		Tokens *int64         `json:"token_count"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return Entry{}, err
	}
	switch {
	case e.Index == nil || e.Data == nil:
		return Entry{}, errors.New("want qsl_idx and data")
	case *e.Index < 0 || *e.Index > math.MaxInt32:
		return Entry{}, fmt.Errorf("qsl_idx %d", *e.Index)
	case e.Data.Kind() != '"':
		return Entry{}, errors.New("data is no text")
	}
	digits := bytes.Trim(e.Data, `"`)
	data := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(data, digits); err != nil {
		return Entry{}, fmt.Errorf("data: %w", err)
	}
	out := Entry{Index: int(*e.Index), Data: data, Tokens: -1}
	if e.Tokens != nil && *e.Tokens >= 0 && *e.Tokens <= math.MaxInt32 {
		out.Tokens = int(*e.Tokens)
	}
	return out, nil
}

// guess finds out how answers are written. Token ids are small: of 64-bit ones
// every second 32 bits are zero, and as 32-bit ones they are below 2^24, which
// four letters are not.
func (l *Log) guess() Kind {
	all32, all64, some := true, true, false
	for _, e := range l.Entries {
		if len(e.Data) == 0 {
			continue
		}
		some = true
		if len(e.Data)%4 != 0 {
			return Text
		}
		all64 = all64 && len(e.Data)%8 == 0
		for i := 0; i+4 <= len(e.Data); i += 4 {
			u := binary.LittleEndian.Uint32(e.Data[i:])
			all32 = all32 && u < 1<<24
			all64 = all64 && (i%8 == 0 || u == 0)
		}
	}
	switch {
	case some && all64:
		return Int64
	case all32:
		return Int32
	}
	return Text
}

// check makes sure that every answer can be read as the log's kind.
func (l *Log) check() error {
	size := map[Kind]int{Int32: 4, Int64: 8, Text: 1}[l.Kind]
	if size == 0 {
		return fmt.Errorf("answers of kind %q are not known: want int32, int64 or text", l.Kind)
	}
	for i, e := range l.Entries {
		if len(e.Data)%size != 0 {
			return fmt.Errorf("entry %d: %d bytes are no %s token ids", i, len(e.Data), l.Kind)
		}
		if l.Kind == Int64 {
			for j := 0; j < len(e.Data); j += 8 {
				if id := int64(binary.LittleEndian.Uint64(e.Data[j:])); id != int64(int32(id)) {
					return fmt.Errorf("entry %d: the token id %d does not fit in 32 bits; is the log of int32 or text?", i, id)
				}
			}
		}
	}
	return nil
}

// ids returns the token ids of an answer, nil for text.
func (l *Log) ids(e Entry) []int32 {
	switch l.Kind {
	case Int32:
		out := make([]int32, len(e.Data)/4)
		for i := range out {
			out[i] = int32(binary.LittleEndian.Uint32(e.Data[4*i:]))
		}
		return out
	case Int64:
		out := make([]int32, len(e.Data)/8)
		for i := range out {
			out[i] = int32(binary.LittleEndian.Uint64(e.Data[8*i:]))
		}
		return out
	}
	return nil
}

// tokens is the number of tokens of an answer; -1 if a text's is not logged.
func (l *Log) tokens(e Entry) int {
	switch l.Kind {
	case Int32:
		return len(e.Data) / 4
	case Int64:
		return len(e.Data) / 8
	}
	return e.Tokens
}
