package secret

import (
	"slices"
	"strings"
	"unicode"
)

// words are words of a name that mark its value as a credential.
var words = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS", "APIKEY", "AUTHORIZATION"}

// keyWords are what a KEY is of that is a credential, tokenWords what a TOKEN is
// of that is none of a model's vocabulary.
var (
	keyWords   = []string{"API", "ACCESS", "PRIVATE", "SECRET", "AUTH"}
	tokenWords = []string{
		"HF", "HUB", "HUGGINGFACE", "ACCESS", "AUTH", "API", "BEARER", "SECURITY", "SESSION", "REFRESH", "SERVICE", "PERSONAL", "USER", "SAS",
		"GITHUB", "GH", "GITLAB", "WANDB", "SLACK", "NGC", "NVIDIA", "AWS", "AZURE", "GCP", "GOOGLE", "OPENAI",
	}
	queryWords = []string{"TOKEN", "KEY", "SIG", "SIGNATURE", "AUTH", "JWT"}
)

// stems are what every name that says so has in it.
var stems = []string{"pass", "secret", "credential", "key", "token", "auth"}

// schemes are what stands before a credential in a header.
var schemes = []string{"bearer", "basic"}

// mentions reports whether a text may hold one of some words in lower case, in any case. It spares
// nearly all texts the search for one; what is not ASCII is searched.
func mentions(s string, words []string) bool {
	var first [256]bool
	for _, word := range words {
		first[word[0]] = true
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return true
		}
		if !first[s[i]|0x20] {
			continue
		}
		for _, word := range words {
			if s[i]|0x20 == word[0] && len(s)-i >= len(word) && strings.EqualFold(s[i:i+len(word)], word) {
				return true
			}
		}
	}
	return false
}

// Name reports whether a key's or variable's name says that its value is a credential.
func Name(name string) bool {
	if !mentions(name, stems) {
		return false
	}
	w := split(name)
	return named(w) || len(w) > 1 && strings.EqualFold(w[len(w)-1], "TOKEN")
}

// Within is Name for the keys of an engine's own maps, for a header and for what
// stands in a text: an eos_token there is a word of a model.
func Within(name string) bool { return mentions(name, stems) && named(split(name)) }

func named(w []string) bool {
	for i, word := range w {
		before := ""
		if i > 0 {
			before = w[i-1]
		}
		if oneOf(words, word) || strings.EqualFold(word, "KEY") && oneOf(keyWords, before) || i == len(w)-1 && strings.EqualFold(word, "TOKEN") && oneOf(tokenWords, before) {
			return true
		}
	}
	return false
}

// query is Within for the parameters of a URL.
func query(name string) bool {
	w := split(name)
	return named(w) || len(w) > 0 && oneOf(queryWords, w[len(w)-1])
}

// split cuts a name into its words: api_key, x-api-key, apiKey, APIKey.
func split(name string) []string {
	var all []string
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		from := 0
		for i := 1; i < len(part); i++ {
			c, before := rune(part[i]), rune(part[i-1])
			if unicode.IsUpper(c) && (!unicode.IsUpper(before) || i+1 < len(part) && unicode.IsLower(rune(part[i+1]))) {
				all, from = append(all, part[from:i]), i
			}
		}
		all = append(all, part[from:])
	}
	return all
}

// oneOf compares without regard to case.
func oneOf(words []string, w string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, w) })
}
