package diag

import (
	"bytes"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
)

// Ignored are the findings that comments of a file switch off.
type Ignored struct {
	// lines are the codes by line, those of the file as a whole at line 0.
	lines map[int][]string
	// Found are comments that give no reason, or name no code.
	Found List
}

// ignoreComment is "mlcfg: ignore=CODE,CODE REASON", and ignore-file for all of the file.
var ignoreComment = lazyregexp.New(`mlcfg:[ \t]*ignore(-file)?=([a-z0-9,-]*)[ \t]*([^\r\n]*)`)

// ReadIgnored reads the comments of a file that switch findings off: for the line that they stand
// on, for the line below where they have one of their own, and for the whole file. Each needs a
// reason behind it.
func ReadIgnored(file string, text []byte) Ignored {
	ig := Ignored{lines: map[int][]string{}}
	if !bytes.Contains(text, []byte("mlcfg:")) {
		return ig
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		m := ignoreComment.FindSubmatchIndex(line)
		if m == nil {
			continue
		}
		codes := strings.Split(string(line[m[4]:m[5]]), ",")
		at := number
		switch {
		case m[2] >= 0:
			at = 0
		case strings.Trim(string(line[:m[0]]), " \t#/<!-*;") == "": // nothing but the comment
			at++
		}
		ig.lines[at] = append(ig.lines[at], codes...)
		d := Diagnostic{Pos: Pos{File: file, Line: number, Column: m[0] + 1}, Severity: Warning, Code: "ignored-without-reason"}
		switch unknown := slices.IndexFunc(codes, func(code string) bool { return About(code) == "" }); {
		case unknown >= 0:
			d.Message = "no finding has the code " + codes[unknown] + ": nothing is switched off by it"
			if d.Suggestion = Name(codesOf(), codes[unknown]); d.Suggestion != "" {
				d.Message += ", did you mean " + d.Suggestion
			}
			ig.Found.Add(d)
		case len(strings.Trim(string(line[m[6]:m[7]]), " \t-:*/>")) < ShortestReason:
			d.Message = "the comment switches a finding off and gives no reason"
			d.Hint = "write the reason behind the code"
			ig.Found.Add(d)
		}
	}
	return ig
}

// ShortestReason is the length of a reason, in bytes.
const ShortestReason = 4

// Has reports whether findings of a code are switched off at a line.
func (ig *Ignored) Has(code string, line int) bool {
	return slices.Contains(ig.lines[line], code) || slices.Contains(ig.lines[0], code)
}

// Without are the findings of a list that are not switched off.
func (ig *Ignored) Without(l List) List {
	return slices.DeleteFunc(l, func(d Diagnostic) bool { return ig.Has(d.Code, d.Pos.Line) })
}

func codesOf() []string {
	var codes []string
	for _, m := range Catalog() {
		codes = append(codes, m.Code)
	}
	return codes
}
