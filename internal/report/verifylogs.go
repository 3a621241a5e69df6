package report

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
)

// SUT is the system under test as LoadGen's logs name it.
func SUT(m *manifest.Manifest, simulated bool) string {
	machine := m.Machine
	if machine == "" {
		machine = "an unnamed machine"
	}
	name := m.Backend + " on " + machine
	if simulated {
		return "SIMULATED " + name
	}
	return name
}

// logs compares LoadGen's three logs with what the records give. Where the
// official LoadGen wrote them, by times of its own, only the samples of its
// accuracy log are.
func (v *verifier) logs() error {
	summary, err := v.log(loadgen.SummaryName)
	if err != nil {
		return err
	}
	detail, err := v.log(loadgen.DetailName)
	if err != nil {
		return err
	}
	if err := v.accuracyLog(); err != nil {
		return err
	}
	j := v.judged
	if j.Verdict == nil || v.run.State.OfficialLoadGen != "" {
		return nil
	}
	if detail != nil {
		v.detailLog(detail, j)
	}
	if summary != nil {
		v.summaryLog(summary, detail, j)
	}
	return nil
}

// log reads one of the logs; nil where it is not there, which is said.
func (v *verifier) log(name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(v.run.Path, name))
	if errors.Is(err, os.ErrNotExist) {
		v.say("%s is missing", name)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading LoadGen's logs: %w", err)
	}
	return data, nil
}

// summaryLog compares LoadGen's summary line by line.
func (v *verifier) summaryLog(got, detail []byte, j *Judgement) {
	program, version, _ := strings.Cut(v.run.State.Program, " ")
	want := bytes.Buffer{}
	report := loadgen.Report{
		Program: loadgen.Program{Name: program, Version: version}, SUT: SUT(v.run.Manifest, v.run.State.Simulated),
		Settings: j.Settings, Verdict: j.Verdict, Summary: j.Figures,
		Errors: bytes.Count(detail, []byte(`"is_error": true`)), Warnings: bytes.Count(detail, []byte(`"is_warning": true`)),
	}
	if err := report.WriteSummary(&want); err != nil {
		v.say("%s cannot be made again: %v", loadgen.SummaryName, err)
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(want.String(), "\n")
	wrong := 0
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := lineAt(gotLines, i), lineAt(wantLines, i)
		if g == w {
			continue
		}
		if wrong++; wrong <= most {
			v.say("%s line %d does not say %q, which is what the records give, but %q", loadgen.SummaryName, i+1, w, g)
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// detailLog looks for each result in the detail log.
func (v *verifier) detailLog(got []byte, j *Judgement) {
	var want bytes.Buffer
	log := loadgen.NewDetailLog(&want, loadgen.Program{}, 0, func() time.Duration { return 0 })
	log.LogResults(j.Settings, j.Verdict, j.Figures)
	const end = `, "time_ms": `
	wrong := 0
	for line := range bytes.Lines(want.Bytes()) {
		fact, _, _ := bytes.Cut(line, []byte(end))
		if bytes.Contains(fact, []byte(`"num_errors"`)) || bytes.Contains(got, append(slices.Clone(fact), end...)) {
			continue
		}
		if wrong++; wrong <= most {
			v.say("%s does not say %s, which is what the records give", loadgen.DetailName, bytes.TrimPrefix(fact, []byte(":::MLLOG {")))
		}
	}
}

// accuracyLog compares the samples of the accuracy log with the records.
func (v *verifier) accuracyLog() error {
	data, err := v.log(loadgen.AccuracyName)
	if err != nil || data == nil {
		return err
	}
	var entries []struct {
		Seq    uint64 `json:"seq_id"`
		Sample uint64 `json:"qsl_idx"`
		Data   string `json:"data"`
	}
	if err := json.Unmarshal(data, &entries); err != nil {
		v.say("%s cannot be read: %v", loadgen.AccuracyName, err)
		return nil
	}
	if v.run.State.OfficialLoadGen != "" {
		return nil // its sequence numbers are its own
	}
	ok := 0
	for _, r := range v.run.Records.All() {
		if r.OK() {
			ok++
		}
	}
	wrong := 0
	for _, e := range entries {
		r := v.numbered(e.Seq)
		const idSize = 4
		if r != nil && r.OK() && uint64(r.Sample) == e.Sample && int64(hex.DecodedLen(len(e.Data))) == idSize*r.OutputTokens {
			continue
		}
		if wrong++; wrong <= most {
			v.say("%s entry %d (sample %d, %d bytes) is not what was recorded", loadgen.AccuracyName, e.Seq, e.Sample, hex.DecodedLen(len(e.Data)))
		}
	}
	if v.run.Manifest.TestMode == "accuracy" && len(entries) != ok {
		v.say("%s has %d entries, %d requests were answered", loadgen.AccuracyName, len(entries), ok)
	}
	return nil
}
