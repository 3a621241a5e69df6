package diag

import "testing"

func TestName(t *testing.T) {
	names := []string{"max_num_seqs", "max_num_batched_tokens", "dtype", "seed"}
	for given, want := range map[string]string{
		"max_num_seq": "max_num_seqs", "max-num-seqs": "max_num_seqs", "max_batched_tokens": "max_num_batched_tokens",
		"dytpe": "dtype", "tensor_parallel_size": "", "": "",
	} {
		if got := Name(names, given); got != want {
			t.Errorf("Name(%q) = %q, want %q", given, got, want)
		}
	}
}
