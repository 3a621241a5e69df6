package manifest

import (
	"encoding/json"
	"fmt"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Place is an open place of a word in a role: what only the machine that runs
// it knows.
type Place struct {
	// Name is host or port (where the process listens), path (a path of the
	// configuration, which may have another name here), nodes and node (how many
	// machines carry the replica, and which this is, from 0), head, head-port and
	// head-address (the first machine's host, port and both together), address
	// (this machine's IP address), devices (how many devices it has for the replica),
	// file (where one of the role's files is).
	Name string
	// Arg is the path, the file's name, or the port of the head where none was given.
	Arg string
}

var (
	placeForm = lazyregexp.New(`\{([a-z][a-z-]*)((?::[^{}]*)?)\}`)
	// opening is a brace that might be taken for the beginning of a place.
	opening = lazyregexp.New(`\{([a-z])`)

	placeNames = map[string]bool{
		"host": true, "port": true, "path": true, "nodes": true, "node": true,
		"head": true, "head-port": true, "head-address": true, "address": true, "devices": true, "file": true,
	}
	toPath   = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")
	fromPath = strings.NewReplacer("%25", "%", "%7B", "{", "%7D", "}")
)

// Literal is a text as a word of a role that has no open place in it.
func Literal(text string) string { return opening.ReplaceAllString(text, "{brace}$1") }

// OpenPath is a word of a role for a path of the configuration: absolute ones
// are open, for they may have another name on the machine that runs it.
func OpenPath(path string) string {
	if !strings.HasPrefix(path, "/") {
		return Literal(path)
	}
	return "{path:" + toPath.Replace(path) + "}"
}

// Fill fills the open places of a word. A place that is a whole word is filled
// as it is; one inside a word stands in a JSON string, and is filled as JSON
// writes it. A place of another name than those of [Place] is an error.
func Fill(word string, fill func(Place) (string, error)) (string, error) {
	var b strings.Builder
	end := 0
	for _, at := range placeForm.FindAllStringSubmatchIndex(word, -1) {
		b.WriteString(word[end:at[0]])
		end = at[1]
		p := Place{Name: word[at[2]:at[3]], Arg: strings.TrimPrefix(word[at[4]:at[5]], ":")}
		if p.Name == "brace" {
			b.WriteString("{")
			continue
		}
		if !placeNames[p.Name] {
			return "", fmt.Errorf("%q has the open place %q, which is not known here", word, p.Name)
		}
		inJSON := p.Name == "path" && at[1]-at[0] < len(word)
		if inJSON {
			if err := json.Unmarshal([]byte(`"`+p.Arg+`"`), &p.Arg); err != nil {
				return "", fmt.Errorf("%q has an open path that is no text of JSON: %w", word, err)
			}
		}
		if p.Name == "path" {
			p.Arg = fromPath.Replace(p.Arg)
		}
		text, err := fill(p)
		if err != nil {
			return "", err
		}
		if inJSON {
			text = insideJSON(text)
		}
		b.WriteString(text)
	}
	b.WriteString(word[end:])
	return b.String(), nil
}

// insideJSON is a text as it stands between the quotes of a JSON string.
func insideJSON(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // any text can be written to a Builder
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}
