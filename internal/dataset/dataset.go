// Package dataset reads the samples that a benchmark sends: token ids, texts or
// chat messages, with the reference output where the file has one.
//
//	set, err := dataset.Read(ctx, "open_orca_gpt4_tokenized_llama.sampled_24576.pkl", dataset.Options{})
//	set.Samples[i].Tokens
//
// JSON lines, JSON, CSV, Parquet and pickled pandas data frames are read, each
// also compressed with gzip, zstd, bzip2 or xz, and give the same [Set]. What a column means follows
// from its name; [Roles] lists the names. Pickles are read as data and never
// executed (package pickle).
package dataset

import (
	"context"
	"errors"
	"fmt"
)

// ErrLeftOut is the error of a program that is built without Parquet, zstd and xz (the
// build tag split) about a file of theirs.
var ErrLeftOut = errors.New("this program is built without Parquet, zstd and xz")

// Sample is one row of a data set. Slices may be shared between samples and
// are to be read only.
type Sample struct {
	// Tokens are the token ids of the prompt, nil where the set has none.
	Tokens []int32
	// Prompt is the text of the prompt, empty where the set has none.
	Prompt string
	// Messages are the turns of a chat prompt, nil where the set has none.
	Messages []Message
	// Answer is the recorded answer to the messages, which is not sent. Its length in
	// tokens is the length of the output, where nothing else says that.
	Answer string
	// Reference is the output that accuracy is judged by.
	Reference string
	// ReferenceTokens are the token ids of a reference output.
	ReferenceTokens []int32
	// MaxTokens bounds the output of this sample; 0 means no own bound.
	MaxTokens int
	// Stop are texts that end the output, StopTokens token ids that do.
	Stop       []string
	StopTokens []int32
	// ID, Source and Metric are the columns of these meanings: a name of the
	// sample, the collection it came from (GSM8K, OpenOrca), how it is judged.
	ID, Source, Metric string
}

// Column is one column of the file: its name, the type its format gives it and
// what it was read as ([NoRole] where it was not).
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Role Role   `json:"role,omitempty"`
}

// Set is a data set in memory. Sample i, LoadGen's sample index, is row i of the file,
// not counting rows that have no prompt.
type Set struct {
	// Path is the file, empty for a synthetic set.
	Path string
	// Format is jsonl, json, csv, parquet, pickle or synthetic.
	Format string
	// Columns are the columns of the file in its order.
	Columns []Column
	Samples []Sample
	// Notes are things about the file worth telling, one line each.
	Notes []string
}

// Len is the number of samples.
func (s *Set) Len() int { return len(s.Samples) }

// HasTokens reports whether every sample has token ids.
func (s *Set) HasTokens() bool {
	for i := range s.Samples {
		if len(s.Samples[i].Tokens) == 0 {
			return false
		}
	}
	return len(s.Samples) > 0
}

// Options say what is read. The zero value reads every known column.
type Options struct {
	// Only limits reading to these roles; nil reads all. A performance run that
	// sends token ids needs no texts, which are most of a file's bytes.
	Only []Role
	// Columns names the column for a role where its name is not a known one.
	Columns map[Role]string
	// Limit stops after that many samples; 0 reads all.
	Limit int
	// AllowEmpty lets a set pass in which no sample has a prompt.
	AllowEmpty bool
	// Strict refuses rows that have no prompt. They are left out otherwise, and counted.
	Strict bool
}

// MaxSamples is the largest number of samples a set may hold.
const MaxSamples = 10_000_000

// Read reads the data set at path. The format follows from the content, and
// where that does not tell, from the name. Errors name the file and the place
// in it: the line of JSON lines and CSV, the offset and opcode of a pickle, the
// column of Parquet.
func Read(ctx context.Context, path string, opt Options) (*Set, error) {
	set, err := read(ctx, path, opt)
	if err != nil {
		return nil, fmt.Errorf("reading data set %s: %w", path, err)
	}
	return set, nil
}

func read(ctx context.Context, path string, opt Options) (*Set, error) {
	f, err := sniff(path)
	if err != nil {
		return nil, err
	}
	b := newBuilder(opt)
	switch f.format {
	case "pickle":
		err = readPickle(ctx, f, b)
	case "jsonl":
		err = readJSONL(ctx, f, b)
	case "json":
		err = readJSON(ctx, f, b)
	case "csv":
		err = readCSV(ctx, f, b)
	case "parquet":
		err = readParquet(ctx, f, b)
	default:
		err = fmt.Errorf("the format is not known: want JSON lines, JSON, CSV, Parquet or a pickled data frame")
	}
	if err != nil && !errors.Is(err, errLimit) {
		return nil, err
	}
	set, err := b.finish()
	if err != nil {
		return nil, err
	}
	set.Path, set.Format = path, f.format
	return set, nil
}
