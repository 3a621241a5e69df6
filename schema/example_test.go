package schema_test

import (
	"fmt"
	"log"

	"mlcfg/schema"
)

func Example() {
	release, err := schema.Resolve("vllm", "0.10.1")
	if err != nil {
		log.Fatal(err)
	}
	vllm, err := schema.Load("vllm", release)
	if err != nil {
		log.Fatal(err)
	}
	key, ok := vllm.Section(schema.EngineConfig).Key("max_num_seqs")
	fmt.Println(ok, len(key.Check(int64(256))))
	for _, fault := range key.Check("many") {
		fmt.Println(fault.Code, fault.Message)
	}
	// Output:
	// true 0
	// wrong-type the string "many" where an integer of at least 1 or null is wanted
}
