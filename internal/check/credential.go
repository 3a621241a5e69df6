package check

import (
	"slices"
	"strings"

	"mlcfg/internal/diag"
	"mlcfg/internal/merge"
)

// secretWords are words of a name that mark its value as a credential.
var secretWords = []string{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS", "APIKEY"}

// secretPrefixes start the credentials of common services.
var secretPrefixes = []string{"hf_", "sk-", "ghp_", "github_pat_", "glpat-", "AKIA", "xoxb-"}

// credential refuses values that look like credentials: nothing of them may
// enter a manifest, a log or a report, so the message does not show the value.
func (c *checker) credential(t *merge.Tree, value string) bool {
	if !IsSecret(t.Key, value) {
		return false
	}
	c.add(diag.Diagnostic{
		Pos: settingOf(t).KeyPos, Severity: diag.Error, Code: "credential", Key: t.Path,
		Message: t.Key + " looks like a credential: manifests, logs and reports are shared, a secret has no place in them",
		Hint:    "take it out here and set it in the environment that mlrun is started in, which the engine inherits",
		Private: true,
	})
	return true
}

// IsSecret reports whether a key's text looks like a credential, by the key's
// name or by its own form: no output may show it.
func IsSecret(name, value string) bool {
	return value != "" && (secretName(name) || secretValue(value))
}

func secretName(name string) bool {
	words, before := 0, ""
	for w := range strings.SplitSeq(name, "_") {
		if isOneOf(secretWords, w) || strings.EqualFold(w, "KEY") && isOneOf(keyWords, before) {
			return true
		}
		words, before = words+1, w
	}
	return words > 1 && strings.EqualFold(before, "TOKEN")
}

// keyWords are what a KEY is of that is a credential.
var keyWords = []string{"API", "ACCESS", "PRIVATE", "SECRET", "AUTH"}

// isOneOf compares without regard to case.
func isOneOf(words []string, w string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, w) })
}

func secretValue(s string) bool {
	return len(s) >= 20 && !strings.ContainsAny(s, " /.") &&
		slices.ContainsFunc(secretPrefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
