package lsp

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestScript: the findings of a script, and what its flags and variables are.
func TestScript(t *testing.T) {
	uri := uriOf(filepath.Join(repository(t), "serve.sh"))
	text := "#!/bin/sh\nexport VLLM_LOGGING_LEVEL=INFO\nvllm serve m --max-num-seqs 4 --max-num-sqs 5\n"
	all, err := talk(t, open, session(opened(uri, text), asked(2, "hover", uri, 2, 16), asked(3, "hover", uri, 1, 10), asked(4, "hover", uri, 0, 2))...)
	if err != nil {
		t.Fatal(err)
	}
	found := all[1]["params"].(object)["diagnostics"].([]any)
	if len(found) != 1 || !strings.Contains(found[0].(object)["message"].(string), "did you mean --max-num-seqs") {
		t.Errorf("found %v", found)
	} else if start := found[0].(object)["range"].(object)["start"].(object); start["line"] != 2.0 || start["character"] != 30.0 {
		t.Errorf("at %v", start)
	}
	for id, want := range map[int]string{2: "vllm_engine_config.max_num_seqs", 3: "env_config.VLLM_LOGGING_LEVEL"} {
		if value := answer(t, all, id).(object)["contents"].(object)["value"].(string); !strings.Contains(value, want) || !strings.Contains(value, "serve.sh:") {
			t.Errorf("hover lacks %q:\n%s", want, value)
		}
	}
	if got := answer(t, all, 4); got != nil {
		t.Errorf("hover of the first line: %v", got)
	}
}
