package diag_test

import (
	"log"
	"os"

	"mlcfg/internal/diag"
)

func Example() {
	text := "vllm_engine_config:\n  max_num_seq: 256\n"
	var found diag.List
	found.Add(diag.Diagnostic{
		Pos: diag.Pos{File: "offline_alpha.yaml", Line: 2, Column: 3}, Severity: diag.Error, Code: "unknown-key",
		Key: "vllm_engine_config.max_num_seq", Message: "vLLM 0.10.1 has no key max_num_seq", Suggestion: "max_num_seqs",
	})
	found.Sort()
	source := func(string) []byte { return []byte(text) }
	if err := diag.WriteText(os.Stdout, found, diag.TextOptions{Source: source}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// offline_alpha.yaml:2:3: error: vLLM 0.10.1 has no key max_num_seq [unknown-key]
	//     2 |   max_num_seq: 256
	//       |   ^~~~~~~~~~~
}
