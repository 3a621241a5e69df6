package run

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mlcfg/internal/client"
)

// A message is cut between characters, and is UTF-8 whatever an engine wrote.
func TestMessage(t *testing.T) {
	long := strings.Repeat("x", longestMessage-len("engine: ")-1)
	for _, c := range []struct {
		name   string
		result client.Result
		want   string
	}{
		{"whole answer", client.Result{Message: "not looked at"}, ""},
		{"class alone", client.Result{Error: client.TimeoutError}, "timeout"},
		{"with what was found", client.Result{Error: client.EngineError, Message: "out of memory"}, "engine: out of memory"},
		{"as long as may be", client.Result{Error: client.EngineError, Message: long + "y"}, "engine: " + long + "y"},
		{"too long", client.Result{Error: client.EngineError, Message: long + "yz"}, "engine: " + long + "y…"},
		{"cut within a character", client.Result{Error: client.EngineError, Message: long + "é"}, "engine: " + long + "…"},
		{"not UTF-8", client.Result{Error: client.EngineError, Message: "a\xffb"}, "engine: a\uFFFDb"},
	} {
		got := message(&c.result)
		if got != c.want || !utf8.ValidString(got) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
