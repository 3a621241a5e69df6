package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"mlcfg/internal/loadgen"
	"mlcfg/internal/record"
)

// FuzzLoad: a run directory with any content of any file is refused or reported,
// and what is reported moves no terminal's cursor.
func FuzzLoad(f *testing.F) {
	names := []string{record.StateFile, record.FileName, "metrics.jsonl", record.InvalidFile, record.SummaryFile, record.ManifestFile, loadgen.SummaryName}
	for i, seed := range []string{
		`{"phase":"measuring","started":"2026-01-02T03:04:05Z","faults":["\u001b[2J"],"official_loadgen":"6"}`,
		`{"seq":0,"query":0,"sample":3,"replica":1,"scheduled_ns":1,"issued_ns":1,"sent_ns":1,"first_token_ns":-1,"done_ns":5,"input_tokens":1,"output_tokens":0,"status":"failed","error":"\u009b31m"}` + "\n",
		`{"t_ns":1,"replica":0,"running":1e308}` + "\n",
		"because\x1b]0;x\x07\n", `{"valid":true,"samples":1e99}`, "kind: mlcfg/manifest\n", "Result is : VALID\n",
	} {
		f.Add(uint8(i), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		dir := fixture(t, 3, record.State{Phase: record.Ended, Started: started, Ended: &started}, nil)
		if err := os.WriteFile(filepath.Join(dir, names[int(which)%len(names)]), content, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _ = Verify(dir, nil)
		run, err := Load(dir)
		if err != nil {
			return
		}
		var text bytes.Buffer
		if sheet, err := NewSheet(run); err == nil {
			for _, err := range []error{WriteSheetText(&text, sheet), WriteSheetMarkdown(&text, sheet)} {
				if err != nil {
					t.Error(err)
				}
			}
		}
		if i := strings.IndexFunc(text.String(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); i >= 0 {
			t.Errorf("a control character in %q", text.String())
		}
	})
}
