// Package schema holds what every configuration key is: its type, range,
// default, help text and the releases of the engine that know it. The truth is
// in the CUE files beside this one; everything else is derived from them.
//
//	vllm, err := schema.Load("vllm", "0.10.1")
//	key, ok := vllm.Key("engine_config", "max_num_seqs")
//	faults := key.Check(value)
package schema
