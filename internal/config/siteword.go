package config

import "mlcfg/internal/diag"

// Code is the code of findings that CUE itself makes: syntax, conflicts.
const Code = "cue"

// Violation is a value that the site does not want.
type Violation struct {
	// Path is the faulty value's, Message what the site wants of it, or its own
	// message, Hint the comment above the key.
	Path          []string
	Message, Hint string
	// Pos is the site's word.
	Pos diag.Pos
}

// Key is a name that the site has in one of its sections.
type Key struct {
	Name string
	// Pos is the key's place in the site's file, Doc the comment above it.
	Pos      diag.Pos
	Doc      string
	Required bool
}
