package diag

import (
	"slices"
	"strings"
)

// The codes of findings that say which key was meant, and of those that follow from
// a key that is not there.
var (
	misnamed     = []string{"unknown-key", "near-variable-name"}
	consequences = []string{"must-be-set", "missing-key", "null-text", "no-backend-section"}
)

// Meant is the full path of the key that a finding takes a name for; empty where it
// takes it for none.
func Meant(d Diagnostic) string {
	if d.Suggestion == "" || !slices.Contains(misnamed, d.Code) {
		return ""
	}
	return d.Key[:strings.LastIndexByte(d.Key, '.')+1] + d.Suggestion
}

// WithoutConsequences leaves out what follows from another fault alone: that a key is
// missing, or has the base's placeholder, where its name is misspelt or it stands twice.
func (l List) WithoutConsequences() List {
	causes := map[string]bool{}
	for _, d := range l {
		switch meant := Meant(d); {
		case d.Severity != Error:
		case d.Code == "duplicate-key":
			causes[d.Key] = true
		case meant != "":
			causes[meant] = true
		}
	}
	if len(causes) == 0 {
		return l
	}
	return slices.DeleteFunc(l, func(d Diagnostic) bool {
		return slices.Contains(consequences, d.Code) && hasCause(causes, d.Key)
	})
}

// hasCause reports whether a key, or a map that it stands in, is one of the causes.
func hasCause(causes map[string]bool, key string) bool {
	for {
		if causes[key] {
			return true
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			return false
		}
		key = key[:i]
	}
}
