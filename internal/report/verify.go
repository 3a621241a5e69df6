package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

// Verify tells what speaks against a run directory: that it does not belong to
// its manifest, is not whole, or says something that does not follow from its
// records. An empty list proves that
//
//   - the manifest's digest fits its content,
//   - every record is a sample that LoadGen's schedule issues for that
//     manifest, at its time, once, and none is missing (where the official
//     LoadGen issued, times are when it did, and its word ends the test),
//   - the Parquet records, and those that each of several clients wrote, are those
//     of the record file,
//   - summary.json and LoadGen's logs are what the records give,
//   - every file is as it was when the run was finished.
//
// Given a manifest, it must be the directory's. The error is about a directory
// that cannot be read at all.
func Verify(dir string, m *manifest.Manifest) ([]string, error) {
	r, err := Load(dir)
	if err != nil {
		return nil, err
	}
	j, err := Judge(r)
	if err != nil {
		return nil, err
	}
	v := &verifier{run: r, judged: j, in: r.Records.Reader()}
	if m != nil && m.Digest != r.Manifest.Digest {
		v.say("the directory belongs to another manifest: %s, not %s", r.Manifest.Digest, m.Digest)
	}
	switch {
	case r.Running:
		v.say("the run still goes on")
	case r.State.Phase != record.Ended:
		v.say("the run was cut off during: %s", r.State.Phase)
	}
	if r.Torn {
		v.say("the record file ends in a record that was not written whole")
	}
	if err := v.schedule(); err != nil {
		return nil, err
	}
	if err := v.summary(); err != nil {
		return nil, err
	}
	v.copies()
	if err := v.logs(); err != nil {
		return nil, err
	}
	changed, err := record.CheckSeal(dir, r.digests)
	if err != nil {
		return nil, err
	}
	v.found = append(v.found, changed...)
	return v.found, nil
}

type verifier struct {
	run    *Run
	judged *Judgement
	in     *record.Reader // of the run's records
	found  []string
}

// most bounds how often one kind of fault is named.
const most = 5

// numbered is the record with a number, nil where there is none; valid until the next call.
func (v *verifier) numbered(seq uint64) *record.Record {
	at := v.run.Records.Search(seq)
	if at == v.run.Records.Len() || v.run.Records.Seq(at) != seq {
		return nil
	}
	return v.in.At(at)
}

func (v *verifier) say(format string, args ...any) {
	v.found = append(v.found, fmt.Sprintf(format, args...))
}

// schedule compares the records with what LoadGen would have issued.
func (v *verifier) schedule() error {
	e := v.judged.Settings
	phases, err := e.Phases(loadgen.Generator{})
	if err != nil {
		return fmt.Errorf("laying out the test: %w", err)
	}
	records, wrong := v.run.Records.Len(), 0
	at := 0
	for _, phase := range phases {
		for q := range phase.Queries() {
			for i, sample := range q.Samples {
				if at == records {
					// An early end by LoadGen's own rules issues less than was generated.
					v.shortfall(phase)
					return nil
				}
				r := v.in.At(at)
				at++
				want := record.Record{Seq: q.FirstSample + uint64(i), Sample: uint32(sample), Scheduled: q.Scheduled}
				if e.Requested.Scenario == loadgen.SingleStream || v.run.State.OfficialLoadGen != "" {
					want.Scheduled = r.Scheduled // each follows the one before; or is when LoadGen did issue it
				}
				if r.Seq == want.Seq && r.Sample == want.Sample && r.Scheduled == want.Scheduled {
					continue
				}
				if wrong++; wrong <= most {
					v.say("record %d is sample %d at %d ns; LoadGen issues sample %d as number %d at %d ns", r.Seq, r.Sample, r.Scheduled, want.Sample, want.Seq, want.Scheduled)
				}
				if r.Seq != want.Seq {
					return nil // everything behind it is shifted
				}
			}
		}
	}
	if wrong > most {
		v.say("%d further records differ from LoadGen's schedule", wrong-most)
	}
	if at < records {
		v.say("%d records are more than LoadGen issues", records-at)
	}
	return nil
}

// shortfall judges records that end before the schedule does.
func (v *verifier) shortfall(phase *loadgen.Phase) {
	e := v.judged.Settings
	if phase.Mode == loadgen.AccuracyOnly {
		v.say("accuracy mode is not whole: %d records", v.run.Records.Len())
		return
	}
	if v.run.State.OfficialLoadGen != "" && v.run.OfficialResult != "" && e.Requested.Scenario != loadgen.Offline {
		return // it ended the test by its own clock, and said so
	}
	if v.judged.Verdict == nil {
		v.say("there is no record of the performance phase")
		return
	}
	if text, _ := loadgen.EndOfIssue(e, v.judged.Records); text == "" || e.Requested.Scenario == loadgen.Offline {
		v.say("records are missing: there are %d, and nothing in LoadGen's rules ends the test there", v.run.Records.Len())
	}
}

// summary compares summary.json with what the records give.
func (v *verifier) summary() error {
	written, err := os.ReadFile(filepath.Join(v.run.Path, record.SummaryFile))
	if errors.Is(err, os.ErrNotExist) {
		v.say("%s is missing", record.SummaryFile)
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the summary: %w", err)
	}
	var got Summary
	dec := json.NewDecoder(bytes.NewReader(written))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		v.say("%s cannot be read: %v", record.SummaryFile, err)
		return nil
	}
	// Compared as text, so that every field counts, field by field.
	gotFields, wantFields := fieldsOf(&got), fieldsOf(v.judged.Summary)
	for _, name := range slices.Sorted(keysOf(gotFields, wantFields)) {
		if g, w := gotFields[name], wantFields[name]; !bytes.Equal(g, w) {
			v.say("%s says %s: %s; the records give %s", record.SummaryFile, name, orNothing(g), orNothing(w))
		}
	}
	return nil
}

func fieldsOf(s *Summary) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	if data, err := json.Marshal(s); err == nil {
		_ = json.Unmarshal(data, &fields) // of what was just encoded
	}
	return fields
}

func keysOf(maps ...map[string]json.RawMessage) func(func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, m := range maps {
			for k := range m {
				if !seen[k] {
					seen[k] = true
					if !yield(k) {
						return
					}
				}
			}
		}
	}
}

func orNothing(b json.RawMessage) string {
	if b == nil {
		return "nothing"
	}
	return string(b)
}

// copies compares what else has the records with the record file: the Parquet parts and, of a
// run with several clients, what each of them wrote.
func (v *verifier) copies() {
	if v.run.Records.Len() == 0 {
		return
	}
	v.same(record.PartsDir, func(take func(*record.Record) bool) error { return record.ReadParts(v.run.Path, take) })
	if v.run.State.Clients > 1 {
		v.same(record.ClientsDir, func(take func(*record.Record) bool) error {
			return record.FromClients(v.run.Path, func(_, _ int, r *record.Record) bool { return take(r) })
		})
	}
}

// same compares a copy of the records, which read goes through, with the record file.
func (v *verifier) same(name string, read func(take func(*record.Record) bool) error) {
	count, wrong := 0, 0
	err := read(func(r *record.Record) bool {
		count++
		if have := v.numbered(r.Seq); have != nil && *have == *r {
			return true
		}
		if wrong++; wrong <= most {
			v.say("record %d in %s is not that of %s", r.Seq, name, record.FileName)
		}
		return true
	})
	switch {
	case err != nil:
		v.say("%v", err)
	case wrong > most:
		v.say("%d further records in %s differ", wrong-most, name)
	}
	if err == nil && count != v.run.Records.Len() {
		v.say("%s has %d records, %s has %d", name, count, record.FileName, v.run.Records.Len())
	}
}
