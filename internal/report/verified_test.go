package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/manifest"
	"mlcfg/internal/record"
)

// rewrite changes the records of a run in both forms, and seals it again.
func rewrite(t *testing.T, dir string, inFile, inParts func([]record.Record) []record.Record) {
	t.Helper()
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, record.FileName)
	if err := os.RemoveAll(filepath.Join(dir, record.PartsDir)); err != nil {
		t.Fatal(err)
	}
	p, err := record.CreateParts(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range inParts(run.Records.Rows()) {
		if err := p.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, r := range inFile(run.Records.Rows()) {
		text = append(r.AppendJSON(text), '\n')
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := record.Seal(dir); err != nil {
		t.Fatal(err)
	}
}

func same(rows []record.Record) []record.Record { return rows }

// Faults of many records are named up to a number, and then counted.
func TestVerifyCounts(t *testing.T) {
	each := func(n int, change func(*record.Record)) func([]record.Record) []record.Record {
		return func(rows []record.Record) []record.Record {
			for i := range n {
				change(&rows[i])
			}
			return rows
		}
	}
	more := func(rows []record.Record) []record.Record {
		for range 2 {
			last := rows[len(rows)-1]
			last.Seq++
			last.Query++
			rows = append(rows, last)
		}
		return rows
	}
	shifted := func(rows []record.Record) []record.Record { return slices.Delete(rows, 10, 11) }
	sample := func(r *record.Record) { r.Sample += 64 }
	tokens := func(r *record.Record) { r.InputTokens++ }
	const issue, differ = "LoadGen issues sample", "is not that of records.jsonl"
	for name, c := range map[string]struct {
		inFile, inParts func([]record.Record) []record.Record
		named           string
		times           int
		then            string // empty: no more is said of it
	}{
		"five samples":       {each(5, sample), same, issue, 5, ""},
		"eight samples":      {each(8, sample), same, issue, 5, "3 further records differ from LoadGen's schedule"},
		"a record is gone":   {shifted, shifted, issue, 1, ""},
		"two more":           {more, more, "2 records are more than LoadGen issues", 1, ""},
		"five in Parquet":    {same, each(5, tokens), differ, 5, ""},
		"seven in Parquet":   {same, each(7, tokens), differ, 5, "2 further records in records.parquet differ"},
		"fewer in Parquet":   {same, shifted, "records.parquet has 499 records, records.jsonl has 500", 2, ""},
		"Parquet of a first": {same, each(1, func(r *record.Record) { r.Seq = 1 << 40 }), "record 1099511627776 in records.parquet is not that", 1, ""},
	} {
		dir := wholeRun(t)
		run, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		named := strings.NewReplacer("499", itoa(run.Records.Len()-1), "500", itoa(run.Records.Len())).Replace(c.named)
		rewrite(t, dir, c.inFile, c.inParts)
		found, err := Verify(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(found, "\n")
		if n := strings.Count(all, named); n != c.times || !strings.Contains(all, c.then) || c.then == "" && strings.Contains(all, "further") {
			t.Errorf("%s: %q is said %d times, want %d, then %q, in\n%s", name, named, n, c.times, c.then, all)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// What is not there, or not whole, is said in its own words.
func TestVerifySays(t *testing.T) {
	remove := func(name string) func(string) error {
		return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
	}
	edit := func(name string, change func(string) string) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(change(string(text))), 0o644)
		}
	}
	replace := func(name, old, new string) func(string) error {
		return edit(name, func(s string) string {
			if !strings.Contains(s, old) {
				t.Errorf("%s lacks %s", name, old)
			}
			return strings.Replace(s, old, new, 1)
		})
	}
	entry := func(change func(map[string]any)) func(string) error {
		return edit(loadgen.AccuracyName, func(s string) string {
			var all []map[string]any
			if err := json.Unmarshal([]byte(s), &all); err != nil {
				t.Fatal(err)
			}
			change(all[0])
			text, _ := json.Marshal(all)
			return string(text)
		})
	}
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
	}{
		"cut off":             {replace(record.StateFile, `"ended"`, `"measuring"`), "the run was cut off during: measuring"},
		"no summary":          {remove(record.SummaryFile), "summary.json is missing"},
		"an unknown field":    {replace(record.SummaryFile, "{", `{"more": 1, `), `summary.json cannot be read: json: unknown field "more"`},
		"no JSON":             {replace(record.SummaryFile, "{", "["), "summary.json cannot be read: "},
		"a field is gone":     {replace(record.SummaryFile, `"output_tokens":`, `"input_tokens":`), "summary.json says output_tokens: 0; the records give "},
		"a field is added":    {replace(record.SummaryFile, `"reasons":`, `"official_loadgen": "5", "reasons":`), `summary.json says official_loadgen: "5"; the records give nothing`},
		"no summary log":      {remove(loadgen.SummaryName), "mlperf_log_summary.txt is missing"},
		"no detail log":       {remove(loadgen.DetailName), "mlperf_log_detail.txt is missing"},
		"no accuracy log":     {remove(loadgen.AccuracyName), "mlperf_log_accuracy.json is missing"},
		"the first line":      {edit(loadgen.SummaryName, func(s string) string { return "x" + s }), "mlperf_log_summary.txt line 1 does not say "},
		"an answer too short": {entry(func(e map[string]any) { e["data"] = "00" }), "mlperf_log_accuracy.json entry 3 (sample "},
		"a sample":            {entry(func(e map[string]any) { e["qsl_idx"] = 1000 }), "mlperf_log_accuracy.json entry 3 (sample 1000, 128 bytes) is not what was recorded"},
		"of no request":       {entry(func(e map[string]any) { e["seq_id"] = 9999999 }), "mlperf_log_accuracy.json entry 9999999"},
	} {
		dir := wholeRun(t)
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		if err := record.Seal(dir); err != nil {
			t.Fatal(err)
		}
		found, err := Verify(dir, nil)
		if err != nil || !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, c.want) }) {
			t.Errorf("%s: %q, %v, want %q", name, found, err, c.want)
		}
	}
	// An answer to a request that failed is none of it.
	dir := wholeRun(t)
	failed := func(rows []record.Record) []record.Record {
		rows[3].Status, rows[3].Error = record.Failed, "x"
		return rows
	}
	rewrite(t, dir, failed, failed)
	if found, err := Verify(dir, nil); err != nil || !strings.Contains(strings.Join(found, "\n"), "mlperf_log_accuracy.json entry 3 ") {
		t.Errorf("%q, %v", found, err)
	}
	// The manifest's own digest is none of another.
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(dir, &manifest.Manifest{Digest: run.Manifest.Digest}); err != nil || strings.Contains(strings.Join(found, "\n"), "another manifest") {
		t.Errorf("%q, %v", found, err)
	}
	// While it goes on nothing is whole, and that is said first.
	d, err := record.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(dir, nil); err != nil || !slices.Contains(found, "the run still goes on") {
		t.Errorf("%q, %v", found, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, record.ManifestFile)); err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(dir, nil); err == nil {
		t.Errorf("without a manifest: %q", found)
	}
	// A folder instead of a file cannot be read at all.
	for _, name := range []string{record.SummaryFile, loadgen.SummaryName, loadgen.DetailName, loadgen.AccuracyName} {
		dir := wholeRun(t)
		path := filepath.Join(dir, name)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if found, err := Verify(dir, nil); err == nil || !strings.HasPrefix(err.Error(), "reading ") {
			t.Errorf("a folder at %s: %q, %v", name, found, err)
		}
	}
}

// However much of a log is wrong, so many lines of it are named.
func TestVerifyNamesFew(t *testing.T) {
	for name, c := range map[string]struct {
		file, change, each string
	}{
		"summary":  {loadgen.SummaryName, strings.Repeat("x\n", 200), "mlperf_log_summary.txt line "},
		"detail":   {loadgen.DetailName, "\n", "mlperf_log_detail.txt does not say "},
		"accuracy": {loadgen.AccuracyName, "[" + strings.Repeat(`{"seq_id":3,"qsl_idx":1000,"data":"00"},`, 20) + `{"seq_id":3,"qsl_idx":1000,"data":"00"}]`, "mlperf_log_accuracy.json entry 3 "},
	} {
		dir := wholeRun(t)
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.change), 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := Verify(dir, nil)
		named := slices.DeleteFunc(found, func(line string) bool { return !strings.HasPrefix(line, c.each) })
		if err != nil || len(named) != most {
			t.Errorf("%s: %v, %d named, want %d: %q", name, err, len(named), most, named)
		}
	}
}

// The official LoadGen's times and logs are its own: of a run that it issued they are not made
// again, and its word ends the test, but the samples are held to the schedule all the same.
func TestVerifyOfficial(t *testing.T) {
	for name, c := range map[string]struct {
		result string
		change func([]record.Record) []record.Record
		want   string // empty: nothing is found but what was sealed otherwise
	}{
		"its own times": {"VALID", func(rows []record.Record) []record.Record {
			for i := range rows {
				rows[i].Scheduled++
			}
			return rows
		}, ""},
		"ended by its word":    {"VALID", func(rows []record.Record) []record.Record { return rows[:len(rows)-50] }, ""},
		"ended without a word": {"", func(rows []record.Record) []record.Record { return rows[:len(rows)-50] }, "records are missing: there are "},
		"another sample": {"VALID", func(rows []record.Record) []record.Record {
			rows[5].Sample++
			return rows
		}, "record 5 is sample "},
	} {
		dir := wholeRun(t)
		rewrite(t, dir, c.change, c.change)
		state := ended
		state.OfficialLoadGen, state.DatasetSamples = "5.1.2", 64
		text, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{record.StateFile: string(text), loadgen.SummaryName: resultLine + c.result + "\n", loadgen.DetailName: "its own\n", loadgen.AccuracyName: `[{"seq_id":9999,"qsl_idx":1,"data":""}]`} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		judgeAnew(t, dir)
		found, err := Verify(dir, nil)
		if err != nil || (c.want == "") != (len(found) == 0) || c.want != "" && !strings.HasPrefix(found[0], c.want) {
			t.Errorf("%s: %q, %v, want %q", name, found, err, c.want)
		}
	}
}

// In accuracy mode every sample is issued, and each answer is in the accuracy log.
func TestVerifyAccuracy(t *testing.T) {
	// accuracy makes a run of 64 samples out of one of performance.
	accuracy := func(rows int, entries int) []string {
		dir := wholeRun(t)
		m, err := manifest.ReadFile(filepath.Join(dir, record.ManifestFile), nil)
		if err != nil {
			t.Fatal(err)
		}
		section, err := loadgen.ReadSection(m.Loadgen)
		if err != nil {
			t.Fatal(err)
		}
		section.Settings.Mode, m.TestMode = loadgen.AccuracyOnly, "accuracy"
		m.Loadgen = section.Map()
		yaml, err := m.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, record.ManifestFile), yaml, 0o644); err != nil {
			t.Fatal(err)
		}
		run, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		log := "["
		var made []record.Record
		for n, q := range scheduled(t, dir)[:rows] {
			r := run.Records.At(n)
			r.Sample, r.Scheduled = uint32(q.Samples[0]), q.Scheduled
			made = append(made, r)
			if n < entries {
				log += fmt.Sprintf(`%s{"seq_id":%d,"qsl_idx":%d,"data":"%s"}`, map[bool]string{true: ","}[n > 0], n, r.Sample, strings.Repeat("00", 4*int(r.OutputTokens)))
			}
		}
		rewrite(t, dir, func([]record.Record) []record.Record { return made }, func([]record.Record) []record.Record { return made })
		if err := os.WriteFile(filepath.Join(dir, loadgen.AccuracyName), []byte(log+"]"), 0o644); err != nil {
			t.Fatal(err)
		}
		judgeAnew(t, dir)
		found, err := Verify(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := accuracy(64, 64); len(found) > 0 {
		t.Errorf("%q", found)
	}
	if found := accuracy(63, 63); !slices.Equal(found, []string{"accuracy mode is not whole: 63 records"}) {
		t.Errorf("a sample less: %q", found)
	}
	if found := accuracy(64, 62); !slices.Equal(found, []string{"mlperf_log_accuracy.json has 62 entries, 64 requests were answered"}) {
		t.Errorf("two answers less: %q", found)
	}
}

// A system is named with its machine, and what is simulated is called so.
func TestSUT(t *testing.T) {
	for want, c := range map[string]struct {
		machine   string
		simulated bool
	}{"vllm on mi325x": {"mi325x", false}, "vllm on an unnamed machine": {"", false}, "SIMULATED vllm on mi325x": {"mi325x", true}} {
		if got := SUT(&manifest.Manifest{Backend: "vllm", Machine: c.machine}, c.simulated); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
