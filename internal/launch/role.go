package launch

import "strings"

// ownRole is the part in a deployment that the words of a launch tell: by a flag of SGLang and of
// Dynamo, or by what vLLM's connector is to do with the cache.
func ownRole(words []Word) Role {
	role := Whole
	for i, w := range words {
		flag, value, tied := strings.Cut(w.Text, "=")
		if !tied && i+1 < len(words) {
			value = words[i+1].Text
		}
		switch {
		case flag == "--disaggregation-mode" && (value == string(Prefill) || value == string(Decode)):
			role = Role(value)
		case flag == "--kv-transfer-config" && strings.Contains(value, `"kv_producer"`):
			role = Prefill
		case flag == "--kv-transfer-config" && strings.Contains(value, `"kv_consumer"`):
			role = Decode
		}
	}
	return role
}
