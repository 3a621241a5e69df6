package merge_test

import (
	"fmt"

	"mlcfg/internal/merge"
	"mlcfg/internal/source"
)

func Example() {
	base, _ := source.Parse("base.yaml", []byte("vllm_engine_config:\n  max_num_seqs: 256\n  block_size: 16\n"))
	overlay, _ := source.Parse("offline_alpha.yaml", []byte("vllm_engine_config:\n  max_num_seqs: 1024\n"))
	tree := merge.Merge(merge.Layer{Name: "base", Root: base}, merge.Layer{Name: "overlay", Root: overlay})

	fmt.Println(tree.Interface())
	for _, s := range tree.Lookup("vllm_engine_config", "max_num_seqs").Chain {
		fmt.Println(s.Layer, s.KeyPos, s.Node.Text)
	}
	// Output:
	// map[vllm_engine_config:map[block_size:16 max_num_seqs:1024]]
	// base base.yaml:2:3 256
	// overlay offline_alpha.yaml:2:3 1024
}
