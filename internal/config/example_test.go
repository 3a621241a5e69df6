package config_test

import (
	"fmt"
	"log"

	"mlcfg/internal/config"
)

func Example() {
	p := config.New(config.Options{Overrides: []string{"harness_config.target_qps=5"}})
	c, err := p.Load("../../examples/models/llama2-70b/offline_alpha.yaml")
	if err != nil {
		log.Fatal(err) // a file is missing or cannot be read
	}
	fmt.Println("faults in the files:", c.Found.HasErrors())
	qps := c.Tree.Lookup("harness_config", "target_qps").Winner()
	fmt.Println(qps.Node.Text, "from the", qps.Layer)
	// Output:
	// faults in the files: false
	// 5 from the override
}
