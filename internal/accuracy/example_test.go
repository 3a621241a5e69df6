package accuracy_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"mlcfg/internal/accuracy"
	"mlcfg/internal/dataset"
)

func Example() {
	dir, err := os.MkdirTemp("", "accuracy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	logFile := filepath.Join(dir, "mlperf_log_accuracy.json")
	// One answer to sample 0, the text "The cat sat" in hexadecimal digits.
	entry := `{"seq_id":0,"qsl_idx":0,"data":"54686520636174207361742e","token_count":4}`
	if err := os.WriteFile(logFile, []byte("[\n"+entry+"\n]\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	answers, err := accuracy.ReadLog(ctx, logFile, accuracy.Text)
	if err != nil {
		log.Fatal(err)
	}
	benchmark, err := accuracy.Find("llama2-70b-99")
	if err != nil {
		log.Fatal(err)
	}
	set := &dataset.Set{Samples: []dataset.Sample{{Reference: "The cat sat down."}}}
	result, err := accuracy.Evaluate(ctx, answers, set, accuracy.Options{Benchmark: benchmark})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range result.Scores[:3] {
		fmt.Println(s.Name, s.Value)
	}
	// Output:
	// rouge1 85.7143
	// rouge2 80
	// rougeL 85.7143
}
