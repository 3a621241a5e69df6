package engine

import (
	"strings"
	"testing"
	"unicode"
)

// FuzzCPUs: a list of CPUs is refused, or names a bounded number of them.
func FuzzCPUs(f *testing.F) {
	for _, seed := range []string{"0-3,8", "1", "3-1", "0-99999999999", "", ",", "0-65536,0-65536"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		cpus, err := parseCPUs(list)
		if err != nil {
			return
		}
		if len(cpus) == 0 || len(cpus) > maxCPUs {
			t.Errorf("%d CPUs", len(cpus))
		}
	})
}

// FuzzLines: what an engine prints is shown without anything that moves a
// terminal's cursor, in a bounded length.
func FuzzLines(f *testing.F) {
	f.Add("Loading safetensors checkpoint shards:  50% Completed\r\x1b[2J\x1b]0;title\x07text\n")
	f.Add("a\x9b31mb\u009b\u202eabc\u2028")
	f.Add("Loading: 99999999999999999999%")
	f.Add(strings.Repeat("é", 300))
	f.Fuzz(func(t *testing.T, text string) {
		for _, line := range lastLines(text, shownLines) {
			if len(line) > longLine+len(" ...") {
				t.Errorf("%d bytes", len(line))
			}
			if i := strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }); i >= 0 {
				t.Errorf("%q has a control character", line)
			}
			if stage, percent := progressOf(line); stage != "" && (percent < 0 || percent > 100) {
				t.Errorf("%d%%", percent)
			}
		}
	})
}
