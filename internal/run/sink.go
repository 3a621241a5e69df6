package run

import (
	"encoding/binary"
	"fmt"
	"time"

	"mlcfg/internal/client"
	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
	"mlcfg/internal/run/live"
)

// sink writes results as they come: one record each and, in accuracy mode,
// one entry of the accuracy log where the sample is logged.
type sink struct {
	records  *record.Writer
	parts    *record.Parts // nil: there are none
	accuracy *loadgen.AccuracyLog
	logged   logged // which samples go into the accuracy log
	offline  bool
	tokens   bool   // the run has token latencies
	first    uint64 // the phase's first sample
	meter    *live.Meter
	// issued tells, where the official LoadGen issues, when its first query came
	// and what the records count from; nil otherwise.
	issued func() (first, zero time.Duration)

	row   record.Record
	bytes []byte
}

// Write takes a batch of results. Everything in it is in the operating
// system's hands when it returns: a kill of this process does not lose it.
func (s *sink) Write(batch []client.Result) error {
	for i := range batch {
		r := &batch[i]
		s.fill(r)
		if err := s.records.Append(&s.row); err != nil {
			return err
		}
		if r.OK() && s.logged.has(r.Seq) {
			if err := s.answer(r); err != nil {
				return fmt.Errorf("writing the accuracy log: %w", err)
			}
		}
	}
	if err := s.records.Flush(); err != nil {
		return err
	}
	s.meter.Add(batch)
	s.seal(batch)
	return nil
}

// seal writes the batch as Parquet too. A failure does not end the run: the
// record file has everything, and the parts are made of it at the end.
func (s *sink) seal(batch []client.Result) {
	if s.parts == nil {
		return
	}
	for i := range batch {
		s.fill(&batch[i])
		if s.parts.Append(&s.row) != nil {
			return
		}
	}
	_ = s.parts.SealOld() // Close tells
}

// fill makes the record of a result: what the client cannot know of it is its
// place among the queries and, where another issued them, their clock.
func (s *sink) fill(r *client.Result) {
	s.row = r.Record
	s.row.Query = r.Seq - s.first
	if s.offline {
		s.row.Query, s.row.Issued = 0, 0 // the one query holds every sample
	}
	if s.issued != nil {
		first, zero := s.issued()
		shift(&s.row, s.offline, first, zero)
	}
}

// answer logs the generated tokens as the accuracy scripts of the LLM
// benchmarks read them: 32-bit integers, little-endian.
func (s *sink) answer(r *client.Result) error {
	s.bytes = s.bytes[:0]
	for _, id := range r.OutputIDs {
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(id))
	}
	entry := loadgen.AccuracyEntry{
		SeqID: r.Seq, SampleIndex: uint64(r.Sample), Data: s.bytes,
		WithTokenCount: s.tokens, TokenCount: r.OutputTokens, WithTokenData: s.tokens && !s.offline,
	}
	if entry.WithTokenData && len(s.bytes) >= 4 {
		entry.TokenData = s.bytes[:4]
	}
	return s.accuracy.Add(&entry)
}
