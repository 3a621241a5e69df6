package secret

import (
	"slices"
	"testing"
)

// Every word that makes a name one of a credential is mentioned by it.
func TestMentions(t *testing.T) {
	for _, word := range append(slices.Clone(words), "KEY", "TOKEN", "api_key", "hfToken", "x\u212a") {
		if !mentions("a b " + word + ": c") {
			t.Errorf("%s is no mention", word)
		}
	}
	for _, text := range []string{"", "max_num_seqs: 256", "PASTA=1", "to: ken", "the pas"} {
		if mentions(text) {
			t.Errorf("%q is a mention", text)
		}
	}
}
