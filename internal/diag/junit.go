package diag

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes findings as a JUnit report: one suite a file, one case a
// finding. An error is a failure; warnings and infos are cases that pass and say
// what was found; a file without findings is one case that passes.
func WriteJUnit(w io.Writer, l List, files []string) error {
	byFile := map[string]List{}
	var order []string
	for _, d := range l {
		if _, seen := byFile[d.Pos.File]; !seen {
			order = append(order, d.Pos.File)
		}
		byFile[d.Pos.File] = append(byFile[d.Pos.File], d)
	}
	for _, file := range files {
		if _, seen := byFile[file]; !seen {
			byFile[file] = nil
			order = append(order, file)
		}
	}
	var all junitSuites
	for _, file := range order {
		s := junitSuite{Name: Clean(file)}
		if file == "" {
			s.Name = "-"
		}
		for _, d := range byFile[file] {
			s.add(d)
		}
		if len(s.Cases) == 0 {
			s.Cases = []junitCase{{Name: "no findings", Class: s.Name}}
		}
		s.Tests = len(s.Cases)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Suites = append(all.Suites, s)
	}
	data, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, data)
	return err
}

func (s *junitSuite) add(d Diagnostic) {
	c := junitCase{Class: s.Name, Name: Clean(strings.TrimSpace(d.Code + " " + d.Key))}
	if d.Backend != "" {
		c.Name += " (" + d.Backend + ")"
	}
	text := fmt.Sprintf("%s: %s: %s", Clean(d.Pos.String()), d.Severity, Clean(d.Message))
	for _, line := range d.details() {
		text += "\n" + line
	}
	if d.Severity == Error {
		s.Failures++
		c.Failure = &junitFailure{Clean(d.Message), d.Code, text}
	} else {
		c.Out = text
	}
	s.Cases = append(s.Cases, c)
}
