package tokenizer_test

import (
	"fmt"
	"log"

	"mlcfg/internal/tokenizer"
)

func Example() {
	tok, err := tokenizer.Open("testdata/llama2.json")
	if err != nil {
		log.Fatal(err)
	}
	ids, err := tok.Encode("the time to the first token", true)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids)
	fmt.Println(tok.Decode(ids, true))
	// Output:
	// [1 351 303 292 296 336 303 298 351 289 292 301 302 303 339 298 294 288 297]
	// the time to the first token
}
