package dataset_test

import (
	"context"
	"fmt"
	"log"

	"mlcfg/internal/dataset"
)

func Example() {
	set, err := dataset.Read(context.Background(), "../../examples/data/prompts.jsonl", dataset.Options{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Format, len(set.Samples), set.Samples[0].Tokens[:4])
	// Output: jsonl 10 [21332 1585 2376 26914]
}
