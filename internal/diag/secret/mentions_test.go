package secret

import (
	"slices"
	"testing"
)

// Every word that makes a name one of a credential is mentioned by it.
func TestMentions(t *testing.T) {
	for _, word := range append(slices.Clone(words), "KEY", "TOKEN", "api_key", "hfToken", "x\u212a") {
		if !mentions("a b "+word+": c", stems) {
			t.Errorf("%s is no mention", word)
		}
	}
	for _, text := range []string{"", "max_num_seqs: 256", "PASTA=1", "to: ken", "the pas"} {
		if mentions(text, stems) {
			t.Errorf("%q is a mention", text)
		}
	}
}

// No prefix of credentials is missed within a text.
func TestHasPrefix(t *testing.T) {
	for _, p := range prefixes {
		for _, text := range []string{p, "a" + p + "b", "A_-" + p} {
			if !hasPrefix(text) {
				t.Errorf("%s is missed in %s", p, text)
			}
		}
	}
	for _, text := range []string{"", "VLLM_USE_V1", "h_f-", "AK-IA", "ghp", "_", "-A"} {
		if hasPrefix(text) {
			t.Errorf("%q has a prefix", text)
		}
	}
}
