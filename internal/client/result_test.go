package client

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mlcfg/internal/record"
)

// The way in which a request ended is its status, and what was found its
// error: cut between characters, and UTF-8 whatever an engine wrote.
func TestEndOfRequest(t *testing.T) {
	long := strings.Repeat("x", longestError-len("engine: ")-1)
	for _, c := range []struct {
		name    string
		class   ErrorClass
		message string
		status  record.Status
		want    string
	}{
		{"whole answer", NoError, "", record.OK, ""},
		{"class alone", TimeoutError, "", record.TimedOut, "timeout"},
		{"with what was found", EngineError, "out of memory", record.Failed, "engine: out of memory"},
		{"given up", CanceledError, "the run was stopped", record.Abandoned, "canceled: the run was stopped"},
		{"more tokens than asked for", LongError, "3 output tokens came", record.Failed, "long: 3 output tokens came"},
		{"never sent", ConnectError, "refused", record.Failed, "connect: refused"},
		{"as long as may be", EngineError, long + "y", record.Failed, "engine: " + long + "y"},
		{"too long", EngineError, long + "yz", record.Failed, "engine: " + long + "y…"},
		{"cut within a character", EngineError, long + "é", record.Failed, "engine: " + long + "…"},
		{"not UTF-8", EngineError, "a\xffb", record.Failed, "engine: a\uFFFDb"},
	} {
		var r Result
		r.end(c.class, c.message)
		if r.Class != c.class || r.Status != c.status || r.Error != c.want || !utf8.ValidString(r.Error) || r.OK() != (c.class == NoError) {
			t.Errorf("%s: %q %q, want %q %q", c.name, r.Status, r.Error, c.status, c.want)
		}
	}
}
